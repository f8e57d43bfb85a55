import { Deadline } from '../../core/deadline.ts'
import { GatewayError } from '../../core/errors.ts'
import { PAGE_BYTES, PAGE_RECORDS } from '../../gateway/consume.ts'
import type { FollowRead, PageLimits, TopicFollower } from '../../gateway/gateway.ts'
import type { Reply } from '../../http/answer.ts'
import type { HttpCall } from '../../http/call.ts'
import { formatPosition, POSITION_CHARACTERS } from '../shared/position.ts'
import { PAGE_FRONT_BYTES, type PageText } from '../shared/records/page-writer.ts'
import { recycleText } from '../shared/records/text-writer.ts'
import { BYTES_PER_RECORD, COPIES } from './page-memory.ts'
import { beginPage, type PageEncoding } from './record-form.ts'
import type { Selection } from './selection.ts'

export interface TopicPage {
  readonly count: number
  /** For how long to wait for the first records. */
  readonly waitMs: number
  readonly encodings: PageEncoding
  readonly selection: Selection | undefined
  /** The only one that is read, if the page is one of it. */
  readonly partition?: number
}

/** What a search holds in memory while it goes on, besides what it has found. */
const SEARCH_BYTES = 1024 * 1024

/**
 * Answers with what the follower brings, as soon as there is anything; with an empty page when the wait is over, when the follower
 * has come to where it is to stop, or when a search has looked at as much as it may.
 */
export async function topicPage(call: HttpCall, follower: TopicFollower, page: TopicPage): Promise<Reply> {
  const { count, waitMs, encodings, selection } = page
  const until = Deadline.after(waitMs)
  const limits = { ...selection?.limits, records: Math.min(count, PAGE_RECORDS), bytes: PAGE_BYTES }
  const isSearch = selection?.isSearch === true
  for (let scanned = 0; ;) {
    const text = beginPage(encodings, selection?.cut)
    const read = await readPage(call, follower, limits, text)
    scanned += read.scanned
    if (limits.scanBytes !== undefined) limits.scanBytes = Math.max(1, limits.scanBytes - read.scannedBytes)
    const isOver = follower.isComplete || (isSearch && follower.hasMore)
    if (read.count > 0 || isOver || until.passed || call.signal.aborted)
      return pageReply(follower, text, { ...read, scanned }, page)
    recycleText(text.finish())
    await call.waiting(() => follower.wait({ deadline: until, signal: call.signal }))
  }
}

async function readPage(
  call: HttpCall,
  follower: TopicFollower,
  limits: PageLimits,
  text: PageText
): Promise<FollowRead> {
  const { deadline } = call.begin()
  // Held until the client has taken the answer: readers that stop reading use up the budget, not the memory.
  const heldBytes = Math.min(limits.records * BYTES_PER_RECORD, PAGE_BYTES)
  call.hold(limits.scanBytes === undefined ? heldBytes : Math.max(heldBytes, SEARCH_BYTES))
  call.reserve()
  let payloadBytes = 0
  const read = await follower.read(deadline, limits, page => {
    payloadBytes += page.payloadBytes
    call.hold(payloadBytes * COPIES)
    text.add(page)
  })
  call.settle(read.count, payloadBytes)
  return read
}

/** Throws why a partition could not be read, if there is no record. */
function pageReply(
  follower: TopicFollower,
  text: PageText,
  { scanned, passing }: FollowRead,
  { partition, selection }: TopicPage
): Reply {
  const next = formatPosition(follower.position)
  const headers = partition === undefined ? positionHeader(next) : offsetHeader(follower, partition)
  if (scanned === 0 && passing !== undefined) {
    const { code, message, detail, cause } = passing
    throw new GatewayError(code, message, {
      cause,
      ...(headers === undefined ? {} : { headers }),
      ...(detail === undefined ? {} : { detail })
    })
  }
  return {
    status: 200,
    body: text.finish(
      [
        partition === undefined ? `,"next":"${next}"` : '',
        follower.isComplete ? ',"complete":true' : '',
        selection?.isSearch === true ? `,"scanned":${scanned}` : '',
        '}'
      ].join('')
    ),
    ...(headers === undefined ? {} : { headers }),
    counted: true,
    recycle: recycleText,
    frontBytes: PAGE_FRONT_BYTES
  }
}

function positionHeader(next: string): Record<string, string> | undefined {
  return next.length <= POSITION_CHARACTERS ? { NextPosition: next } : undefined
}

/** Throws LEADER_NOT_AVAILABLE if nobody could say where the partition begins. */
function offsetHeader({ position: { starts } }: TopicFollower, partition: number): Record<string, string> {
  const offset = starts.get(partition)
  if (typeof offset === 'number') return { NextOffset: String(offset) }
  throw new GatewayError('LEADER_NOT_AVAILABLE', `Partition ${partition} has no leader.`)
}

/** Throws INVALID_PARTITION if the position in so many partitions would not come through proxies on its way back. */
export function requireShortPosition({ position }: TopicFollower): void {
  const { size } = position.starts
  // Offsets grow: a digit more for each.
  const characters = formatPosition(position).length + size
  if (characters <= POSITION_CHARACTERS) return
  const fit = Math.floor((POSITION_CHARACTERS / characters) * size)
  throw new GatewayError(
    'INVALID_PARTITION',
    `A position in ${size} partitions has more than ${POSITION_CHARACTERS} characters. Some ${fit} fit: name them in partitions.`
  )
}
