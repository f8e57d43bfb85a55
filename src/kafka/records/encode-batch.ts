import { BufferPool } from '../../core/lib/buffer-pool.ts'
import {
  HEADER_STRIDE,
  headersStart,
  KEY_LENGTH,
  KEY_START,
  SPAN_STRIDE,
  VALUE_LENGTH,
  VALUE_START,
  type HeaderTable,
  type RecordTable
} from '../../core/record-table.ts'
import { compress, codecs, type Codec } from './compression.ts'
import { crc32c } from './crc32c.ts'
import {
  ATTRIBUTES_AT,
  BASE_SEQUENCE_AT,
  BASE_TIMESTAMP_AT,
  BATCH_HEADER_BYTES,
  BATCH_MAGIC,
  CRC_AT,
  LAST_OFFSET_DELTA_AT,
  LENGTH_END,
  MAGIC_AT,
  MAX_TIMESTAMP_AT,
  PRODUCER_EPOCH_AT,
  PRODUCER_ID_AT,
  RECORD_COUNT_AT
} from './layout.ts'
import { varintSize, varlongSize, writeVarint, writeVarlong } from './varint.ts'

/** Records of one request that go into one batch: `rows[from…to)` of its table. */
export interface BatchSlice {
  readonly table: RecordTable
  readonly rows: Int32Array
  readonly from: number
  readonly to: number
  /** Milliseconds since 1970, for records that bring no timestamp of their own. */
  readonly timestampMs: number
}

export interface BatchOptions {
  readonly producerId: bigint
  readonly producerEpoch: number
  readonly baseSequence: number
  readonly compression: Codec
}

const POOL_BYTES = 16 * 1024 * 1024
const pool = new BufferPool(POOL_BYTES)
/** Length (5), attributes (1), timestamp delta (8), offset delta (5) at most: their sizes depend on the batch. */
const PREFIX_LIMIT_BYTES = 19
/** Up to this length a byte loop is faster than `Buffer.copy`. */
const COPY_THRESHOLD_BYTES = 48

/** Returns an upper bound of the record's size in a batch, at most 16 bytes too high. */
export function recordBytes(table: RecordTable, row: number): number {
  return PREFIX_LIMIT_BYTES + contentSize(table, row)
}

/**
 * Returns one record batch (magic 2, CreateTime, no transaction), copied straight from the bytes of the requests.
 * @see https://kafka.apache.org/documentation/#recordbatch
 */
export function encodeBatch(slices: readonly BatchSlice[], options: BatchOptions): Buffer {
  const baseTimestampMs = timestampOf(slices[0], slices[0].rows[slices[0].from])
  const compressed = options.compression !== 'none'
  const start = compressed ? 0 : BATCH_HEADER_BYTES
  const bytes = start + sizeOfRecords(slices, baseTimestampMs)
  const target = pool.take(bytes).subarray(0, bytes)
  const { count, maxTimestampMs } = writeRecords(target, start, slices, baseTimestampMs)
  let batch = target
  if (compressed) {
    batch = Buffer.concat([Buffer.allocUnsafe(BATCH_HEADER_BYTES), compress(options.compression, target)])
    pool.give(target)
  }
  writeHeader(batch, count, baseTimestampMs, maxTimestampMs, options)
  return batch
}

/** Gives the memory of a batch to later ones. Call once, when nothing reads or sends the batch any more. */
export function recycleBatch(batch: Buffer): void {
  pool.give(batch)
}

function timestampOf(slice: BatchSlice, row: number): number {
  const own = slice.table.timestamps?.[row]
  return own === undefined || Number.isNaN(own) ? slice.timestampMs : own
}

function headersSize(headers: HeaderTable, row: number): number {
  const { spans, ends } = headers
  const start = headersStart(headers, row)
  let size = varintSize((ends[row] - start) / HEADER_STRIDE)
  for (let at = start; at < ends[row]; at += HEADER_STRIDE) {
    const keyLength = spans[at + 1]
    const valueLength = spans[at + 3]
    size += varintSize(keyLength) + keyLength + varintSize(valueLength) + (valueLength > 0 ? valueLength : 0)
  }
  return size
}

/** Returns the size of key, value and headers with their lengths. */
function contentSize({ spans, headers }: RecordTable, row: number): number {
  const keyLength = spans[row * SPAN_STRIDE + KEY_LENGTH]
  const valueLength = spans[row * SPAN_STRIDE + VALUE_LENGTH]
  const payloadBytes = (keyLength > 0 ? keyLength : 0) + (valueLength > 0 ? valueLength : 0)
  const headersBytes = headers === undefined ? 1 : headersSize(headers, row)
  return varintSize(keyLength) + varintSize(valueLength) + payloadBytes + headersBytes
}

