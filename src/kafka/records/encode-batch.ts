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
import { BufferPool } from '../../core/lib/buffer-pool.ts'
import { compress, codecs, type Codec } from './compression.ts'
import { crc32c } from './crc32c.ts'
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
const HEADER_BYTES = 61
/** Where the part begins that the checksum covers. */
const CRC_START = 21
const MAGIC = 2
/** Length (5), attributes (1), timestamp delta (8), offset delta (5): a bound, since the batch is not known yet. */
const PREFIX_LIMIT_BYTES = 19
/** Below this a byte loop is quicker than the call of `Buffer.copy`. */
const COPY_THRESHOLD_BYTES = 48

/** Upper bound of what the record takes in a batch, too high by 16 bytes at most. */
export function recordBytes(table: RecordTable, row: number): number {
  return PREFIX_LIMIT_BYTES + contentSize(table, row)
}

/**
 * One record batch (magic 2, CreateTime, no transaction), written straight from the bytes of the requests.
 * @see https://kafka.apache.org/documentation/#recordbatch
 */
export function encodeBatch(slices: readonly BatchSlice[], options: BatchOptions): Buffer {
  const baseTimestampMs = timestampOf(slices[0], slices[0].rows[slices[0].from])
  const compressed = options.compression !== 'none'
  const start = compressed ? 0 : HEADER_BYTES
  const bytes = start + sizeOfRecords(slices, baseTimestampMs)
  const target = pool.take(bytes).subarray(0, bytes)
  const { count, maxTimestampMs } = writeRecords(target, start, slices, baseTimestampMs)
  let batch = target
  if (compressed) {
    batch = Buffer.concat([Buffer.allocUnsafe(HEADER_BYTES), compress(options.compression, target)])
    pool.give(target)
  }
  writeHeader(batch, count, baseTimestampMs, maxTimestampMs, options)
  return batch
}

/** The batch has arrived and is needed no more: its memory will hold another. */
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

/** Key, value and headers with their lengths. */
function contentSize({ spans, headers }: RecordTable, row: number): number {
  const keyLength = spans[row * SPAN_STRIDE + KEY_LENGTH]
  const valueLength = spans[row * SPAN_STRIDE + VALUE_LENGTH]
  const payloadBytes = (keyLength > 0 ? keyLength : 0) + (valueLength > 0 ? valueLength : 0)
  const headersBytes = headers === undefined ? 1 : headersSize(headers, row)
  return varintSize(keyLength) + varintSize(valueLength) + payloadBytes + headersBytes
}

/** Of one record without its own length prefix. */
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
  batch.writeBigInt64BE(0n, 0) // base offset: the broker's to give
  batch.writeInt32BE(batch.length - 12, 8)
  batch.writeInt32BE(-1, 12) // partition leader epoch: the broker's
  batch.writeInt8(MAGIC, 16)
  batch.writeInt16BE(codecs.indexOf(options.compression), CRC_START)
  batch.writeInt32BE(count - 1, 23)
  batch.writeBigInt64BE(BigInt(baseTimestampMs), 27)
  batch.writeBigInt64BE(BigInt(maxTimestampMs), 35)
  batch.writeBigInt64BE(options.producerId, 43)
  batch.writeInt16BE(options.producerEpoch, 51)
  batch.writeInt32BE(options.baseSequence, 53)
  batch.writeInt32BE(count, 57)
  batch.writeUInt32BE(crc32c(batch.subarray(CRC_START)), 17)
}
