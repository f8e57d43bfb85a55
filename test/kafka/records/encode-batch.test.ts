import assert from 'node:assert/strict'
import { test } from 'node:test'
import { crc32c, Reader, readRecordsBatch, type RecordsBatch } from '@platformatic/kafka'
import * as fc from 'fast-check'
import { SPAN_STRIDE, type RecordTable } from '../../../src/core/record-table.ts'
import { codecs } from '../../../src/kafka/records/compression.ts'
import { encodeBatch, recordBytes, type BatchSlice } from '../../../src/kafka/records/encode-batch.ts'

interface Source {
  readonly key: Buffer | null
  readonly value: Buffer | null
  readonly timestampMs: number | null
  readonly headers: readonly { readonly key: Buffer; readonly value: Buffer | null }[] | null
}

const options = { producerId: -1n, producerEpoch: -1, baseSequence: -1, compression: 'none' } as const
const DAY_MS = 86_400_000
const ARRIVAL_MS = 1_700_000_000_000

/** A table as the JSON scanner leaves it, with bytes between the spans that belong to nobody. */
function tableOf(sources: readonly Source[]): RecordTable {
  const spans = new Int32Array(sources.length * SPAN_STRIDE)
  const chunks: Buffer[] = [Buffer.from('{"')]
  let length = 2
  const place = (bytes: Buffer | null): [number, number] => {
    if (bytes === null) return [0, -1]
    chunks.push(bytes, Buffer.from('","'))
    const start = length
    length += bytes.length + 3
    return [start, bytes.length]
  }
  sources.forEach(({ key, value }, row) => spans.set([...place(key), ...place(value), -1], row * SPAN_STRIDE))
  const timestamps = sources.some(({ timestampMs }) => timestampMs !== null)
    ? Float64Array.from(sources, ({ timestampMs }) => timestampMs ?? NaN)
    : undefined
  const headersOf = sources.map(({ headers }) => headers?.flatMap(({ key, value }) => [...place(key), ...place(value)]))
  const headers = headersOf.some(each => each !== undefined) ? headerTableOf(headersOf) : undefined
  return {
    bytes: Buffer.concat(chunks),
    count: sources.length,
    spans,
    ...(timestamps === undefined ? {} : { timestamps }),
    ...(headers === undefined ? {} : { headers })
  }
}

/** As the scanner gathers them, with room behind them. */
function headerTableOf(headersOf: readonly (readonly number[] | undefined)[]) {
  let end = 0
  const ends = Int32Array.from(headersOf, spans => (end += spans?.length ?? 0))
  return { spans: Int32Array.from([...headersOf.flatMap(spans => spans ?? []), 9, 9, 9, 9]), ends }
}

function sliceOf(sources: readonly Source[], timestampMs = ARRIVAL_MS): BatchSlice {
  const rows = Int32Array.from(sources, (_, row) => row)
  return { table: tableOf(sources), rows, from: 0, to: sources.length, timestampMs }
}

/** By the client library's decoder. */
function decoded(batch: Buffer): RecordsBatch {
  return readRecordsBatch(Reader.from(batch))
}

const record = (value: string, more: Partial<Source> = {}): Source => ({
  key: null,
  value: Buffer.from(value),
  timestampMs: null,
  headers: null,
  ...more
})

const bytes = fc
  .oneof(fc.uint8Array({ maxLength: 12 }), fc.uint8Array({ minLength: 40, maxLength: 200 }))
  .map(bytes => Buffer.from(bytes))
const nullable = fc.option(bytes, { nil: null })
const source: fc.Arbitrary<Source> = fc.record({
  key: nullable,
  value: nullable,
  timestampMs: fc.option(fc.integer({ min: 0, max: 4_000_000_000_000 }), { nil: null }),
  headers: fc.option(fc.array(fc.record({ key: bytes, value: nullable }), { minLength: 1, maxLength: 3 }), {
    nil: null
  })
})

