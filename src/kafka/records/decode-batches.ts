import { GatewayError } from '../../core/errors.ts'
import type { AbortedFilter } from './aborted-filter.ts'
import { codecs, decompress, type Codec } from './compression.ts'
import { crc32c } from './crc32c.ts'
import { decodeMessageSet } from './decode-message-set.ts'
import type { PageBuilder } from './page-builder.ts'
import { VarintReader } from './varint.ts'

const LENGTH_END = 12
const MAGIC_AT = 16
const CRC_AT = 17
const CRC_START = 21
const HEADER_BYTES = 61
const CODEC_BITS = 0x07
const LOG_APPEND_TIME_BIT = 0x08
const TRANSACTIONAL_BIT = 0x10
const CONTROL_BIT = 0x20
/** A batch that claims to grow beyond this is refused before memory is taken for it. */
export const DECOMPRESSED_LIMIT_BYTES = 128 * 1024 * 1024

export interface DecodeOutcome {
  /** A batch at the end was cut off by the size of the answer. */
  readonly truncated: boolean
  /** Whole batches walked through, readable or not. */
  readonly batches: number
}

interface BatchHeader {
  readonly start: number
  readonly end: number
  readonly baseOffset: number
  readonly lastOffset: number
  readonly attributes: number
  readonly baseTimestampMs: number
  readonly maxTimestampMs: number
  readonly producerId: bigint
  readonly recordCount: number
}

/**
 * Walks the record batches of one partition's part of a Fetch answer and adds the records that a committed reader may
 * see, from `page.nextOffset` on, until the page is full. `page.nextOffset` then stands behind the last record, or behind
 * whatever holds none that can be read (KIP-98 control batches, aborted records, compacted gaps).
 * Throws CORRUPT_DATA where a checksum or a length is wrong.
 */
export function decodeBatches(records: Buffer, filter: AbortedFilter, page: PageBuilder): DecodeOutcome {
  let position = 0
  let batches = 0
  while (!page.full && position + MAGIC_AT < records.length) {
    const end = position + LENGTH_END + records.readInt32BE(position + 8)
    if (end <= position + MAGIC_AT) throw corrupt(`a batch at byte ${position} has no length`)
    if (end > records.length) return { truncated: true, batches }
    if (records[position + MAGIC_AT] < 2) {
      decodeMessageSet(records.subarray(position, end), page)
    } else {
      const header = readHeader(records, position, end)
      filter.reached(header.lastOffset)
      if (header.lastOffset >= page.nextOffset) decodeBatch(records, header, filter, page)
      else if (header.attributes & CONTROL_BIT) noteMarker(records, header, filter)
    }
    batches++
    position = end
  }
  return { truncated: !page.full && position < records.length, batches }
}

function readHeader(records: Buffer, start: number, end: number): BatchHeader {
  if (end - start < HEADER_BYTES) throw corrupt(`a batch of ${end - start} bytes`)
  if (crc32c(records.subarray(start + CRC_START, end)) !== records.readUInt32BE(start + CRC_AT)) {
    throw corrupt(`the checksum of the batch at offset ${records.readBigInt64BE(start)} is wrong`)
  }
  const baseOffset = Number(records.readBigInt64BE(start))
  return {
    start,
    end,
    baseOffset,
    lastOffset: baseOffset + records.readInt32BE(start + 23),
    attributes: records.readInt16BE(start + CRC_START),
    baseTimestampMs: Number(records.readBigInt64BE(start + 27)),
    maxTimestampMs: Number(records.readBigInt64BE(start + 35)),
    producerId: records.readBigInt64BE(start + 43),
    recordCount: records.readInt32BE(start + 57)
  }
}

function decodeBatch(records: Buffer, header: BatchHeader, filter: AbortedFilter, page: PageBuilder): void {
  if (header.attributes & CONTROL_BIT) noteMarker(records, header, filter)
  else if (!(header.attributes & TRANSACTIONAL_BIT && filter.isAborted(header.producerId))) {
    if (!readRecords(records, header, page)) return
  }
  page.nextOffset = header.lastOffset + 1
}

/** The key of a control record is its version and its type, two int16. */
function noteMarker(records: Buffer, header: BatchHeader, filter: AbortedFilter): void {
  reader.reset(records, header.start + HEADER_BYTES, header.end)
  reader.varint() // length
  reader.position++ // attributes
  reader.varlong()
  reader.varint()
  const keyLength = reader.varint()
  if (reader.failed || keyLength < 4 || reader.position + keyLength > header.end) throw corrupt('a control record has no type')
  filter.marker(header.producerId, records.readInt16BE(reader.position + 2))
}

const reader = new VarintReader()

/** Returns whether the batch was read to its end. */
function readRecords(records: Buffer, header: BatchHeader, page: PageBuilder): boolean {
  const codec = codecOf(header.attributes)
  const stored = records.subarray(header.start + HEADER_BYTES, header.end)
  const bytes = codec === 'none' ? stored : decompress(codec, stored, DECOMPRESSED_LIMIT_BYTES)
  const logAppendTime = (header.attributes & LOG_APPEND_TIME_BIT) !== 0
  const from = page.nextOffset
  let chunk = -1
  let position = 0
  for (let left = header.recordCount; left > 0; left--) {
    reader.reset(bytes, position, bytes.length)
    const length = reader.varint()
    const end = reader.position + length
    if (reader.failed || length < 0 || end > bytes.length) throw corrupt('a record is longer than its batch')
    reader.end = end
    reader.position++ // attributes: none are defined
    const timestampDelta = reader.varlong()
    const offset = header.baseOffset + reader.varint()
    const keyLength = reader.varint()
    const keyStart = reader.position
    if (keyLength > 0) reader.position += keyLength
    const valueLength = reader.varint()
    const valueStart = reader.position
    if (valueLength > 0) reader.position += valueLength
    if (reader.failed || reader.position >= end) throw corrupt('the lengths in a record do not add up')
    position = end
    if (offset < from) continue
    if (!page.admits(Math.max(0, keyLength) + Math.max(0, valueLength))) return false
    if (chunk < 0) chunk = page.addChunk(bytes)
    const timestampMs = logAppendTime ? header.maxTimestampMs : header.baseTimestampMs + timestampDelta
    const headersStart = bytes[reader.position] === 0 ? -1 : reader.position
    page.add(chunk, offset, timestampMs, logAppendTime, keyStart, keyLength, valueStart, valueLength, headersStart)
    if (page.full) return left === 1
  }
  return true
}

function codecOf(attributes: number): Codec {
  const codec = codecs[attributes & CODEC_BITS]
  if (codec === undefined) throw corrupt(`compression ${attributes & CODEC_BITS} is not known`)
  return codec
}

function corrupt(detail: string): GatewayError {
  return new GatewayError('CORRUPT_DATA', 'What Kafka returned cannot be decoded.', { detail })
}
