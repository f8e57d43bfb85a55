import type { AbortedFilter } from '../records/aborted-filter.ts'
import { decodeBatches, type Pause } from '../records/decode-batches.ts'
import { readRecords } from '../records/decode-records.ts'
import type { LargeBatch, OpenedBatch } from '../records/large-batch.ts'
import { isTransactional } from '../records/open-batch.ts'
import type { PageBuilder } from '../records/page-builder.ts'
import type { BatchCache, LogIdentity } from './batch-cache.ts'
import type { FetchResult } from './fetch-message.ts'

/** How to go on after an answer. `cut`: its first batch is not whole. `empty`: it brought nothing, though its end lies further on. */
export type Progress = 'done' | 'more' | 'cut' | 'empty'

/** Takes the records of a kept batch into the page; returns whether the page is full. */
export function takeKept(kept: BatchCache, log: LogIdentity, page: PageBuilder): boolean {
  const batch = kept.find(log, page.nextOffset, giveBack => page.onRecycle(giveBack))
  if (batch === undefined) return false
  if (readRecords(batch, page)) page.nextOffset = batch.header.lastOffset + 1
  page.paused = undefined
  return page.full
}

export function keepRest(
  kept: BatchCache,
  log: LogIdentity,
  { topic, startOffset }: FetchResult,
  { rest }: PageBuilder
): void {
  // A topic that was asked for by name may be another one by now.
  if (typeof topic !== 'string') kept.confirm(log, startOffset)
  if (rest !== undefined && !isTransactional(rest.header)) kept.keep(log, rest)
}

/**
 * Takes the records of an answer into the page; stops at a batch that takes long to open, and where the turn of the page ends,
 * and goes on with that.
 */
export function absorb(
  records: Buffer,
  endOffset: number,
  aborted: AbortedFilter,
  page: PageBuilder,
  resumed?: OpenedBatch | Pause
): Progress | LargeBatch | Pause {
  if (page.nextOffset >= endOffset) return 'done'
  const before = page.nextOffset
  const ended = decodeBatches(records, aborted, page, endOffset, resumed)
  if (typeof ended === 'object') return ended
  if (page.full || page.nextOffset >= endOffset) return 'done'
  if (page.nextOffset > before) return 'more'
  return ended ? 'cut' : 'empty'
}
