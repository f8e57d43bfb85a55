import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { AbortedFilter } from '../../../src/kafka/records/aborted-filter.ts'
import { codecs } from '../../../src/kafka/records/compression.ts'
import { CorruptRecords } from '../../../src/kafka/records/corrupt-records.ts'
import { decodeBatches } from '../../../src/kafka/records/decode-batches.ts'
import { PageBuilder } from '../../../src/kafka/records/page-builder.ts'
import {
  batchOf,
  javaBatch,
  markerOf,
  plainBatch,
  recordsOf,
  reseal,
  type ReadRecord,
  type StoredRecord
} from './stored.ts'

interface Wanted {
  readonly from?: number
  readonly count?: number
  readonly bytes?: number
  readonly endOffset?: number
}

function read(
  stored: Buffer | readonly Buffer[],
  { from = 0, count = 1000, bytes = 1e6, endOffset = 1e9 }: Wanted = {}
) {
  const page = new PageBuilder(0, from, { records: count, bytes })
  const records = Buffer.isBuffer(stored) ? stored : Buffer.concat(stored)
  const truncated = decodeBatches(records, new AbortedFilter([]), page, endOffset)
  const built = page.build()
  return { truncated, page: built, records: recordsOf(built), full: page.full, nextOffset: page.nextOffset }
}

const offsets = (records: readonly ReadRecord[]) => records.map(({ offset }) => offset)
const range = (from: number, to: number) => Array.from({ length: to - from }, (_, index) => from + index)
const text = (part: Buffer | undefined) => part?.toString('latin1') ?? null
const isCorrupt = (error: unknown) => error instanceof CorruptRecords

const bytes = fc.uint8Array({ maxLength: 60 }).map(bytes => Buffer.from(bytes))
const storedRecord: fc.Arbitrary<StoredRecord> = fc.record(
  {
    key: bytes,
    value: bytes,
    timestampMs: fc.nat(1_000_000),
    headers: fc.array(fc.tuple(bytes, bytes), { maxLength: 3 }).map(each => new Map(each))
  },
  { requiredKeys: ['value'] }
)

test('batches of the client library, in any codec, are read from any offset', () => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.array(storedRecord, { minLength: 1, maxLength: 8 }), fc.constantFrom(...codecs)), {
        maxLength: 5
      }),
      fc.nat(20),
      (batches, from) => {
        let next = 3
        const expected: unknown[] = []
        const stored = batches.map(([records, compression]) => {
          const baseOffset = next
          next += records.length
          records.forEach(({ key, value, timestampMs = 0 }, index) => {
            const offset = baseOffset + index
            if (offset >= from)
              expected.push({ offset, timestampMs, logAppendTime: false, key: text(key), value: text(value) })
          })
          return batchOf({ baseOffset, records, compression })
        })
        const { records, nextOffset, truncated } = read(stored, { from })
        assert.deepEqual(
          records.map(({ headers: _headers, ...record }) => record),
          expected
        )
        assert.equal(nextOffset, batches.length === 0 ? from : Math.max(from, next))
        assert.equal(truncated, false)
      }
    )
  )
})

test("batches of Kafka's Java client are read, in any codec", () => {
  const day30Ms = 1_700_000_000_000 + 30 * 86_400_000
  for (const codec of codecs) {
    const { records, nextOffset } = read(javaBatch(`v2-${codec}`), { from: 40 })
    const [first, ...others] = records
    assert.deepEqual(first.headers?.subarray(0, 8), Buffer.from([4, 2, 0x68, 2, 0x78, 2, 0x6e, 1]), codec)
    assert.deepEqual(
      { ...first, headers: null },
      { offset: 40, timestampMs: 1_700_000_000_000, logAppendTime: false, key: 'k0', value: 'v0', headers: null }
    )
    assert.deepEqual(others, [
      { offset: 41, timestampMs: 1_700_000_000_005, logAppendTime: false, key: null, value: 'v1', headers: null },
      { offset: 42, timestampMs: 1_699_999_999_990, logAppendTime: false, key: 'k2', value: null, headers: null },
      { offset: 43, timestampMs: day30Ms, logAppendTime: false, key: '', value: 'z'.repeat(90), headers: null }
    ])
    assert.equal(nextOffset, 44)
  }
})