test('a batch of any records, from any slices, in any codec, reads back in the client library', () => {
  fc.assert(
    fc.property(
      fc.array(fc.array(source, { minLength: 1, maxLength: 6 }), { minLength: 1, maxLength: 4 }),
      fc.constantFrom(...codecs),
      (requests, compression) => {
        const slices = requests.map((sources, index) => sliceOf(sources, ARRIVAL_MS + index))
        const numbers = { producerId: 2n ** 40n + 7n, producerEpoch: 3, baseSequence: 99 }
        const encoded = encodeBatch(slices, { ...numbers, compression })
        const batch = decoded(encoded)
        const expected = requests.flatMap((sources, index) =>
          sources.map(each => ({ ...each, arrivalMs: ARRIVAL_MS + index }))
        )
        const timestamps = expected.map(each => each.timestampMs ?? each.arrivalMs)
        assert.deepEqual(
          batch.records.map(({ key, value, headers, offsetDelta, timestampDelta, attributes }) => ({
            key,
            value,
            headers,
            offsetDelta,
            attributes,
            timestampMs: Number(batch.firstTimestamp + timestampDelta)
          })),
          expected.map(({ key, value, headers }, index) => ({
            key,
            value,
            headers: (headers ?? []).map(header => [header.key, header.value]),
            offsetDelta: index,
            attributes: 0,
            timestampMs: timestamps[index]
          }))
        )
        assert.equal(batch.maxTimestamp, BigInt(Math.max(...timestamps)))
        assert.equal(batch.firstTimestamp, BigInt(timestamps[0]))
        assert.equal(batch.lastOffsetDelta, expected.length - 1)
        assert.equal(batch.attributes, codecs.indexOf(compression))
        assert.deepEqual(
          [batch.producerId, batch.producerEpoch, batch.firstSequence],
          [numbers.producerId, numbers.producerEpoch, numbers.baseSequence]
        )
        assert.deepEqual([batch.firstOffset, batch.partitionLeaderEpoch, batch.magic], [0n, -1, 2])
        assert.equal(batch.length, encoded.length - 12)
        assert.equal(batch.crc, crc32c(encoded.subarray(21)) >>> 0)
      }
    )
  )
})

test('timestamps months apart in one batch keep their values', () => {
  const stamps = [ARRIVAL_MS, ARRIVAL_MS + 25 * DAY_MS, ARRIVAL_MS - 400 * DAY_MS, 0, ARRIVAL_MS + 100 * 365 * DAY_MS]
  const batch = decoded(encodeBatch([sliceOf(stamps.map(timestampMs => record('x', { timestampMs })))], options))
  assert.deepEqual(
    batch.records.map(({ timestampDelta }) => Number(batch.firstTimestamp + timestampDelta)),
    stamps
  )
})

test('only the rows of a slice are taken, in their order', () => {
  const table = tableOf(['a', 'b', 'c', 'd', 'e'].map(value => record(value)))
  const slice = { table, rows: Int32Array.of(4, 0, 3, 1), from: 1, to: 3, timestampMs: ARRIVAL_MS }
  const { records } = decoded(encodeBatch([slice], options))
  assert.deepEqual(
    records.map(({ value }) => String(value)),
    ['a', 'd']
  )
})

test('lengths on either side of a varint of another size, and of the copying threshold, are exact', () => {
  for (const length of [0, 1, 47, 48, 49, 63, 64, 8191, 8192, 1_048_576]) {
    const value = Buffer.alloc(length, 'q')
    const { records } = decoded(encodeBatch([sliceOf([{ ...record(''), value }])], options))
    assert.equal(records[0].value?.equals(value), true, `${length} bytes`)
  }
})

test('recordBytes is never below what a record takes, and at most 16 above it', () => {
  fc.assert(
    fc.property(fc.array(source, { minLength: 1, maxLength: 5 }), sources => {
      const slice = sliceOf(sources)
      const bound = sources.reduce((sum, _, row) => sum + recordBytes(slice.table, row), 0)
      const actual = encodeBatch([slice], options).length - 61
      assert.ok(actual <= bound && bound <= actual + 16 * sources.length, `${actual} in ${bound}`)
    })
  )
})

test('the bound holds where every number is at its longest', () => {
  const far = record('x', { timestampMs: 2 ** 52, key: Buffer.alloc(70_000) })
  const near = record('y', { timestampMs: 0 })
  const slice = sliceOf([near, far])
  const actual = encodeBatch([slice], options).length - 61
  assert.ok(actual <= recordBytes(slice.table, 0) + recordBytes(slice.table, 1))
})
