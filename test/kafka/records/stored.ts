import { crc32c, createRecordsBatch, type CompressionAlgorithmValue } from '@platformatic/kafka'
import {
  PAGE_CHUNK,
  PAGE_HEADERS_START,
  PAGE_KEY_LENGTH,
  PAGE_KEY_START,
  PAGE_STRIDE,
  PAGE_VALUE_LENGTH,
  PAGE_VALUE_START,
  type RecordPage
} from '../../../src/core/record-page.ts'
import javaBatches from './java-batches.json' with { type: 'json' }

const TRANSACTIONAL = 0x10
const CONTROL = 0x20

export interface StoredRecord {
  readonly key?: Buffer
  readonly value: Buffer
  readonly headers?: Map<Buffer, Buffer>
  readonly timestampMs?: number
}

export interface StoredBatch {
  readonly baseOffset: number
  readonly records: readonly StoredRecord[]
  readonly compression?: CompressionAlgorithmValue
  readonly producerId?: bigint
  readonly transactional?: boolean
  readonly control?: boolean
  readonly logAppendTime?: boolean
  /** Where compaction has removed the last records. */
  readonly lastOffset?: number
}

/** A batch as a broker stores it, written by the client library's encoder. */
export function batchOf(batch: StoredBatch): Buffer {
  const messages = batch.records.map(({ key, value, headers, timestampMs = 0 }) => ({
    topic: 't',
    timestamp: BigInt(timestampMs),
    ...(key === undefined ? {} : { key }),
    value,
    ...(headers === undefined ? {} : { headers })
  }))
  const options = { producerId: batch.producerId ?? -1n, compression: batch.compression ?? 'none' }
  const bytes = Buffer.from(createRecordsBatch(messages, options).buffer)
  bytes.writeBigInt64BE(BigInt(batch.baseOffset), 0)
  const { lastOffset = batch.baseOffset + messages.length - 1 } = batch
  bytes.writeInt32BE(lastOffset - batch.baseOffset, 23)
  const flags =
    (batch.transactional ? TRANSACTIONAL : 0) | (batch.control ? CONTROL : 0) | (batch.logAppendTime ? 0x08 : 0)
  bytes.writeInt16BE(bytes.readInt16BE(21) | flags, 21)
  return reseal(bytes)
}

/** Makes the checksum right again after a change. */
export function reseal(batch: Buffer): Buffer {
  batch.writeUInt32BE(crc32c(batch.subarray(21)) >>> 0, 17)
  return batch
}

/** The marker that ends a transaction. */
export function markerOf(baseOffset: number, producerId: bigint, kind: 'abort' | 'commit'): Buffer {
  const key = Buffer.from([0, 0, 0, kind === 'abort' ? 0 : 1])
  return batchOf({
    baseOffset,
    producerId,
    transactional: true,
    control: true,
    records: [{ key, value: Buffer.alloc(6) }]
  })
}

/** Numbered values `v<offset>`. */
export function plainBatch(baseOffset: number, count: number, more: Partial<StoredBatch> = {}): Buffer {
  const records = Array.from({ length: count }, (_, index) => ({ value: Buffer.from(`v${baseOffset + index}`) }))
  return batchOf({ baseOffset, records, ...more })
}

/** A batch that Kafka's Java client wrote; see JavaBatches.java. */
export function javaBatch(name: string): Buffer {
  const found = Object.entries(javaBatches).find(([each]) => each === name)
  if (found === undefined) throw new Error(`no batch ${name}`)
  return Buffer.from(found[1], 'base64')
}

export interface ReadRecord {
  readonly offset: number
  readonly timestampMs: number
  readonly logAppendTime: boolean
  readonly key: string | null
  readonly value: string | null
  /** The bytes of the header section up to the end of the chunk, null without headers. */
  readonly headers: Buffer | null
}

/** The records of a page, spelt out. */
export function recordsOf(page: RecordPage): ReadRecord[] {
  return Array.from({ length: page.count }, (_, row) => {
    const at = row * PAGE_STRIDE
    const chunk = page.chunks[page.spans[at + PAGE_CHUNK]]
    const text = (start: number, length: number) =>
      length < 0 ? null : chunk.toString('latin1', start, start + length)
    const headersStart = page.spans[at + PAGE_HEADERS_START]
    return {
      offset: page.offsets[row],
      timestampMs: page.timestamps[row],
      logAppendTime: page.logAppendTime[row] === 1,
      key: text(page.spans[at + PAGE_KEY_START], page.spans[at + PAGE_KEY_LENGTH]),
      value: text(page.spans[at + PAGE_VALUE_START], page.spans[at + PAGE_VALUE_LENGTH]),
      headers: headersStart < 0 ? null : chunk.subarray(headersStart)
    }
  })
}
