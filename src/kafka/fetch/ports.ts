import type { Deadline } from '../../core/deadline.ts'
import type { LeaderHint } from '../metadata/leader-hints.ts'
import type { TopicMetadata } from '../metadata/topic-metadata.ts'
import type { Isolation } from './read-request.ts'

/** One connection of the lane `fetch` or `wait` to one broker; reconnects by itself. */
export interface FetchChannel {
  /** It failed just now, and is not to be used while there is another. */
  readonly resting: boolean
  /** Highest version of an API within the bounds that the broker has, −1 while that is not known. */
  versionNow(apiKey: number, min: number, max: number): number
  /** The same, after connecting if needed; rejects if the broker cannot be reached. */
  version(apiKey: number, min: number, max: number): Promise<number>
  send(
    apiKey: number,
    version: number,
    flexible: boolean,
    body: Buffer,
    callback: (error: Error | null, response: Buffer | null) => void,
    allocate?: (bytes: number) => Buffer
  ): void
  /** Takes up the throttle time of each answer, as a rule 0: for so long the broker reads nothing from the connection (KIP-219). */
  throttled(apiKey: number, throttleMs: number): void
}

/** What reading needs of the connections. */
export interface FetchBrokers {
  /** Throws a TransportError if the broker is not known. */
  channel(brokerId: number, lane: 'fetch' | 'wait', index: number): FetchChannel
}

/** What reading needs of the metadata. */
export interface FetchMetadata {
  /** Cached; undefined if there is none. */
  peek(topic: string): TopicMetadata | undefined
  /** Cached, else asked for; null once two brokers do not know the topic. */
  topic(topic: string, deadline: Deadline): Promise<TopicMetadata | null>
  /** Takes up leaders that a broker has named; true if another broker than that one leads them now. */
  learnLeaders(topic: string, hint: LeaderHint): boolean
  /** Asks Kafka now (merged, rate-limited). */
  refresh(topic: string, deadline: Deadline): Promise<TopicMetadata | null>
  /** Calls the listener with each answer about a topic, changed or not; with null once it is gone. */
  onTopicChange(listener: (topic: string, metadata: TopicMetadata | null) => void): void
}

/** Where logs begin and end, as their current leaders say now. */
export interface FetchOffsets {
  /** Where the part of the log begins that is on the leader's own disks; null while nobody leads the partition. */
  localStart(topic: string, partition: number, deadline: Deadline): Promise<number | null>
  /** Throws a `leaderless` KafkaFailure while nobody leads the partition. */
  bounds(topic: string, partition: number, deadline: Deadline): Promise<OffsetBounds>
  /** The first or the last offset of each partition; those that nobody leads are left out. */
  boundsOf(
    topic: TopicMetadata,
    partitions: readonly number[],
    which: 'earliest' | 'latest',
    isolation: Isolation,
    deadline: Deadline
  ): Promise<ReadonlyMap<number, number>>
  /**
   * The offset of the first record of each partition whose timestamp is `sinceMs` or later; −1 if there is none. Partitions
   * that nobody leads are left out.
   */
  offsetsSince(
    topic: TopicMetadata,
    partitions: readonly number[],
    sinceMs: number,
    isolation: Isolation,
    deadline: Deadline
  ): Promise<ReadonlyMap<number, number>>
}

export interface OffsetBounds {
  readonly earliest: number
  /** Where the records of open transactions begin. */
  readonly lastStable: number
  readonly logEnd: number
}
