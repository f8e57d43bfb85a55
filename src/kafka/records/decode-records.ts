import { decompress } from './compression.ts'
import { codecOf, corrupt, DECOMPRESSED_LIMIT_BYTES, LOG_APPEND_TIME_BIT } from './layout.ts'
import { OpenBatch, type BatchHeader } from './open-batch.ts'
import type { PageBuilder } from './page-builder.ts'
import { VarintReader } from './varint.ts'

/** One for all batches: no object a record, and decoding never yields. */
const reader = new VarintReader()

/**
 * Adds the records of a batch from `page.nextOffset` on. Returns false when it stopped before the end because the page
 * is full. Throws CORRUPT_DATA.
 * @see https://kafka.apache.org/documentation/#record
 */
export function decodeRecords(stored: Buffer, header: BatchHeader, page: PageBuilder): boolean {
  const bytes = decompress(codecOf(header.attributes), stored, DECOMPRESSED_LIMIT_BYTES)
  return readRecords(new OpenBatch(header, bytes), page)
}

/** The same, of a batch that was opened before. */
export function readRecords(opened: OpenBatch, page: PageBuilder): boolean {
  const { header: batch, bytes } = opened
  const logAppendTime = (batch.attributes & LOG_APPEND_TIME_BIT) !== 0
  // A record has seven bytes at least, whatever the batch says it counts.
  page.reserve(Math.min(batch.recordCount, Math.ceil(bytes.length / 7)))
  const passed = opened.recordsBefore(page.nextOffset)
  let position = opened.startOf(passed)
  let chunk = -1
  for (let left = batch.recordCount - passed; left > 0; left--) {
    const end = openRecord(bytes, position)
    const timestampDelta = reader.varlong()
    const offset = batch.baseOffset + reader.varint()
    const keyLength = reader.varint()
    const keyStart = reader.position
    if (keyLength > 0) reader.position += keyLength
    const valueLength = reader.varint()
    const valueStart = reader.position
    if (valueLength > 0) reader.position += valueLength
    const headersStart = reader.position
    const headerCount = reader.varint()
    if (headerCount !== 0) skipHeaders(headerCount)
    if (reader.failed || reader.position !== end || keyLength < -1 || valueLength < -1 || offset > batch.lastOffset) {
      throw corrupt(`the lengths of a record in the batch at offset ${batch.baseOffset} do not add up`)
    }
    position = end
    if (offset < page.nextOffset) continue
    if (!page.admits(keyLength, valueLength)) return page.endWithin(opened)
    if (chunk < 0) chunk = page.addChunk(bytes)
    const timestampMs = logAppendTime ? batch.maxTimestampMs : batch.baseTimestampMs + timestampDelta
    const headersLength = headerCount === 0 ? 0 : end - headersStart
    page.add(
      chunk,
      offset,
      timestampMs,
      logAppendTime,
      keyStart,
      keyLength,
      valueStart,
      valueLength,
      headersStart,
      headersLength
    )
    if (page.full && left > 1) return page.endWithin(opened)
  }
  if (position !== bytes.length)
    throw corrupt(`the batch at offset ${batch.baseOffset} holds more records than it counts`)
  return true
}

/** Leaves the reader behind the attributes of the record at `position`; returns where the record ends. */
function openRecord(bytes: Buffer, position: number): number {
  reader.reset(bytes, position, bytes.length)
  const length = reader.varint()
  const end = reader.position + length
  if (reader.failed || length < 1 || end > bytes.length) throw corrupt('a record is longer than its batch')
  reader.end = end
  reader.position++ // attributes: none are defined
  return end
}

function skipHeaders(count: number): void {
  if (count < 0) reader.failed = true
  for (let left = count; left > 0 && !reader.failed; left--) {
    const keyLength = reader.varint()
    if (keyLength < 0) reader.failed = true
    reader.position += keyLength
    const valueLength = reader.varint()
    if (valueLength < -1) reader.failed = true
    if (valueLength > 0) reader.position += valueLength
  }
}

/** The type of the control record that begins at `position`: its key is a version and a type, two int16 (KIP-98). */
export function readControlType(batch: Buffer, position: number): number {
  const end = openRecord(batch, position)
  reader.varlong() // timestamp
  reader.varint() // offset
  const keyLength = reader.varint()
  if (reader.failed || keyLength < 4 || reader.position + keyLength > end) throw corrupt('a control record has no type')
  return batch.readInt16BE(reader.position + 2)
}
