import type { AbortedFilter } from './aborted-filter.ts'
import { crc32c } from './crc32c.ts'
import { decodeMessages } from './decode-message-set.ts'
import { decodeRecords, readControlType } from './decode-records.ts'
import { isTransactional, type BatchHeader } from './open-batch.ts'
import { corrupt, int64At, LENGTH_END, MAGIC_AT } from './layout.ts'
import type { PageBuilder } from './page-builder.ts'

const CRC_AT = 17
const CRC_START = 21
const HEADER_BYTES = 61
const CONTROL_BIT = 0x20
const MAGIC = 2

/**
 * Walks the record batches of one partition's part of a Fetch answer and adds the records that a committed reader may
 * see, from `page.nextOffset` up to `endOffset` (the last stable offset of the answer), until the page is full.
 * `page.nextOffset` then stands behind the last record, or behind whatever holds none that can be read (KIP-98 control
 * batches, aborted records, compacted gaps).
 *
 * Returns whether the answer ended in a batch that was cut off by its size and is still wanted.
 * Throws CORRUPT_DATA where a checksum or a length is wrong; what was added before stays in the page.
 * @see https://kafka.apache.org/documentation/#recordbatch
 */
export function decodeBatches(records: Buffer, filter: AbortedFilter, page: PageBuilder, endOffset: number): boolean {
  let position = 0
  while (!page.full && page.nextOffset < endOffset && position < records.length) {
    if (position + MAGIC_AT >= records.length) return true
    const end = position + LENGTH_END + records.readInt32BE(position + LENGTH_END - 4)
    if (end <= position + MAGIC_AT) throw corrupt(`the batch at byte ${position} has no length`)
    if (end > records.length) return true
    if (int64At(records, position) >= endOffset) return false
    const magic = records[position + MAGIC_AT]
    if (magic < MAGIC) decodeMessages(records.subarray(position, end), page)
    else if (magic === MAGIC) decodeBatch(records.subarray(position, end), records.length - position, filter, page)
    else throw corrupt(`format ${magic} of record batches is not known`)
    position = end
  }
  return false
}

/** `ahead`: bytes from the batch to the end of the answer. */
function decodeBatch(batch: Buffer, ahead: number, filter: AbortedFilter, page: PageBuilder): void {
  const header = readHeader(batch)
  const { attributes, lastOffset, producerId } = header
  filter.reached(lastOffset)
  if (attributes & CONTROL_BIT) {
    // Compaction may leave an empty control batch behind.
    if (header.recordCount > 0) filter.marker(producerId, readControlType(batch, HEADER_BYTES))
  } else if (lastOffset >= page.nextOffset && !(isTransactional(header) && filter.isAborted(producerId))) {
    const { stored } = page
    stored.bytes += batch.length
    stored.records += header.recordCount
    stored.largestBatchBytes = Math.max(stored.largestBatchBytes, batch.length)
    // Room for what follows too, if it is like this one: making room batch by batch copies what is there each time.
    page.reserve(Math.ceil((header.recordCount / batch.length) * ahead))
    if (!decodeRecords(batch.subarray(HEADER_BYTES), header, page)) return
  }
  page.nextOffset = Math.max(page.nextOffset, lastOffset + 1)
}

function readHeader(batch: Buffer): BatchHeader {
  if (batch.length < HEADER_BYTES) throw corrupt(`a record batch of ${batch.length} bytes`)
  const baseOffset = int64At(batch, 0)
  if (crc32c(batch.subarray(CRC_START)) !== batch.readUInt32BE(CRC_AT)) {
    throw corrupt(`the checksum of the batch at offset ${baseOffset} is wrong`)
  }
  const lastOffset = baseOffset + batch.readInt32BE(23)
  const recordCount = batch.readInt32BE(57)
  if (lastOffset < baseOffset || recordCount < 0)
    throw corrupt(`the batch at offset ${baseOffset} counts less than none`)
  return {
    baseOffset,
    lastOffset,
    recordCount,
    attributes: batch.readInt16BE(CRC_START),
    baseTimestampMs: int64At(batch, 27),
    maxTimestampMs: int64At(batch, 35),
    producerId: batch.readBigInt64BE(43)
  }
}
