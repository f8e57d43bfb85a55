import { Deadline } from '../../core/deadline.ts'
import type { Log } from '../../core/log.ts'
import { KafkaFailure } from '../kafka-failure.ts'
import type { TopicMetadata } from '../metadata/topic-metadata.ts'
import type { BatchCache } from './batch-cache.ts'
import { BrokerPolls } from './broker-polls.ts'
import { LeaderSearch } from './leader-search.ts'
import { isOfAnotherTopic, type Place } from './place.ts'
import type { FetchBrokers, FetchMetadata, FetchOffsets } from './ports.ts'
import type { Isolation } from './read-request.ts'
import type { RemoteParts } from './remote-parts.ts'
import { isSameLog, WaitedPartition, type Ready, type Waiter } from './waited-partition.ts'

export interface WaitTools {
  readonly brokers: FetchBrokers
  readonly metadata: FetchMetadata
  readonly offsets: Pick<FetchOffsets, 'boundsOf'>
  readonly kept: BatchCache
  readonly remoteParts: RemoteParts
  readonly log: Log
  /** Of the connections, for each request. */
  readonly requestTimeoutMs: number
}

export interface WaitOptions {
  readonly deadline: Deadline
  /** Ends the wait when it aborts. */
  readonly signal?: AbortSignal | undefined
}

const METADATA_LIMIT_MS = 5000
/** Timers take no longer delay. */
const LONGEST_TIMER_MS = 2 ** 31 - 1
const CHECK_MS = 1000
/** The connections of the lane `wait` to a broker. */
const CHANNELS = { committed: { long: 0, brief: 1 }, uncommitted: { long: 2, brief: 3 } } as const

/**
 * Waits for records. All who wait for a partition share its polls, and all partitions of a broker share two long polls (two
 * for each isolation level). Partitions without a leader that answers are looked for meanwhile; the others go on.
 */
export class Waits {
  readonly #tools: WaitTools
  /** By isolation, topic and number. */
  readonly #partitions = new Map<string, WaitedPartition>()
  readonly #byTopic = new Map<string, Set<WaitedPartition>>()
  readonly #polls = new Map<string, BrokerPolls>()
  readonly #search: LeaderSearch
  readonly #waiters = new Set<Waiter>()
  #check: NodeJS.Timeout | undefined

  constructor(tools: WaitTools) {
    this.#tools = tools
    this.#search = new LeaderSearch(topic => this.#askFor(topic))
    tools.metadata.onTopicChange((topic, metadata) => this.#topicChanged(topic, metadata))
  }

  /**
   * Resolves with the places that can be read now, as soon as there are any; with none at the deadline, or when the signal
   * aborts. A place may come back with a higher offset: nothing is to be read before it. A place whose read would fail for
   * good (out of range, deleted topic, refused) comes back too, because that read tells why.
   */
  wait(places: readonly Place[], isolation: Isolation, { deadline, signal }: WaitOptions): Promise<readonly Place[]> {
    if (signal?.aborted === true) return Promise.resolve([])
    const now = places.filter(place => this.#isReadyNow(place))
    if (now.length > 0 || deadline.passed) return Promise.resolve(now)
    return new Promise(resolve => {
      const end = () => waiter.finish([])
      const timer = setTimeout(end, Math.min(Math.ceil(deadline.remainingMs), LONGEST_TIMER_MS))
      signal?.addEventListener('abort', end)
      const waiter: Waiter = {
        wants: [],
        finish: ready => {
          clearTimeout(timer)
          signal?.removeEventListener('abort', end)
          this.#release(waiter)
          resolve(ready)
        }
      }
      this.#waiters.add(waiter)
      for (const place of places) this.#want(waiter, place, isolation)
    })
  }

  /** Ends all waits. */
  close(): void {
    for (const waiter of this.#waiters) waiter.finish([])
    this.#search.close()
    clearInterval(this.#check)
  }

  /** Whether the place can be read without asking Kafka, or from remote storage, on which no poll may wait. */
  #isReadyNow({ topic, partition, offset }: Place): boolean {
    const { metadata, kept, remoteParts } = this.#tools
    const known = metadata.peek(topic)
    const topicId = known?.id ?? null
    const leaderEpoch = known?.partitions[partition]?.leaderEpoch
    if (topicId === null || leaderEpoch === undefined) return false
    const log = { topic, topicId, partition, leaderEpoch }
    return kept.find(log, offset, () => undefined) !== undefined || remoteParts.isRemote(topic, partition, offset)
  }

  #want(waiter: Waiter, place: Place, isolation: Isolation): void {
    const { topic, partition: number } = place
    const key = keyOf(topic, number, isolation)
    let partition = this.#partitions.get(key)
    const isNew = partition === undefined
    if (partition === undefined) this.#begin(key, (partition = new WaitedPartition(topic, number, isolation)))
    const want = { waiter, place, partition }
    waiter.wants.push(want)
    const lowestBefore = partition.lowestOffset
    partition.add(want)
    if (isNew || place.topicId !== undefined) this.#route(partition)
    else if (partition.lowestOffset < lowestBefore) this.#pollsOf(partition)?.moved(partition)
  }

  #begin(key: string, partition: WaitedPartition): void {
    this.#partitions.set(key, partition)
    const ofTopic = this.#byTopic.get(partition.topic)
    if (ofTopic === undefined) this.#byTopic.set(partition.topic, new Set([partition]))
    else ofTopic.add(partition)
    this.#check ??= setInterval(() => this.#checkAll(), CHECK_MS).unref()
  }

  #release(waiter: Waiter): void {
    this.#waiters.delete(waiter)
    for (const want of waiter.wants.splice(0)) {
      const { partition } = want
      const lowestBefore = partition.lowestOffset
      partition.delete(want)
      if (!partition.isWanted) this.#end(partition)
      else if (partition.lowestOffset > lowestBefore) this.#pollsOf(partition)?.moved(partition)
    }
  }

