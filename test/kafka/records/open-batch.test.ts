import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import * as fc from 'fast-check'
import { CorruptRecords } from '../../../src/kafka/records/corrupt-records.ts'
import { readRecords } from '../../../src/kafka/records/decode-records.ts'
import { OpenBatch } from '../../../src/kafka/records/open-batch.ts'
import { PageBuilder } from '../../../src/kafka/records/page-builder.ts'
import { batchOf, recordsOf } from './stored.ts'

const HEADER_BYTES = 61

/** Values of these lengths, from offset 1000 on. */
function openBatch(lengths: readonly number[], more: { lastOffset?: number } = {}): OpenBatch {
  const baseOffset = 1000
  const records = lengths.map((length, at) => ({ value: Buffer.alloc(length, `${at} `) }))
  const header = {
    baseOffset,
    lastOffset: baseOffset + records.length - 1,
    recordCount: records.length,
    attributes: 0,
    baseTimestampMs: 0,
    maxTimestampMs: 0,
    producerId: -1n,
    ...more
  }
  return new OpenBatch(header, batchOf({ baseOffset, records }).subarray(HEADER_BYTES))
}

function read(batch: OpenBatch, offset: number, count: number) {
  const page = new PageBuilder(0, offset, { records: count, bytes: 1e9 })
  readRecords(batch, page)
  return { nextOffset: page.nextOffset, records: recordsOf(page.build()) }
}

suite('An opened batch', () => {
  test('is read from any offset as if all before it had been read, in whatever order offsets are asked for', () => {
    const lengths = fc.array(fc.integer({ min: 0, max: 300 }), { minLength: 1, maxLength: 150 })
    const places = fc.array(fc.record({ skip: fc.nat(149), count: fc.integer({ min: 1, max: 200 }) }), { minLength: 1 })
    fc.assert(
      fc.property(lengths, places, (of, asked) => {
        const batch = openBatch(of)
        for (const { skip, count } of asked) {
          const offset = 1000 + (skip % of.length)
          const all = read(openBatch(of), 1000, of.length).records
          const { records, nextOffset } = read(batch, offset, count)
          assert.deepEqual(records, all.slice(skip % of.length).slice(0, count))
          assert.equal(nextOffset, Math.min(offset + count, 1000 + of.length))
        }
      })
    )
  })

  test('knows how many records lie before an offset, unless compaction has left gaps', () => {
    const whole = openBatch([1, 2, 3])
    assert.deepEqual(
      [0, 1000, 1002, 1003, 9999].map(offset => whole.recordsBefore(offset)),
      [0, 0, 2, 3, 3]
    )
    const compacted = openBatch([1, 2, 3], { lastOffset: 1007 })
    assert.deepEqual(
      [1000, 1002, 1007].map(offset => compacted.recordsBefore(offset)),
      [0, 0, 0]
    )
    assert.equal(read(compacted, 1002, 1).nextOffset, 1003)
  })

  test('ends in corrupt where a length leads out of it', () => {
    const isCorrupt = (error: unknown) => error instanceof CorruptRecords
    for (const length of [[0xff, 0xff, 0xff, 0xff, 0x0f], [0xff, 0xff, 0xff, 0xff, 0xff], [0x80], [0xfe, 0x07], []]) {
      const { header } = openBatch([1, 2])
      assert.throws(() => new OpenBatch(header, Buffer.from(length)).startOf(1), isCorrupt, `length ${length.join()}`)
    }
  })
})
