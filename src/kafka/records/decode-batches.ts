import type { AbortedFilter } from './aborted-filter.ts'
import { tryDecompress } from './compression.ts'
import { crc32c } from './crc32c.ts'
import { compressedMessages, decodeMessages } from './decode-message-set.ts'
import { readControlType, readRecords } from './decode-records.ts'
import { AT_ONCE_BYTES, LargeBatch, type OpenedBatch } from './large-batch.ts'
import {
  ATTRIBUTES_AT,
  BASE_TIMESTAMP_AT,
  BATCH_HEADER_BYTES,
  BATCH_MAGIC,
  codecOf,
  corrupt,
  CRC_AT,
  int64At,
  LAST_OFFSET_DELTA_AT,
  LENGTH_END,
  MAGIC_AT,
  MAX_TIMESTAMP_AT,
  PRODUCER_ID_AT,
  RECORD_COUNT_AT
} from './layout.ts'
import { isControl, isTransactional, OpenBatch, type BatchHeader } from './open-batch.ts'
import type { PageBuilder } from './page-builder.ts'

/**
 * Walks the record batches of one partition's part of a Fetch answer and adds the records that a committed reader may
 * see, from `page.nextOffset` up to `endOffset` (the last stable offset of the answer), until the page is full.
 * `page.nextOffset` is then after the last record, or after whatever holds none that can be read (control batches of
 * KIP-98, aborted records, compacted gaps).
 *
 * Returns whether the answer ended in a batch that was cut off by its size and is still wanted; or the batch at which it
 * stopped because decompressing that would take long, or where the turn of the page ended. Call again with the opened batch,
 * or in the next turn with the pause, to go on there.
 * Throws CorruptRecords if a checksum or a length is wrong; what was added before stays in the page.
 * @see https://kafka.apache.org/documentation/#recordbatch
 */
export function decodeBatches(
  records: Buffer,
  filter: AbortedFilter,
  page: PageBuilder,
  endOffset: number,
  resumed?: OpenedBatch | Pause
): boolean | LargeBatch | Pause {
  let position = resumed?.position ?? 0
  const opened = resumed instanceof Pause ? undefined : resumed
  if (resumed instanceof Pause && resumed.batch !== undefined) readToEnd(resumed.batch, page)
  while (!page.full && page.nextOffset < endOffset && position < records.length) {
    if (page.turnBytes <= 0) return pauseAt(position, page)
    if (position + MAGIC_AT >= records.length) return true
    const end = position + LENGTH_END + records.readInt32BE(position + LENGTH_END - 4)
    if (end <= position + MAGIC_AT) throw corrupt(`the batch at byte ${position} has no length`)
    if (end > records.length) return true
    if (int64At(records, position) >= endOffset) return false
    const batch = records.subarray(position, end)
    const magic = records[position + MAGIC_AT]
    const content = opened?.position === position ? opened.bytes : undefined
    if (magic > BATCH_MAGIC) throw corrupt(`format ${magic} of record batches is not known`)
    if (magic < BATCH_MAGIC) {
      if (!decodeMessages(batch, page, content)) return largeMessage(position, batch)
    } else if (!decodeBatch(batch, records.length - position, filter, page, content)) return largeBatch(position, batch)
    position = end
  }
  return page.paused === undefined ? false : pauseAt(position, page)
}

/** Where the turn of a page ended in an answer. */
export class Pause {
  /** Of the next batch. */
  readonly position: number
  /** The batch before, if it is not read to its end. */
  readonly batch: OpenBatch | undefined

  constructor(position: number, batch: OpenBatch | undefined) {
    this.position = position
    this.batch = batch
  }
}

function pauseAt(position: number, page: PageBuilder): Pause {
  const { paused } = page
  page.paused = undefined
  return new Pause(position, paused)
}

function readToEnd(batch: OpenBatch, page: PageBuilder): void {
  if (readRecords(batch, page)) page.nextOffset = Math.max(page.nextOffset, batch.header.lastOffset + 1)
}

function largeMessage(position: number, message: Buffer): LargeBatch {
  const { codec, bytes } = compressedMessages(message)
  return new LargeBatch(position, codec, bytes)
}

function largeBatch(position: number, batch: Buffer): LargeBatch {
  return new LargeBatch(position, codecOf(batch.readInt16BE(ATTRIBUTES_AT)), batch.subarray(BATCH_HEADER_BYTES))
}

/**
 * `ahead`: bytes from the batch to the end of the answer; `opened`: its records if they were decompressed before. Returns
 * false, and adds nothing, if it is too large to be decompressed at once.
 */
function decodeBatch(
  batch: Buffer,
  ahead: number,
  filter: AbortedFilter,
  page: PageBuilder,
  opened: Buffer | undefined
): boolean {
  const header = readHeader(batch)
  const { attributes, lastOffset, producerId } = header
  filter.reached(lastOffset)
  if (isControl(header)) {
    // Compaction may leave an empty control batch behind.
    if (header.recordCount > 0) filter.marker(producerId, readControlType(batch, BATCH_HEADER_BYTES))
  } else if (lastOffset >= page.nextOffset && !(isTransactional(header) && filter.isAborted(producerId))) {
    const bytes = opened ?? tryDecompress(codecOf(attributes), batch.subarray(BATCH_HEADER_BYTES), AT_ONCE_BYTES)
    if (bytes === undefined) return false
    const { stored } = page
    stored.bytes += batch.length
    stored.records += header.recordCount
    stored.largestBatchBytes = Math.max(stored.largestBatchBytes, batch.length)
    // Also makes room for the batches that follow, if they are like this one: growing for each would copy the page each time.
    page.reserve(Math.ceil((header.recordCount / batch.length) * ahead))
    readToEnd(new OpenBatch(header, bytes), page)
    return true
  }
  page.nextOffset = Math.max(page.nextOffset, lastOffset + 1)
  return true
}

/** Returns the header of a batch. Throws CorruptRecords if its checksum is wrong. */
export function readHeader(batch: Buffer): BatchHeader {
  if (batch.length < BATCH_HEADER_BYTES) throw corrupt(`a record batch of ${batch.length} bytes`)
  const baseOffset = int64At(batch, 0)
  if (crc32c(batch.subarray(ATTRIBUTES_AT)) !== batch.readUInt32BE(CRC_AT)) {
    throw corrupt(`the checksum of the batch at offset ${baseOffset} is wrong`)
  }
  const lastOffset = baseOffset + batch.readInt32BE(LAST_OFFSET_DELTA_AT)
  const recordCount = batch.readInt32BE(RECORD_COUNT_AT)
  if (lastOffset < baseOffset || recordCount < 0)
    throw corrupt(`the batch at offset ${baseOffset} counts less than none`)
  return {
    baseOffset,
    lastOffset,
    recordCount,
    attributes: batch.readInt16BE(ATTRIBUTES_AT),
    baseTimestampMs: int64At(batch, BASE_TIMESTAMP_AT),
    maxTimestampMs: int64At(batch, MAX_TIMESTAMP_AT),
    producerId: batch.readBigInt64BE(PRODUCER_ID_AT)
  }
}