test('with LogAppendTime every record has the time of the broker', () => {
  const records = [
    { value: Buffer.from('a'), timestampMs: 5 },
    { value: Buffer.from('b'), timestampMs: 9 }
  ]
  const { records: found } = read(batchOf({ baseOffset: 0, records, logAppendTime: true }))
  assert.deepEqual(
    found.map(({ timestampMs, logAppendTime }) => [timestampMs, logAppendTime]),
    [
      [9, true],
      [9, true]
    ]
  )
})

test('a page that is full by count goes on behind its last record', () => {
  const { records, nextOffset, full } = read([plainBatch(0, 5), plainBatch(5, 5)], { from: 2, count: 4 })
  assert.deepEqual([offsets(records), nextOffset, full], [[2, 3, 4, 5], 6, true])
})

test('a page that is full by bytes holds what fits, and the record that did not is next', () => {
  const records = [10, 20, 30, 5].map(length => ({ key: Buffer.alloc(1), value: Buffer.alloc(length) }))
  const { page, nextOffset } = read(batchOf({ baseOffset: 0, records }), { bytes: 40 })
  assert.deepEqual([page.count, page.payloadBytes, nextOffset], [2, 32, 2])
})

test('the first record is let in however large it is', () => {
  const records = [{ value: Buffer.alloc(500) }, { value: Buffer.alloc(1) }]
  const { page, nextOffset } = read(batchOf({ baseOffset: 0, records }), { bytes: 40 })
  assert.deepEqual([page.count, page.payloadBytes, nextOffset], [1, 500, 1])
})

test('headers cannot fill the memory with a page of small values', () => {
  const headers = new Map([[Buffer.from('h'), Buffer.alloc(30)]])
  const records = range(0, 10).map(() => ({ value: Buffer.from('v'), headers }))
  assert.equal(read(batchOf({ baseOffset: 0, records }), { bytes: 100 }).page.count, 3)
})

test('compacted records at the end of a batch are passed', () => {
  const stored = [plainBatch(0, 3, { lastOffset: 9 }), plainBatch(15, 1)]
  assert.deepEqual(read(stored[0]).nextOffset, 10)
  assert.deepEqual(read(stored[0], { count: 3 }).nextOffset, 10)
  assert.deepEqual(read(stored[0], { count: 2 }).nextOffset, 2)
  const { records, nextOffset } = read(stored, { from: 3 })
  assert.deepEqual([offsets(records), nextOffset], [[15], 16])
})

test('what compaction leaves of an emptied batch, markers included, is passed', () => {
  const empty = reseal(Buffer.from(plainBatch(0, 1, { lastOffset: 4 }).subarray(0, 61)))
  empty.writeInt32BE(49, 8)
  empty.writeInt32BE(0, 57)
  const { records, nextOffset } = read([reseal(empty), javaBatch('emptycontrol')])
  assert.deepEqual([records, nextOffset], [[], 61])
})

test('markers of transactions are passed and never shown', () => {
  const { records, nextOffset } = read([
    plainBatch(0, 2),
    markerOf(2, 7n, 'commit'),
    plainBatch(3, 1),
    javaBatch('abort')
  ])
  assert.deepEqual([offsets(records), nextOffset], [[0, 1, 3], 51])
})

test('a batch that is cut off is left for the next read, wherever it is cut', () => {
  const whole = plainBatch(0, 3)
  const last = plainBatch(3, 3)
  for (let length = 1; length < last.length; length++) {
    const { records, nextOffset, truncated } = read([whole, last.subarray(0, length)])
    assert.deepEqual([records.length, nextOffset, truncated], [3, 3, true])
  }
  assert.equal(read([whole, last]).truncated, false)
  assert.equal(read([whole, last.subarray(0, 40)], { count: 3 }).truncated, false, 'not wanted any more')
})

