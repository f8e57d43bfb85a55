import assert from 'node:assert/strict'
import { test } from 'node:test'
import { crc32 } from 'node:zlib'
import * as fc from 'fast-check'
import { AbortedFilter } from '../../../src/kafka/records/aborted-filter.ts'
import { compress } from '../../../src/kafka/records/compression.ts'
import { CorruptRecords } from '../../../src/kafka/records/corrupt-records.ts'
import { decodeBatches } from '../../../src/kafka/records/decode-batches.ts'
import { PageBuilder } from '../../../src/kafka/records/page-builder.ts'
import { holding } from '../../../src/kafka/records/record-filter.ts'
import { javaBatch, plainBatch, recordsOf } from './stored.ts'

const T0 = 1_700_000_000_000
const DAY30 = T0 + 30 * 86_400_000
const contents = [
  { offset: 40, timestampMs: T0, key: 'k0', value: 'v0' },
  { offset: 41, timestampMs: T0 + 5, key: null, value: 'v1' },
  { offset: 42, timestampMs: T0 - 10, key: 'k2', value: null },
  { offset: 43, timestampMs: DAY30, key: '', value: 'z'.repeat(90) }
]

function read(stored: Buffer, from = 0, count = 100) {
  const page = new PageBuilder(0, from, { records: count, bytes: 1e6 })
  const truncated = decodeBatches(stored, new AbortedFilter([]), page, 1e9)
  return {
    records: recordsOf(page.build()),
    nextOffset: page.nextOffset,
    truncated,
    chunks: page.build().chunks.length
  }
}

const isCorrupt = (error: unknown) => error instanceof CorruptRecords
const plainly = (records: ReturnType<typeof read>['records']) =>
  records.map(({ logAppendTime: _a, headers: _h, ...record }) => record)

/** One message of format 1. */
function message(offset: number, value: Buffer, attributes = 0): Buffer {
  const bytes = Buffer.alloc(34 + value.length)
  bytes.writeBigInt64BE(BigInt(offset), 0)
  bytes.writeInt32BE(bytes.length - 12, 8)
  bytes[16] = 1
  bytes[17] = attributes
  bytes.writeBigInt64BE(BigInt(T0), 18)
  bytes.writeInt32BE(-1, 26)
  bytes.writeInt32BE(value.length, 30)
  value.copy(bytes, 34)
  return reseal(bytes)
}

function reseal(bytes: Buffer): Buffer {
  bytes.writeUInt32BE(crc32(bytes.subarray(16)), 12)
  return bytes
}

test('messages of format 1, plain and in each codec, read as the Java client wrote them', () => {
  for (const codec of ['none', 'gzip', 'snappy', 'lz4']) {
    const { records, nextOffset } = read(javaBatch(`v1-${codec}`))
    assert.deepEqual(plainly(records), contents, codec)
    assert.equal(nextOffset, 44)
    assert.ok(records.every(({ logAppendTime, headers }) => !logAppendTime && headers === null))
  }
})

test('messages of format 0 have no timestamp, and LZ4 frames whose header checksum Kafka reckoned wrongly (KAFKA-3160)', () => {
  for (const codec of ['none', 'gzip', 'snappy', 'lz4']) {
    const { records } = read(javaBatch(`v0-${codec}`))
    assert.deepEqual(
      plainly(records),
      contents.map(record => ({ ...record, timestampMs: -1 })),
      codec
    )
  }
})

test('a search looks at messages of both formats, plain and in each codec, counts them, and copies what it uses', () => {
  for (const format of ['v0', 'v1'])
    for (const codec of ['none', 'gzip', 'snappy', 'lz4']) {
      const page = new PageBuilder(0, 41, { records: 9, bytes: 1e6, valueBytes: 3 }, holding(Buffer.from('zzzz')))
      decodeBatches(javaBatch(`${format}-${codec}`), new AbortedFilter([]), page, 1e9)
      page.own()
      const [{ offset, key }] = recordsOf(page.build())
      assert.deepEqual([page.count, offset, key, page.refused, page.nextOffset], [1, 43, '', 2, 44], codec)
      assert.deepEqual(page.build().chunks, [Buffer.from('zzz')])
      assert.ok(page.scannedBytes > 100)
    }
})

test('in format 1 a wrong checksum of an LZ4 header is corrupt', () => {
  const frame = Buffer.from(compress('lz4', message(0, Buffer.from('value'))))
  frame[6] ^= 1
  assert.throws(() => read(message(0, frame, 3)), isCorrupt)
})

test('with LogAppendTime the messages within have the time of what wraps them', () => {
  for (const codec of ['none', 'gzip', 'snappy', 'lz4']) {
    const stored = javaBatch(`v1-append-${codec}`)
    const appendedMs = Number(stored.readBigInt64BE(18))
    for (const { timestampMs, logAppendTime } of read(stored).records) {
      assert.deepEqual([timestampMs, logAppendTime], [appendedMs, true], codec)
    }
  }
})

test('a read begins and ends within a compressed message', () => {
  for (const codec of ['none', 'gzip']) {
    const { records, nextOffset } = read(javaBatch(`v1-${codec}`), 41, 2)
    assert.deepEqual(plainly(records), contents.slice(1, 3))
    assert.equal(nextOffset, 43)
  }
})

test('old and new formats follow one another in a topic that was upgraded', () => {
  const { records, nextOffset } = read(Buffer.concat([javaBatch('v0-gzip'), plainBatch(44, 2)]), 43)
  assert.deepEqual(
    records.map(({ offset }) => offset),
    [43, 44, 45]
  )
  assert.equal(nextOffset, 46)
})

test('the messages of one wrapper share a chunk', () => {
  assert.equal(read(javaBatch('v1-gzip')).chunks, 1)
})

test('a compacted wrapper keeps the offsets of what is left', () => {
  const inner = Buffer.concat([message(1, Buffer.from('b')), message(4, Buffer.from('e'))])
  const { records, nextOffset } = read(message(104, compress('gzip', inner), 1))
  assert.deepEqual(
    records.map(({ offset, value }) => [offset, value]),
    [
      [101, 'b'],
      [104, 'e']
    ]
  )
  assert.equal(nextOffset, 105)
})

test('a message that is cut off is left for the next read', () => {
  const stored = Buffer.concat([message(0, Buffer.from('a')), message(1, Buffer.from('b'))])
  for (let length = 36; length < stored.length; length++) {
    const { records, truncated } = read(stored.subarray(0, length))
    assert.deepEqual([records.length, truncated], [1, true])
  }
})

test('wrappers within wrappers, empty ones and wrong checksums are corrupt', () => {
  const nested = message(0, compress('gzip', message(0, compress('gzip', message(0, Buffer.from('a'))), 1)), 1)
  assert.throws(() => read(nested), isCorrupt)
  assert.throws(() => read(message(0, compress('gzip', Buffer.alloc(0)), 1)), isCorrupt)
  const damaged = message(0, Buffer.from('a'))
  damaged[34] ^= 1
  assert.throws(() => read(damaged), isCorrupt)
})

test('any bytes under a right checksum give a page or corrupt', () => {
  const whole = message(0, Buffer.from('some value'))
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.integer({ min: 16, max: whole.length - 1 }), fc.nat(255)), { maxLength: 4 }),
      changes => {
        const bytes = Buffer.from(whole)
        for (const [at, byte] of changes) bytes[at] = byte
        if (bytes[16] > 1) return
        try {
          assert.equal(read(reseal(bytes)).nextOffset, 1)
        } catch (error) {
          assert.ok(isCorrupt(error), String(error))
        }
      }
    ),
    { numRuns: 1000 }
  )
})
