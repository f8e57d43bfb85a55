import { AbortedFilter } from '../records/aborted-filter.ts'
import { tryDecompress } from '../records/compression.ts'
import { readHeader } from '../records/decode-batches.ts'
import { readControlType } from '../records/decode-records.ts'
import { AT_ONCE_BYTES } from '../records/large-batch.ts'
import { BATCH_HEADER_BYTES, BATCH_MAGIC, codecOf, int64At, LENGTH_END, MAGIC_AT } from '../records/layout.ts'
import { isControl, isTransactional, OpenBatch, type BatchHeader } from '../records/open-batch.ts'
import type { BatchCache, LogIdentity } from './batch-cache.ts'
import type { FetchResult } from './fetch-message.ts'
import type { Isolation } from './read-request.ts'

/** What an answer from an offset on brought. */
export interface Arrival {
  /** Before it nothing is to be read: markers, aborted records, batches that compaction has emptied. */
  readonly from: number
  /** Before it something is to be read, from `from` on; nothing if both are the same. */
  readonly end: number
}

/**
 * Looks through the batches of an answer to a Fetch from `offset` on, and keeps those that are cheap to open, so that
 * whoever waits for them reads them without another Fetch. `log` is null if the cluster has no topic ids: then nothing is
 * kept. Throws CorruptRecords.
 */
export function takeArrival(
  result: FetchResult,
  isolation: Isolation,
  offset: number,
  log: LogIdentity | null,
  kept: BatchCache
): Arrival {
  const { records, aborted, lastStableOffset, highWatermark, startOffset } = result
  const endOffset = isolation === 'committed' ? lastStableOffset : highWatermark
  const filter = new AbortedFilter(aborted)
  let from = offset
  let end = offset
  for (let position = 0; position + MAGIC_AT < records.length;) {
    const next = position + LENGTH_END + records.readInt32BE(position + LENGTH_END - 4)
    const baseOffset = int64At(records, position)
    // A batch behind the end, cut off, or of an old format is the reader's own matter.
    if (baseOffset >= endOffset) break
    if (next > records.length || records[position + MAGIC_AT] < BATCH_MAGIC) return { from, end: endOffset }
    const batch = records.subarray(position, next)
    const header = readHeader(batch)
    const { lastOffset } = header
    filter.reached(lastOffset)
    if (isControl(header)) {
      if (header.recordCount > 0) filter.marker(header.producerId, readControlType(batch, BATCH_HEADER_BYTES))
    } else if (lastOffset >= offset && header.recordCount > 0 && !isAborted(header, filter)) {
      if (end === from) from = Math.max(from, baseOffset)
      end = lastOffset + 1
      if (log !== null && isSettled(header, isolation, lastStableOffset)) keep(batch, header, log, kept)
    }
    if (end <= from) from = end = Math.max(from, lastOffset + 1)
    position = next
  }
  // A topic that was asked for by name may be another one by now.
  if (log !== null && typeof result.topic !== 'string') kept.confirm(log, startOffset)
  return { from, end }
}

function isAborted(header: BatchHeader, filter: AbortedFilter): boolean {
  return isTransactional(header) && filter.isAborted(header.producerId)
}

/** Returns whether readers of what is committed may see the batch. An answer to others does not tell what was aborted. */
function isSettled(header: BatchHeader, isolation: Isolation, lastStableOffset: number): boolean {
  return isolation === 'committed' || (header.lastOffset < lastStableOffset && !isTransactional(header))
}

function keep(batch: Buffer, header: BatchHeader, log: LogIdentity, kept: BatchCache): void {
  const bytes = tryDecompress(codecOf(header.attributes), batch.subarray(BATCH_HEADER_BYTES), AT_ONCE_BYTES)
  if (bytes !== undefined) kept.keep(log, new OpenBatch(header, bytes))
}