test('nothing is read from the last stable offset on', () => {
  const { records, nextOffset, truncated } = read([plainBatch(0, 2), plainBatch(5, 2)], { endOffset: 5 })
  assert.deepEqual([offsets(records), nextOffset, truncated], [[0, 1], 2, false])
})

test('batches that lie before the offset are not decompressed', () => {
  const broken = plainBatch(0, 2, { compression: 'gzip' })
  broken.fill(0xff, 61)
  assert.deepEqual(offsets(read([reseal(broken), plainBatch(2, 2)], { from: 2 }).records), [2, 3])
  assert.throws(() => read([broken, plainBatch(2, 2)], { from: 1 }), isCorrupt)
})

test('a bit that changed anywhere under the checksum is corrupt', () => {
  const whole = plainBatch(0, 3)
  for (let at = 17; at < whole.length; at++) {
    const damaged = Buffer.from(whole)
    damaged[at] ^= 0x10
    assert.throws(() => read(damaged), isCorrupt, `byte ${at}`)
  }
})

test('an unknown format or codec is corrupt', () => {
  const magic3 = plainBatch(0, 1)
  magic3[16] = 3
  assert.throws(() => read(magic3), isCorrupt)
  const codec5 = plainBatch(0, 1)
  codec5.writeInt16BE(5, 21)
  assert.throws(() => read(reseal(codec5)), isCorrupt)
})

test('a length that is no length is corrupt', () => {
  for (const length of [0, 4, -1, -(2 ** 31), 40]) {
    const batch = plainBatch(0, 1)
    batch.writeInt32BE(length, 8)
    assert.throws(() => read(batch), isCorrupt, `${length}`)
  }
})

test('counts that are wrong under a right checksum are corrupt', () => {
  for (const [at, value] of [
    [57, 4], // more records than there are
    [57, 2], // fewer
    [57, -1],
    [57, 2 ** 31 - 1],
    [23, 1], // last offset before the last record
    [23, -5]
  ]) {
    const batch = plainBatch(0, 3)
    batch.writeInt32BE(value, at)
    assert.throws(() => read(reseal(batch)), isCorrupt, `${value} at ${at}`)
  }
})

test('any bytes under a right checksum end in a page within bounds or in corrupt', () => {
  const headers = new Map([[Buffer.from('key'), Buffer.from('value')]])
  const whole = batchOf({
    baseOffset: 10,
    records: range(0, 6).map(index => ({ key: Buffer.from('k'), value: Buffer.alloc(index * 30), headers }))
  })
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.integer({ min: 61, max: whole.length - 1 }), fc.nat(255)), { maxLength: 4 }),
      changes => {
        const batch = Buffer.from(whole)
        for (const [at, byte] of changes) batch[at] = byte
        try {
          const { page, nextOffset } = read(reseal(batch), { from: 10 })
          assert.equal(nextOffset, 16)
          const ends = recordsOf(page).map(({ key, value }) => (key?.length ?? 0) + (value?.length ?? 0))
          assert.equal(
            ends.reduce((sum, length) => sum + length, 0),
            page.payloadBytes,
            'spans lie within their chunk'
          )
          assert.deepEqual(
            offsets(recordsOf(page)),
            offsets(recordsOf(page)).toSorted((one, other) => one - other)
          )
        } catch (error) {
          assert.ok(isCorrupt(error), String(error))
        }
      }
    ),
    { numRuns: 2000 }
  )
})

test('what was read before a corrupt batch stays in the page', () => {
  const broken = plainBatch(2, 2)
  broken[70] ^= 1
  const page = new PageBuilder(0, 0, { records: 10, bytes: 1000 })
  assert.throws(
    () => decodeBatches(Buffer.concat([plainBatch(0, 2), broken]), new AbortedFilter([]), page, 100),
    isCorrupt
  )
  assert.deepEqual([page.count, page.nextOffset], [2, 2])
})
