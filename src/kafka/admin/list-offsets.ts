import { Deadline } from '../../core/deadline.ts'
import { within } from '../../core/lib/within.ts'
import { kafkaErrorName, REQUEST_TIMED_OUT } from '../kafka-errors.ts'
import { failureKind, KafkaFailure, topicUnknown } from '../kafka-failure.ts'
import type { MetadataCache } from '../metadata/metadata-cache.ts'
import { isStaleMetadata } from '../metadata/stale-metadata.ts'
import type { TopicMetadata } from '../metadata/topic-metadata.ts'
import type { Brokers } from '../transport/brokers.ts'
import { ThrottledError, TransportError } from '../transport/transport-error.ts'
import { untilDeadline } from '../transport/until-deadline.ts'
import {
  askOffsets,
  EARLIEST,
  EARLIEST_LOCAL,
  LATEST,
  type Isolation,
  type OffsetAnswer
} from './list-offsets-message.ts'

export interface OffsetBounds {
  /** First offset still stored. */
  readonly earliest: number
  /** Last stable offset: the end for a committed reader. */
  readonly lastStable: number
  /** End of the log, open transactions included. */
  readonly logEnd: number
}

const RETRY_PAUSE_MS = 50
/** A leader that does not answer for so long may be frozen, and another one in its place already. */
const PATIENCE_MS = 2000

/** Where partitions begin and end, as their leaders say now. */
export class OffsetLookup {
  readonly #brokers: Brokers
  readonly #metadata: MetadataCache

  constructor(brokers: Brokers, metadata: MetadataCache) {
    this.#brokers = brokers
    this.#metadata = metadata
  }

  /** The first offset, or the last stable one; null while nobody leads the partition. */
  async offsetOf(
    topic: string,
    partition: number,
    which: 'earliest' | 'latest',
    deadline: Deadline
  ): Promise<number | null> {
    const metadata = this.#metadata.peek(topic) ?? (await this.#metadata.topic(topic, deadline))
    if (metadata === null) throw topicUnknown(topic)
    const found = await this.offsetsOf(metadata, [partition], which === 'earliest' ? EARLIEST : LATEST, 1, deadline)
    return found.get(partition) ?? null
  }

  /** Where the part of the log begins that is not in remote storage only; null while nobody leads the partition. */
  async localStart(topic: string, partition: number, deadline: Deadline): Promise<number | null> {
    const metadata = await this.#metadata.topic(topic, deadline)
    if (metadata === null) throw topicUnknown(topic)
    const found = await this.offsetsOf(metadata, [partition], EARLIEST_LOCAL, 1, deadline)
    return found.get(partition) ?? null
  }

  /** The first or the last offset of each partition; those that nobody leads are left out. */
  boundsOf(
    topic: TopicMetadata,
    partitions: readonly number[],
    which: 'earliest' | 'latest',
    isolation: 'committed' | 'uncommitted',
    deadline: Deadline
  ): Promise<Map<number, number>> {
    const timestamp = which === 'earliest' ? EARLIEST : LATEST
    return this.offsetsOf(topic, partitions, timestamp, isolation === 'committed' ? 1 : 0, deadline)
  }

  /**
   * The offset of the first record of each partition whose timestamp is `sinceMs` or later; −1 if there is none that the
   * isolation level shows. Partitions that nobody leads are left out.
   */
  offsetsSince(
    topic: TopicMetadata,
    partitions: readonly number[],
    sinceMs: number,
    isolation: 'committed' | 'uncommitted',
    deadline: Deadline
  ): Promise<Map<number, number>> {
    return this.offsetsOf(topic, partitions, BigInt(sinceMs), isolation === 'committed' ? 1 : 0, deadline)
  }

