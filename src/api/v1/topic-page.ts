import { Deadline } from '../../core/deadline.ts'
import { GatewayError } from '../../core/errors.ts'
import { PAGE_BYTES, PAGE_RECORDS } from '../../gateway/consume.ts'
import type { FollowRead, TopicFollower } from '../../gateway/gateway.ts'
import type { Reply } from '../../http/answer.ts'
import type { HttpCall } from '../../http/call.ts'
import { formatPosition, POSITION_CHARACTERS } from '../shared/position.ts'
import { PAGE_FRONT_BYTES, type PageText } from '../shared/records/page-writer.ts'
import { recycleText } from '../shared/records/text-writer.ts'
import { BYTES_PER_RECORD, COPIES } from './consume.ts'
import { beginPage, type PageEncoding } from './record-form.ts'

export interface TopicPage {
  readonly count: number
  /** For how long to wait for the first records. */
  readonly waitMs: number
  readonly encodings: PageEncoding
}

/** Answers with what the follower brings, as soon as there is anything, and with an empty page when the wait is over. */
export async function topicPage(
  call: HttpCall,
  follower: TopicFollower,
  { count, waitMs, encodings }: TopicPage
): Promise<Reply> {
  const until = Deadline.after(waitMs)
  for (;;) {
    const text = beginPage(encodings)
    const read = await readPage(call, follower, Math.min(count, PAGE_RECORDS), text)
    if (read.count > 0 || until.passed || call.signal.aborted) return pageReply(follower, text, read)
    recycleText(text.finish())
    await call.waiting(() => follower.wait({ deadline: until, signal: call.signal }))
  }
}

async function readPage(call: HttpCall, follower: TopicFollower, count: number, text: PageText): Promise<FollowRead> {
  const { deadline } = call.begin()
  // Held until the client has taken the answer: readers that stop reading use up the budget, not the memory.
  call.hold(Math.min(count * BYTES_PER_RECORD, PAGE_BYTES))
  call.reserve()
  let payloadBytes = 0
  const read = await follower.read(deadline, { records: count, bytes: PAGE_BYTES }, page => {
    payloadBytes += page.payloadBytes
    call.hold(payloadBytes * COPIES)
    text.add(page)
  })
  call.settle(read.count, payloadBytes)
  return read
}

/** Throws why a partition could not be read, if there is no record. */
function pageReply(follower: TopicFollower, text: PageText, { count, passing }: FollowRead): Reply {
  const next = formatPosition(follower.position)
  const headers = next.length <= POSITION_CHARACTERS ? { NextPosition: next } : undefined
  if (count === 0 && passing !== undefined) {
    const { code, message, detail, cause } = passing
    throw new GatewayError(code, message, {
      cause,
      ...(headers === undefined ? {} : { headers }),
      ...(detail === undefined ? {} : { detail })
    })
  }
  return {
    status: 200,
    body: text.finish(`,"next":"${next}"}`),
    ...(headers === undefined ? {} : { headers }),
    counted: true,
    recycle: recycleText,
    frontBytes: PAGE_FRONT_BYTES
  }
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
