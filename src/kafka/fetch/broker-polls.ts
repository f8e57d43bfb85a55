import { growingPauseMs, scattered } from '../../core/lib/growing-pause.ts'
import { kafkaErrorName } from '../kafka-errors.ts'
import { causeText, TransportError } from '../transport/transport-error.ts'
import type { BatchCache } from './batch-cache.ts'
import { FETCH_TOPIC_IDS_SINCE, NO_SESSION, type FetchAnswer, type FetchResult } from './fetch-message.ts'
import { FetchSession, keyOf, polledFrom } from './fetch-session.ts'
import { judgePoll, type LostLeader, type Polled, type PollOutcome } from './poll-answer.ts'
import type { FetchChannel } from './ports.ts'
import type { Isolation } from './read-request.ts'
import { pollVersion, sendPoll } from './send-poll.ts'
import type { Ready, WaitedPartition } from './waited-partition.ts'

/** Whoever set up the polls. */
export interface PollOwner {
  /** Some places can be read, or can never be: then the read tells why. */
  ready(ready: Ready): void
  /** The broker does not serve the partition now. */
  lost(partition: WaitedPartition, why: LostLeader): void
}

/** Below the silence after which a connection is replaced. */
const LONGEST_MS = 500
/** How long newcomers may have to wait while others are polled for. */
const BRIEF_MS = 10
const BRIEF_PARTITIONS = 256
/** A broker that is late by so much may be frozen, and others may lead its partitions by now. */
const SUSPICIOUS_MS = 1000
const FAILURE_PAUSE_FIRST_MS = 50
const FAILURE_PAUSE_LIMIT_MS = 1000
const VAIN_PAUSE_FIRST_MS = 5
const VAIN_PAUSE_LIMIT_MS = 100
/** FETCH_SESSION_ID_NOT_FOUND, INVALID_FETCH_SESSION_EPOCH, FETCH_SESSION_TOPIC_ID_ERROR: the session is over, and no more. */
const SESSION_ERRORS: ReadonlySet<number> = new Set([70, 71, 106])

/**
 * Long polls at one broker for all who wait there, at most two at a time. The long one carries everything, in a fetch
 * session (KIP-227). Kafka has no way to add to a request: until the long one returns, brief ones on a connection of their
 * own carry what it does not cover.
 */
export class BrokerPolls {
  readonly #isolation: Isolation
  readonly #channel: (which: 'long' | 'brief') => FetchChannel
  readonly #longMs: number
  readonly #kept: BatchCache
  readonly #owner: PollOwner
  readonly #members = new Set<WaitedPartition>()
  /** What the session may not know yet. */
  readonly #changed = new Set<WaitedPartition>()
  /** Members that the long poll under way does not cover. Those are first that no brief one has had yet. */
  readonly #uncovered = new Set<WaitedPartition>()
  readonly #session = new FetchSession()
  /** Members of topics without an id. */
  #withoutId = 0
  #isLongBusy = false
  #isBriefBusy = false
  /** When the request under way was sent; 0 if there is none. */
  #longSentMs = 0
  #briefSentMs = 0
  #notBeforeMs = 0
  /** In a row. */
  #failures = 0
  /** Long polls in a row that came back early, and with nothing. */
  #vain = 0
  /** The broker has sent readers to another replica; it answers older versions of Fetch itself. */
  #choosesReplicas = false
  #isScheduled = false
  #timer: NodeJS.Timeout | undefined

  /** `requestTimeoutMs`: the time limit of the connections for each request. */
  constructor(
    isolation: Isolation,
    channel: (which: 'long' | 'brief') => FetchChannel,
    requestTimeoutMs: number,
    kept: BatchCache,
    owner: PollOwner
  ) {
    this.#isolation = isolation
    this.#longMs = Math.min(LONGEST_MS, Math.ceil(requestTimeoutMs / 2))
    this.#channel = channel
    this.#kept = kept
    this.#owner = owner
  }

  /** The partitions that are polled here. */
  get members(): ReadonlySet<WaitedPartition> {
    return this.#members
  }

