import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { ProduceOutcome, RecordFailure } from '../../src/core/produce-outcome.ts'
import { headersStart, PARTITION, type RecordTable, SPAN_STRIDE } from '../../src/core/record-table.ts'
import { partOf, wholeOutcome } from '../../src/gateway/part-of-request.ts'

/** A record as a test sees it: its partition, and how many headers it has. */
const records = fc.array(fc.record({ partition: fc.integer({ min: -1, max: 4 }), headers: fc.nat(3) }), {
  maxLength: 12
})

function tableOf(all: readonly { partition: number; headers: number }[]): RecordTable {
  const spans = new Int32Array(all.length * SPAN_STRIDE)
  const headers: number[] = []
  const ends = new Int32Array(all.length)
  for (const [record, each] of all.entries()) {
    spans[record * SPAN_STRIDE] = record
    spans[record * SPAN_STRIDE + PARTITION] = each.partition
    for (let header = 0; header < each.headers; header++) headers.push(record, 1, record, 1)
    ends[record] = headers.length
  }
  const timestamps = Float64Array.from(all, (_, record) => record * 10)
  return {
    bytes: Buffer.alloc(0),
    count: all.length,
    spans,
    timestamps,
    headers: { spans: Int32Array.from(headers), ends }
  }
}

const failureOf = (partition: number): RecordFailure => ({
  code: 'PARTITION_NOT_FOUND',
  message: String(partition),
  retriable: false,
  stored: 'no'
})

test('a part has its records with all that belongs to them; the whole outcome has each where it was', () => {
  fc.assert(
    fc.property(records, all => {
      const table = tableOf(all)
      const part = partOf(table, partition => partition < 2)
      const expected = all.flatMap(({ partition }, record) => (partition < 2 ? [record] : []))
      assert.deepEqual(part.numbers, expected)
      const { spans, timestamps, headers } = part.table
      assert.ok(timestamps !== undefined && headers !== undefined)
      for (const [at, record] of expected.entries()) {
        assert.deepEqual([spans[at * SPAN_STRIDE], timestamps[at]], [record, record * 10])
        const own: Int32Array = headers.spans.subarray(headersStart(headers, at), headers.ends[at])
        assert.deepEqual([...own], Array.from({ length: all[record].headers }, () => [record, 1, record, 1]).flat())
      }
      const sent: ProduceOutcome = {
        count: expected.length,
        partitions: new Int32Array(expected.length).fill(1),
        offsets: Float64Array.from(expected, (_, at) => 100 + at),
        ...(expected.length > 1 ? { failures: new Map([[1, failureOf(99)]]) } : {})
      }
      const whole = wholeOutcome(table, part, expected.length === 0 ? undefined : sent, failureOf)
      assert.equal(whole.count, all.length)
      let at = 0
      for (const [record, { partition }] of all.entries()) {
        const failure = whole.failures?.get(record)
        if (partition >= 2) assert.equal(failure?.message, String(partition))
        else {
          assert.deepEqual([whole.offsets[record], failure?.message], [100 + at, at === 1 ? '99' : undefined])
          at++
        }
      }
    })
  )
})
