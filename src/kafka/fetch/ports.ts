import type { Deadline } from '../../core/deadline.ts'
import type { LeaderHint } from '../metadata/leader-hints.ts'
import type { TopicMetadata } from '../metadata/topic-metadata.ts'

/** One connection of the fetch lane to one broker; reconnects by itself. */
export interface FetchChannel {
  /** It failed just now, and is not to be used while there is another. */
  readonly resting: boolean
  /** Highest version of an API within the bounds that the broker has, −1 while that is not known. */
  versionNow(apiKey: number, min: number, max: number): number
  /** The same, after connecting where needed; rejects when the broker cannot be reached. */
  version(apiKey: number, min: number, max: number): Promise<number>
  send(
    apiKey: number,
    version: number,
    flexible: boolean,
    body: Buffer,
    callback: (error: Error | null, response: Buffer | null) => void,
    allocate?: (bytes: number) => Buffer
  ): void
  /** To be told of every answer: for how long the broker reads nothing more from the connection (KIP-219), as a rule 0. */
  throttled(apiKey: number, throttleMs: number): void
}

/** What the fetcher needs of the connections. */
export interface FetchBrokers {
  /** Throws a TransportError where the broker is not known. */
  channel(brokerId: number, lane: 'fetch', index: number): FetchChannel
}

/** What the fetcher needs of the metadata. */
export interface FetchMetadata {
  /** Cached; undefined where there is none. */
  peek(topic: string): TopicMetadata | undefined
  /** Cached, else asked for; null once two brokers do not know the topic. */
  topic(topic: string, deadline: Deadline): Promise<TopicMetadata | null>
  /** Takes up leaders that a broker has named; true if another broker than that one leads them now. */
  learnLeaders(topic: string, hint: LeaderHint): boolean
  /** Asks Kafka now (merged, rate-limited). */
  refresh(topic: string, deadline: Deadline): Promise<TopicMetadata | null>
}

/** What the fetcher needs to judge an offset that Kafka calls out of range, or that it answers with nothing. */
export interface FetchOffsets {
  /** Where the part of the log begins that is on the leader's own disks; null while nobody leads the partition. */
  localStart(topic: string, partition: number, deadline: Deadline): Promise<number | null>
  /** As the current leader says now. */
  bounds(topic: string, partition: number, deadline: Deadline): Promise<OffsetBounds>
}

export interface OffsetBounds {
  readonly earliest: number
  /** Where the records of open transactions begin. */
  readonly lastStable: number
  readonly logEnd: number
}