  /** Throws a `leaderless` KafkaFailure while nobody leads the partition. */
  async bounds(topic: string, partition: number, deadline: Deadline): Promise<OffsetBounds> {
    const metadata = await this.#metadata.topic(topic, deadline)
    if (metadata === null) throw topicUnknown(topic)
    const ask = (timestamp: bigint, isolation: Isolation) =>
      this.offsetsOf(metadata, [partition], timestamp, isolation, deadline)
    const [earliest, lastStable, logEnd] = await Promise.all([ask(EARLIEST, 1), ask(LATEST, 1), ask(LATEST, 0)])
    const [first, stable, end] = [earliest.get(partition), lastStable.get(partition), logEnd.get(partition)]
    if (first === undefined || stable === undefined || end === undefined) {
      throw new KafkaFailure('leaderless', `Partition ${partition} of topic '${topic}' has no leader.`)
    }
    return { earliest: first, lastStable: stable, logEnd: end }
  }

  /**
   * Asks each leader once, and again while answers show that leadership has moved, until the deadline. Partitions that
   * nobody leads are left out of the answer.
   */
  async offsetsOf(
    topic: TopicMetadata,
    partitions: readonly number[],
    timestamp: bigint,
    isolation: Isolation,
    deadline: Deadline
  ): Promise<Map<number, number>> {
    const found = new Map<number, number>()
    let known = topic
    let missing: readonly number[] | undefined
    await untilDeadline(deadline, { firstMs: RETRY_PAUSE_MS }, async () => {
      if (missing !== undefined) {
        known = await this.#known(topic.name, deadline)
        if (missing.every(partition => (known.partitions[partition]?.leader ?? -1) < 0)) return true
      }
      missing = await this.#round(known, missing ?? partitions, timestamp, isolation, found, deadline)
      return missing.length === 0 || undefined
    })
    return found
  }

  async #known(topic: string, deadline: Deadline): Promise<TopicMetadata> {
    const known = await this.#metadata.refresh(topic, deadline)
    if (known === null) throw topicUnknown(topic)
    return known
  }

  /** Returns the partitions that want another try. */
  async #round(
    topic: TopicMetadata,
    partitions: readonly number[],
    timestamp: bigint,
    isolation: Isolation,
    found: Map<number, number>,
    deadline: Deadline
  ) {
    const retry: number[] = []
    const byLeader = Map.groupBy(partitions, partition => topic.partitions[partition]?.leader ?? -1)
    await Promise.all(
      [...byLeader].map(async ([leader, led]) => {
        const answers = leader < 0 ? null : await this.#askLeader(leader, topic, led, timestamp, isolation, deadline)
        if (answers === null) retry.push(...led)
        else for (const answer of answers) if (!accept(topic.name, answer, found)) retry.push(answer.partition)
      })
    )
    return retry
  }

  async #askLeader(
    leader: number,
    topic: TopicMetadata,
    partitions: readonly number[],
    timestamp: bigint,
    isolation: Isolation,
    deadline: Deadline
  ) {
    const patience = Deadline.after(Math.min(PATIENCE_MS, deadline.remainingMs))
    try {
      const queries = partitions.map(partition => ({
        partition,
        leaderEpoch: topic.partitions[partition]?.leaderEpoch ?? -1
      }))
      const channel = this.#brokers.channel(leader, 'control')
      const asked = askOffsets(channel, topic.name, queries, timestamp, isolation, Math.ceil(patience.remainingMs))
      return await within(patience, asked, () => new TransportError('the leader did not answer in time', true))
    } catch (error) {
      if (error instanceof TransportError && !(error instanceof ThrottledError)) return null
      throw error
    }
  }
}

function accept(topic: string, { partition, errorCode, offset }: OffsetAnswer, found: Map<number, number>): boolean {
  if (errorCode === 0) {
    found.set(partition, offset)
    return true
  }
  if (isStaleMetadata(errorCode) || errorCode === REQUEST_TIMED_OUT) return false
  const kind = failureKind(errorCode)
  const message =
    kind === 'refused' ? `Kafka does not permit reading topic '${topic}'.` : 'Kafka does not tell the offsets.'
  throw new KafkaFailure(kind, message, {
    kafkaCode: errorCode,
    detail: `ListOffsets of ${topic}-${partition}: ${kafkaErrorName(errorCode)}`
  })
}