/** Returns the size of a record without its length prefix. */
function bodySize(table: RecordTable, row: number, timestampDelta: number, offsetDelta: number): number {
  return 1 + varlongSize(timestampDelta) + varintSize(offsetDelta) + contentSize(table, row)
}

function sizeOfRecords(slices: readonly BatchSlice[], baseTimestampMs: number): number {
  let total = 0
  let offsetDelta = 0
  for (const slice of slices) {
    for (let index = slice.from; index < slice.to; index++) {
      const row = slice.rows[index]
      const size = bodySize(slice.table, row, timestampOf(slice, row) - baseTimestampMs, offsetDelta++)
      total += varintSize(size) + size
    }
  }
  return total
}

function writeRecords(target: Buffer, start: number, slices: readonly BatchSlice[], baseTimestampMs: number) {
  let position = start
  let offsetDelta = 0
  let maxTimestampMs = baseTimestampMs
  for (const slice of slices) {
    const { table } = slice
    for (let index = slice.from; index < slice.to; index++) {
      const row = slice.rows[index]
      const timestampMs = timestampOf(slice, row)
      if (timestampMs > maxTimestampMs) maxTimestampMs = timestampMs
      position = writeRecord(target, position, table, row, timestampMs - baseTimestampMs, offsetDelta++)
    }
  }
  return { count: offsetDelta, maxTimestampMs }
}

function writeRecord(
  target: Buffer,
  start: number,
  table: RecordTable,
  row: number,
  timestampDelta: number,
  offsetDelta: number
): number {
  const { spans, bytes } = table
  const at = row * SPAN_STRIDE
  let position = writeVarint(target, start, bodySize(table, row, timestampDelta, offsetDelta))
  target[position++] = 0 // attributes: none are defined
  position = writeVarlong(target, position, timestampDelta)
  position = writeVarint(target, position, offsetDelta)
  position = writeSpan(target, position, bytes, spans[at + KEY_START], spans[at + KEY_LENGTH])
  position = writeSpan(target, position, bytes, spans[at + VALUE_START], spans[at + VALUE_LENGTH])
  if (table.headers !== undefined) return writeHeaders(target, position, bytes, table.headers, row)
  target[position++] = 0
  return position
}

function writeSpan(target: Buffer, start: number, source: Buffer, from: number, length: number): number {
  let position = writeVarint(target, start, length)
  if (length <= 0) return position
  if (length >= COPY_THRESHOLD_BYTES) {
    source.copy(target, position, from, from + length)
    return position + length
  }
  for (let at = from, end = from + length; at < end; at++) target[position++] = source[at]
  return position
}

function writeHeaders(target: Buffer, start: number, source: Buffer, headers: HeaderTable, row: number): number {
  const { spans, ends } = headers
  const from = headersStart(headers, row)
  let position = writeVarint(target, start, (ends[row] - from) / HEADER_STRIDE)
  for (let at = from; at < ends[row]; at += HEADER_STRIDE) {
    position = writeSpan(target, position, source, spans[at], spans[at + 1])
    position = writeSpan(target, position, source, spans[at + 2], spans[at + 3])
  }
  return position
}

function writeHeader(
  batch: Buffer,
  count: number,
  baseTimestampMs: number,
  maxTimestampMs: number,
  options: BatchOptions
): void {
  batch.writeBigInt64BE(0n, 0) // base offset: the broker sets it
  batch.writeInt32BE(batch.length - LENGTH_END, LENGTH_END - 4)
  batch.writeInt32BE(-1, 12) // partition leader epoch: the broker sets it
  batch.writeInt8(BATCH_MAGIC, MAGIC_AT)
  batch.writeInt16BE(codecs.indexOf(options.compression), ATTRIBUTES_AT)
  batch.writeInt32BE(count - 1, LAST_OFFSET_DELTA_AT)
  batch.writeBigInt64BE(BigInt(baseTimestampMs), BASE_TIMESTAMP_AT)
  batch.writeBigInt64BE(BigInt(maxTimestampMs), MAX_TIMESTAMP_AT)
  batch.writeBigInt64BE(options.producerId, PRODUCER_ID_AT)
  batch.writeInt16BE(options.producerEpoch, PRODUCER_EPOCH_AT)
  batch.writeInt32BE(options.baseSequence, BASE_SEQUENCE_AT)
  batch.writeInt32BE(count, RECORD_COUNT_AT)
  batch.writeUInt32BE(crc32c(batch.subarray(ATTRIBUTES_AT)), CRC_AT)
}
