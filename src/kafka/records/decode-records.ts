import { corrupt, LOG_APPEND_TIME_BIT } from './layout.ts'
import type { OpenBatch } from './open-batch.ts'
import type { PageBuilder, RecordFilter } from './page-builder.ts'
import { RecordReader } from './record-reader.ts'

/** Shared by all batches, because decoding is synchronous. */
const record = new RecordReader()

/**
 * Adds the records of a batch from `page.nextOffset` on. Returns false if the page was full before the last one. Throws
 * CorruptRecords.
 * @see https://kafka.apache.org/documentation/#record
 */
export function readRecords(opened: OpenBatch, page: PageBuilder): boolean {
  const { header: batch, bytes } = opened
  const { filter } = page
  const logAppendTime = (batch.attributes & LOG_APPEND_TIME_BIT) !== 0
  // A record has at least seven bytes, whatever count the header claims.
  page.reserve(Math.min(batch.recordCount, Math.ceil(bytes.length / 7)))
  const passed = opened.recordsBefore(page.nextOffset)
  const lastDelta = batch.lastOffset - batch.baseOffset
  const { turnBytes } = page
  let position = opened.startOf(passed)
  let begin = position
  let chunk = -1
  for (let left = batch.recordCount - passed; left > 0; left--) {
    if (!record.read(bytes, position) || record.offsetDelta > lastDelta) {
      throw corrupt(`the lengths of a record in the batch at offset ${batch.baseOffset} do not add up`)
    }
    const { keyLength, valueLength, end } = record
    const offset = batch.baseOffset + record.offsetDelta
    if (offset < page.nextOffset) {
      position = begin = end
      continue
    }
    if (filter !== undefined && position - begin >= turnBytes) {
      page.scannedBytes += position - begin
      opened.markTurn(page.nextOffset, batch.recordCount - left, position)
      return page.pauseWithin(opened)
    }
    position = end
    if (filter !== undefined && !passes(filter, bytes)) {
      page.nextOffset = offset + 1
      page.refused++
      continue
    }
    if (!page.admits(keyLength, valueLength)) {
      page.scannedBytes += position - begin
      return page.endWithin(opened)
    }
    if (chunk < 0) chunk = page.addChunk(bytes)
    page.add(
      chunk,
      offset,
      logAppendTime ? batch.maxTimestampMs : batch.baseTimestampMs + record.timestampDelta,
      logAppendTime,
      record.keyStart,
      keyLength,
      record.valueStart,
      valueLength,
      record.headersStart,
      record.headerCount === 0 ? 0 : end - record.headersStart
    )
    if (page.full && left > 1) {
      page.scannedBytes += position - begin
      return page.endWithin(opened)
    }
  }
  page.scannedBytes += position - begin
  if (position !== bytes.length)
    throw corrupt(`the batch at offset ${batch.baseOffset} holds more records than it counts`)
  return true
}

/** Returns whether the filter lets the last record read pass. */
function passes(filter: RecordFilter, bytes: Buffer): boolean {
  const { keyStart, keyLength, valueStart, valueLength, headerCount, headersStart } = record
  return filter(bytes, keyStart, keyLength, valueStart, valueLength, headerCount === 0 ? -1 : headersStart)
}

/** Returns the type of the control record at `position`: its key is a version and a type, two int16 (KIP-98). */
export function readControlType(batch: Buffer, position: number): number {
  if (!record.read(batch, position) || record.keyLength < 4) throw corrupt('a control record has no type')
  return batch.readInt16BE(record.keyStart + 2)
}
