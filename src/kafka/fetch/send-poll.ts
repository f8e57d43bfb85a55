import { promised } from '../transport/promised.ts'
import { answerPool } from './answer-pool.ts'
import {
  FETCH,
  FETCH_FLEXIBLE_SINCE,
  FETCH_LEADER_ONLY_UNTIL,
  FETCH_MAX_VERSION,
  FETCH_MIN_VERSION,
  FETCH_TOPIC_IDS_SINCE,
  parseFetchResponse,
  writeFetch,
  type FetchAnswer,
  type FetchTerms
} from './fetch-message.ts'
import type { SessionChanges } from './fetch-session.ts'
import type { FetchChannel } from './ports.ts'
import type { Isolation } from './read-request.ts'

const POLL_BYTES = 1024 * 1024

/** Returns the version to poll with, after connecting if needed. */
export async function pollVersion(channel: FetchChannel, hasIds: boolean, choosesReplicas: boolean): Promise<number> {
  const known = channel.versionNow(FETCH, FETCH_MIN_VERSION, FETCH_MAX_VERSION)
  const offered = known >= 0 ? known : await channel.version(FETCH, FETCH_MIN_VERSION, FETCH_MAX_VERSION)
  const named = hasIds ? offered : Math.min(offered, FETCH_TOPIC_IDS_SINCE - 1)
  return choosesReplicas ? Math.min(named, FETCH_LEADER_ONLY_UNTIL) : named
}

/** Polls, and hands over the answer; its memory is used again when `use` returns. Rejects with a TransportError. */
export async function sendPoll(
  channel: FetchChannel,
  version: number,
  { partitions, session, forgotten }: SessionChanges,
  waitMs: number,
  isolation: Isolation,
  use: (answer: FetchAnswer) => void
): Promise<void> {
  const terms: FetchTerms = { waitMs, minBytes: 1, isolation, maxBytes: POLL_BYTES, session, forgotten }
  const body = writeFetch(version, partitions, terms)
  const flexible = version >= FETCH_FLEXIBLE_SINCE
  const response = await promised(callback =>
    channel.send(FETCH, version, flexible, body, callback, bytes => answerPool.take(bytes))
  )
  try {
    const answer = parseFetchResponse(version, response)
    channel.throttled(FETCH, answer.throttleTimeMs)
    use(answer)
  } finally {
    answerPool.give(response)
  }
}