  /** Whether the broker has owed an answer for suspiciously long. */
  get isOverdue(): boolean {
    const latestMs = performance.now() - this.#longMs - SUSPICIOUS_MS
    return [this.#longSentMs, this.#briefSentMs].some(sentMs => sentMs > 0 && sentMs < latestMs)
  }

  /** Begins to poll a partition whose `log` says that this broker leads it. */
  join(each: WaitedPartition): void {
    this.#members.add(each)
    if (each.log?.topicId === null) this.#withoutId++
    this.moved(each)
  }

  /** Call if the lowest offset of a member may have changed. */
  moved(each: WaitedPartition): void {
    this.#changed.add(each)
    if (this.#longSentMs > 0 && this.#session.covers(each)) this.#uncovered.delete(each)
    else this.#uncovered.add(each)
    this.#schedule()
  }

  /** The next long poll forgets the partition. Call before its `log` changes. */
  leave(each: WaitedPartition): void {
    if (!this.#members.delete(each)) return
    if (each.log?.topicId === null) this.#withoutId--
    this.#changed.add(each)
    this.#uncovered.delete(each)
  }

  #schedule(): void {
    if (this.#isScheduled) return
    this.#isScheduled = true
    setImmediate(() => {
      this.#isScheduled = false
      this.#flush()
    })
  }

  #flush(): void {
    if (this.#members.size === 0) return
    const pauseMs = this.#notBeforeMs - performance.now()
    if (pauseMs > 0) {
      clearTimeout(this.#timer)
      this.#timer = setTimeout(() => this.#flush(), Math.ceil(pauseMs)).unref()
    } else if (!this.#isLongBusy) void this.#pollLong()
    else if (this.#longSentMs > 0 && this.#uncovered.size > 0 && !this.#isBriefBusy) void this.#pollBriefly()
  }

  async #pollLong(): Promise<void> {
    this.#isLongBusy = true
    try {
      const channel = this.#channel('long')
      const version = await pollVersion(channel, this.#withoutId === 0, this.#choosesReplicas)
      if (this.#members.size === 0) return
      const naming = version >= FETCH_TOPIC_IDS_SINCE ? 'ids' : 'names'
      const changes = this.#session.next(this.#members, this.#changed, naming)
      this.#changed.clear()
      this.#uncovered.clear()
      const sentMs = (this.#longSentMs = performance.now())
      await sendPoll(channel, version, changes, this.#longMs, this.#isolation, answer => {
        this.#longSentMs = 0
        if (answer.errorCode !== 0 && !SESSION_ERRORS.has(answer.errorCode)) throw refused(answer)
        const outcome = this.#take(answer, result => this.#polledLong(result))
        // Without its session the broker cannot tell what has changed: it is told everything again.
        if (answer.errorCode === 0 && !outcome.choosesReplicas) this.#session.answered(answer.sessionId)
        else this.#session.reset()
        const isUseful = outcome.hasPassed || outcome.ready.size > 0 || outcome.lost.size > 0
        this.#pace(isUseful || performance.now() - sentMs >= this.#longMs / 2)
      })
    } catch (error) {
      this.#longSentMs = 0
      this.#session.reset()
      this.#fail([...this.#members], error)
    } finally {
      this.#isLongBusy = false
      this.#schedule()
    }
  }

  #polledLong({ topic, partition }: FetchResult): Polled | undefined {
    const each = this.#session.find(topic, partition)
    const offset = each === undefined ? undefined : this.#session.offsetOf(each)
    return each === undefined || offset === undefined ? undefined : [each, offset]
  }

  async #pollBriefly(): Promise<void> {
    this.#isBriefBusy = true
    const polled = [...this.#uncovered].slice(0, BRIEF_PARTITIONS)
    try {
      const channel = this.#channel('brief')
      const version = await pollVersion(channel, this.#withoutId === 0, this.#choosesReplicas)
      const byKey = new Map<string, Polled>()
      const partitions = polled.flatMap(each => {
        const { log, topic, partition, lowestOffset } = each
        if (log === undefined || !this.#members.has(each)) return []
        const name = version >= FETCH_TOPIC_IDS_SINCE && log.topicId !== null ? log.topicId : topic
        byKey.set(keyOf(name, partition), [each, lowestOffset])
        return [polledFrom(each, log)]
      })
      if (partitions.length === 0) return
      const waitMs = polled.length < this.#uncovered.size ? 0 : BRIEF_MS
      this.#briefSentMs = performance.now()
      const changes = { session: NO_SESSION, partitions, forgotten: [] }
      await sendPoll(channel, version, changes, waitMs, this.#isolation, answer => {
        if (answer.errorCode !== 0) throw refused(answer)
        this.#take(answer, ({ topic, partition }) => byKey.get(keyOf(topic, partition)))
      })
    } catch (error) {
      this.#fail(polled, error)
    } finally {
      this.#isBriefBusy = false
      this.#briefSentMs = 0
      for (const each of polled) if (this.#uncovered.delete(each)) this.#uncovered.add(each)
      this.#schedule()
    }
  }

  #take(answer: FetchAnswer, find: (result: FetchResult) => Polled | undefined): PollOutcome {
    const outcome = judgePoll(answer, this.#kept, result => {
      const polled = find(result)
      return polled !== undefined && this.#members.has(polled[0]) ? polled : undefined
    })
    if (outcome.choosesReplicas) this.#choosesReplicas = true
    this.#failures = 0
    // A quota holds for all connections of the gateway (KIP-219).
    if (answer.throttleTimeMs > 0) this.#pauseFor(answer.throttleTimeMs)
    // The next request has to say where to go on, or the same records come again.
    for (const each of outcome.named) this.#changed.add(each)
    this.#owner.ready(outcome.ready)
    for (const [each, why] of outcome.lost) this.#owner.lost(each, why)
    return outcome
  }

  /** Waits longer each time that a long poll comes back early, and with nothing. */
  #pace(isUseful: boolean): void {
    this.#vain = isUseful ? 0 : this.#vain + 1
    if (!isUseful) this.#pauseFor(growingPauseMs(this.#vain - 1, VAIN_PAUSE_FIRST_MS, VAIN_PAUSE_LIMIT_MS))
  }

  #pauseFor(pauseMs: number): void {
    this.#notBeforeMs = Math.max(this.#notBeforeMs, performance.now() + pauseMs)
  }

  #fail(partitions: readonly WaitedPartition[], error: unknown): void {
    this.#pauseFor(scattered(growingPauseMs(this.#failures++, FAILURE_PAUSE_FIRST_MS, FAILURE_PAUSE_LIMIT_MS)))
    for (const each of partitions) if (this.#members.has(each)) this.#owner.lost(each, { detail: causeText(error) })
  }
}

function refused({ errorCode }: FetchAnswer): TransportError {
  return new TransportError(`the broker refuses the request: ${kafkaErrorName(errorCode)}`, true)
}
