import { OFFSET_OUT_OF_RANGE } from '../kafka-errors.ts'
import type { LeaderHint } from '../metadata/leader-hints.ts'
import { CorruptRecords } from '../records/corrupt-records.ts'
import { takeArrival } from './arrival.ts'
import type { BatchCache } from './batch-cache.ts'
import type { FetchAnswer, FetchResult } from './fetch-message.ts'
import { ReadFailure } from './read-failure.ts'
import { troubleOf } from './trouble.ts'
import type { Ready, WaitedPartition } from './waited-partition.ts'

/** A partition, and the offset from which the broker was asked for it. */
export type Polled = readonly [partition: WaitedPartition, offset: number]

/** Why a partition is not polled there any more. */
export interface LostLeader {
  /** For the log. */
  readonly detail: string
  /** Who leads it now, if the broker that was asked names it (KIP-951). */
  readonly hint?: LeaderHint
}

/** What a poll has brought. */
export interface PollOutcome {
  readonly ready: Ready
  /** Partitions that the broker does not serve now. */
  readonly lost: Map<WaitedPartition, LostLeader>
  /** Partitions that the answer tells something about. */
  readonly named: WaitedPartition[]
  /** Some partitions have moved past what holds nothing to read. */
  hasPassed: boolean
  /** The broker wants readers to ask another replica (KIP-392). */
  choosesReplicas: boolean
}

/** Judges an answer, and keeps the batches that it brought. `find` returns undefined for what nobody waits for any more. */
export function judgePoll(
  answer: FetchAnswer,
  kept: BatchCache,
  find: (result: FetchResult) => Polled | undefined
): PollOutcome {
  const outcome: PollOutcome = {
    ready: new Map(),
    lost: new Map(),
    named: [],
    hasPassed: false,
    choosesReplicas: false
  }
  const isFull = answer.results.some(({ records }) => records.length > 0)
  for (const result of answer.results) {
    const polled = find(result)
    if (polled === undefined) continue
    outcome.named.push(polled[0])
    if (result.errorCode !== 0) judgeError(result, polled, outcome)
    else if (result.preferredReadReplica >= 0) outcome.choosesReplicas = true
    else if (result.records.length > 0) judgeRecords(result, polled, kept, outcome)
    // Kafka leaves out the records of some partitions if those of others fill the answer.
    else if (!isFull) judgeEmpty(result, polled, outcome)
  }
  return outcome
}

function judgeError(result: FetchResult, [each, polledOffset]: Polled, outcome: PollOutcome): void {
  if (result.errorCode === OFFSET_OUT_OF_RANGE) return each.collect(outcome.ready, offset => offset === polledOffset)
  try {
    const { detail } = troubleOf(result, each.topic, each.partition)
    const { currentLeader, nodes = [], partition } = result
    const { topicId = null, leader = -1 } = each.log ?? {}
    if (currentLeader === undefined) outcome.lost.set(each, { detail })
    else {
      const leaders = new Map([[partition, currentLeader]])
      outcome.lost.set(each, { detail, hint: { topicId, leaders, nodes, from: leader } })
    }
  } catch (error) {
    if (!(error instanceof ReadFailure)) throw error
    each.collect(outcome.ready, () => true)
  }
}

function judgeRecords(result: FetchResult, [each, polledOffset]: Polled, kept: BatchCache, outcome: PollOutcome): void {
  const { topic, partition, isolation, log } = each
  const topicId = log?.topicId ?? null
  const identity = topicId === null ? null : { topic, topicId, partition, leaderEpoch: log?.leaderEpoch ?? -1 }
  try {
    const { from, end } = takeArrival(result, isolation, polledOffset, identity, kept)
    if (from > polledOffset) outcome.hasPassed = true
    each.pass(polledOffset, from)
    if (end > from) each.collect(outcome.ready, offset => offset < end)
  } catch (error) {
    if (!(error instanceof CorruptRecords)) throw error
    each.collect(outcome.ready, () => true)
  }
}

/** Below its end a log without records has a gap, or has them in remote storage: the read finds out. */
function judgeEmpty(result: FetchResult, [each]: Polled, outcome: PollOutcome): void {
  const end = each.isolation === 'committed' ? result.lastStableOffset : result.highWatermark
  each.collect(outcome.ready, offset => offset < end)
}
