import { readFileSync } from 'node:fs'
import { createRecordsBatch } from '@platformatic/kafka'
import { decodeBase64InPlace, unescapeInPlace } from '../../src/api/shared/records/string-bytes.ts'
import { writeProduceAnswer } from '../../src/api/v1/offsets.ts'
import type { ProduceOutcome } from '../../src/core/produce-outcome.ts'
import { SPAN_STRIDE, VALUE_LENGTH, VALUE_START, type RecordTable } from '../../src/core/record-table.ts'
import type { TopicMetadata } from '../../src/kafka/metadata/topic-metadata.ts'
import { partitionRecords, StickyPartition } from '../../src/kafka/produce/partitioner.ts'
import { crc32c, portableCrc32c } from '../../src/kafka/records/crc32c.ts'
import { encodeBatch, recycleBatch } from '../../src/kafka/records/encode-batch.ts'
import { bodyOf, nestedBody, plainBody, readV1, readV2, scanOf } from './bodies.ts'
import type { HotFunction } from './hot-function.ts'

const PARTITIONS = 12
const NOW_MS = Date.now()
const UNNUMBERED = { producerId: -1n, producerEpoch: -1, baseSequence: -1, compression: 'none' } as const

/** What a produce request goes through, in its order. */
export function produceFunctions(): HotFunction[] {
  return [
    scan('scan of a body, 1000 × 100 B', plainBody()),
    scan('scan of a body, 1000 × 1 KB nested', nestedBody()),
    scan('scan of a v2 json body, 1000 × 1 KB nested', nestedBody(), readV2('json')),
    scanOfBase64(),
    unescape(),
    base64(),
    partition('partitions, no keys', plainBody()),
    partition('partitions, by key', nestedBody()),
    encode('record batch, 1000 × 100 B', plainBody()),
    encode('record batch, 1000 × 1 KB, keys', nestedBody()),
    checksum(),
    offsets()
  ]
}

function scan(name: string, body: Buffer, read = readV1): HotFunction {
  const obvious = () => {
    const { records } = JSON.parse(body.toString()) as { records: { key?: string; value: unknown }[] }
    return records.map(({ key, value }) => [
      key === undefined ? null : Buffer.from(key),
      Buffer.from(typeof value === 'string' ? value : JSON.stringify(value))
    ])
  }
  return {
    ...scanOf(name, body, read),
    records: 1000,
    bytes: body.length,
    twin: { name: 'JSON.parse, stringify', run: obvious }
  }
}

function scanOfBase64(): HotFunction {
  const value = Buffer.alloc(100, 'x').toString('base64')
  const body = bodyOf(Array.from({ length: 1000 }, () => `{"value":"${value}"}`))
  const obvious = () => {
    const { records } = JSON.parse(body.toString()) as { records: { value: string }[] }
    return records.map(({ value }) => Buffer.from(value, 'base64'))
  }
  return {
    ...scanOf('scan of a v2 binary body, 1000 × 100 B', body, readV2('binary')),
    records: 1000,
    bytes: body.length,
    twin: { name: 'JSON.parse, Buffer.from', run: obvious }
  }
}

function unescape(): HotFunction {
  const json = Buffer.from('line \\"one\\"\\n\\u00e9 and more of it '.repeat(30))
  const copy = Buffer.from(json)
  const many = 100
  const fresh = () => void json.copy(copy)
  return {
    name: 'escapes of a string, 1 KB',
    records: many,
    bytes: json.length * many,
    run: () => repeat(many, () => (fresh(), unescapeInPlace(copy, 0, copy.length))),
    twin: {
      name: 'JSON.parse, Buffer.from',
      run: () => repeat(many, () => Buffer.from(JSON.parse(`"${json.toString()}"`) as string).length)
    }
  }
}

function base64(): HotFunction {
  const text = Buffer.from(Buffer.alloc(768, 7).toString('base64'))
  const copy = Buffer.from(text)
  const many = 100
  const fresh = () => void text.copy(copy)
  return {
    name: 'base64 to bytes, 1 KB',
    records: many,
    bytes: text.length * many,
    run: () => repeat(many, () => (fresh(), decodeBase64InPlace(copy, 0, copy.length, true))),
    twin: {
      name: 'Buffer.from base64',
      run: () => repeat(many, () => Buffer.from(text.toString('latin1'), 'base64').length)
    }
  }
}

function repeat(times: number, run: () => number): number {
  let sum = 0
  for (let time = 0; time < times; time++) sum += run()
  return sum
}

function partition(name: string, body: Buffer): HotFunction {
  const table = readV1(body)
  const broker = { leader: 1, leaderEpoch: 0, replicas: [1], isr: [1] }
  const partitions = Array.from({ length: PARTITIONS }, (_, partition) => ({ partition, ...broker }))
  const topic: TopicMetadata = { name: 't', id: null, isInternal: false, partitions }
  const sticky = new StickyPartition()
  return { name, records: table.count, bytes: body.length, run: () => partitionRecords(table, topic, sticky) }
}

function encode(name: string, body: Buffer): HotFunction {
  const table = readV1(body)
  const rows = Int32Array.from({ length: table.count }, (_, row) => row)
  const slices = [{ table, rows, from: 0, to: table.count, timestampMs: NOW_MS }]
  const messages = Array.from(rows, row => ({ topic: 't', timestamp: BigInt(NOW_MS), ...partsOf(table, row) }))
  return {
    name,
    records: table.count,
    bytes: body.length,
    run: () => recycleBatch(encodeBatch(slices, UNNUMBERED)),
    twin: {
      name: "client library's",
      run: () => createRecordsBatch(messages, { producerId: -1n, compression: 'none' })
    }
  }
}

function partsOf({ spans, bytes }: RecordTable, row: number): { key?: Buffer; value: Buffer } {
  const part = (column: number) => {
    const start = spans[row * SPAN_STRIDE + column]
    return bytes.subarray(start, start + spans[row * SPAN_STRIDE + column + 1])
  }
  const value = part(VALUE_START)
  return spans[row * SPAN_STRIDE + VALUE_LENGTH - 2] < 0 ? { value } : { key: part(VALUE_START - 2), value }
}

function checksum(): HotFunction {
  const bytes = readFileSync(process.execPath).subarray(0, 131_072)
  return {
    name: 'CRC-32C of 128 KB',
    records: 1,
    bytes: bytes.length,
    run: () => crc32c(bytes),
    twin: { name: 'in JavaScript', run: () => portableCrc32c(bytes) }
  }
}

function offsets(): HotFunction {
  const count = 1000
  const partitions = Int32Array.from({ length: count }, (_, at) => at % PARTITIONS)
  const all = Float64Array.from({ length: count }, (_, at) => 123_456_789 + at)
  const outcome: ProduceOutcome = { count, partitions, offsets: all }
  const obvious = () =>
    Buffer.from(
      JSON.stringify({ offsets: Array.from(partitions, (partition, at) => ({ partition, offset: all[at] })) })
    )
  return {
    name: 'offsets as text',
    records: count,
    bytes: obvious().length,
    run: () => writeProduceAnswer(outcome).body,
    twin: { name: 'JSON.stringify', run: obvious }
  }
}