  #end(partition: WaitedPartition): void {
    const { topic } = partition
    this.#leave(partition)
    this.#partitions.delete(keyOf(topic, partition.partition, partition.isolation))
    const ofTopic = this.#byTopic.get(topic)
    ofTopic?.delete(partition)
    if (ofTopic?.size === 0) this.#byTopic.delete(topic)
    if (this.#partitions.size > 0) return
    clearInterval(this.#check)
    this.#check = undefined
  }

  /** Has the partition polled by its leader, as far as that is known. */
  #route(partition: WaitedPartition): void {
    const metadata = this.#tools.metadata.peek(partition.topic)
    if (metadata === undefined) this.#search.need(partition.topic)
    else this.#follow(partition, metadata)
  }

  #follow(partition: WaitedPartition, metadata: TopicMetadata | null): void {
    const known = metadata?.partitions[partition.partition]
    const ready: Ready = new Map()
    if (metadata === null || known === undefined) partition.collect(ready, () => true)
    else partition.collect(ready, (_offset, place) => isOfAnotherTopic(place, metadata))
    this.#tell(ready)
    if (metadata === null || known === undefined || !partition.isWanted) return
    const { leader, leaderEpoch } = known
    if (leader < 0) {
      this.#leave(partition)
      this.#search.need(partition.topic)
      return
    }
    const log = { leader, leaderEpoch, topicId: metadata.id }
    if (partition.log !== undefined && isSameLog(partition.log, log)) return
    this.#leave(partition)
    partition.forgetPassed()
    partition.log = log
    this.#pollsAt(leader, partition.isolation).join(partition)
  }

  #leave(partition: WaitedPartition): void {
    this.#pollsOf(partition)?.leave(partition)
    partition.log = undefined
  }

  #pollsOf({ log, isolation }: WaitedPartition): BrokerPolls | undefined {
    return log === undefined ? undefined : this.#polls.get(`${log.leader}/${isolation}`)
  }

  #pollsAt(broker: number, isolation: Isolation): BrokerPolls {
    const key = `${broker}/${isolation}`
    const known = this.#polls.get(key)
    if (known !== undefined) return known
    const { brokers, metadata, kept, log, requestTimeoutMs } = this.#tools
    const channels = CHANNELS[isolation]
    const channel = (which: 'long' | 'brief') => brokers.channel(broker, 'wait', channels[which])
    const polls = new BrokerPolls(isolation, channel, requestTimeoutMs, kept, {
      ready: ready => this.#tell(ready),
      lost: (partition, { detail, hint }) => {
        const { topic } = partition
        log.debug({ topic, partition: partition.partition, detail }, 'A wait looks for the leader')
        this.#leave(partition)
        if (hint !== undefined && metadata.learnLeaders(topic, hint)) this.#route(partition)
        else this.#search.need(topic)
      }
    })
    this.#polls.set(key, polls)
    return polls
  }

  #tell(ready: Ready): void {
    for (const [waiter, places] of ready) waiter.finish(places)
  }

  #topicChanged(topic: string, metadata: TopicMetadata | null): void {
    for (const partition of this.#byTopic.get(topic) ?? []) this.#follow(partition, metadata)
  }

  async #askFor(topic: string): Promise<void> {
    if (!this.#byTopic.has(topic)) return
    const { metadata } = this.#tools
    const deadline = Deadline.after(METADATA_LIMIT_MS)
    try {
      const isKnown = metadata.peek(topic) !== undefined
      this.#topicChanged(
        topic,
        isKnown ? await metadata.refresh(topic, deadline) : await metadata.topic(topic, deadline)
      )
    } catch (error) {
      const ready: Ready = new Map()
      for (const partition of this.#byTopic.get(topic) ?? []) {
        if (partition.log !== undefined) continue
        if (error instanceof KafkaFailure && error.kind === 'refused') partition.collect(ready, () => true)
        else this.#search.need(topic)
      }
      this.#tell(ready)
    }
  }

  #checkAll(): void {
    // A broker that does not answer may lead nothing any more: whoever does is polled then.
    for (const polls of this.#polls.values())
      if (polls.isOverdue) for (const { topic } of polls.members) this.#search.need(topic)
    for (const partition of this.#partitions.values()) if (partition.isSpread) void this.#checkEnd(partition)
  }

  /** Tells those who wait beyond the end. */
  async #checkEnd(partition: WaitedPartition): Promise<void> {
    const { metadata, offsets } = this.#tools
    const known = metadata.peek(partition.topic)
    if (known === undefined) return
    const number = partition.partition
    try {
      const ends = await offsets.boundsOf(known, [number], 'latest', 'uncommitted', Deadline.after(METADATA_LIMIT_MS))
      const end = ends.get(number)
      const ready: Ready = new Map()
      if (end !== undefined) partition.collect(ready, offset => offset > end)
      this.#tell(ready)
    } catch (error) {
      if (!(error instanceof KafkaFailure)) throw error
    }
  }
}

function keyOf(topic: string, partition: number, isolation: Isolation): string {
  return `${isolation}/${topic}/${partition}`
}
