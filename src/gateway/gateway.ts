import type { Deadline } from '../core/deadline.ts'
import type { GatewayError } from '../core/errors.ts'
import type { Call } from '../core/principal.ts'
import type { ProduceOutcome } from '../core/produce-outcome.ts'
import type { RecordPage } from '../core/record-page.ts'
import type { RecordTable } from '../core/record-table.ts'
import type { TopicSpec } from '../core/topic-spec.ts'
import type { BrokerInfo, PartitionBounds, PartitionInfo, PartitionPlacement } from '../core/topology.ts'
import type { Start } from '../kafka/fetch/starts.ts'
import type { PageLimits } from '../kafka/records/page-builder.ts'

export type { PageLimits }

export type { ProduceOutcome, RecordFailure } from '../core/produce-outcome.ts'
export type { Start } from '../kafka/fetch/starts.ts'
export { FIND_LIMIT_BYTES } from '../kafka/records/record-filter.ts'

export interface ReadRequest {
  readonly topic: string
  readonly partition: number
  /** A bigint lies beyond {@link Number.MAX_SAFE_INTEGER}, and so beyond the end of any log. */
  readonly from: Start | bigint
  /** 1 to 2 147 483 647. */
  readonly count: number
  /** Of keys and values, from 1; the first record is let in however large. As large as a page may be when left out. */
  readonly bytes?: number
}

/** Options of {@link Gateway.produce}. */
export interface ProduceOptions {
  /** A partition that the topic must have, whichever ones the records name. Else the request is refused. */
  readonly partition?: number
  /**
   * A record that names a partition which the topic lacks fails alone, with PARTITION_NOT_FOUND. Without this the whole
   * request is refused.
   */
  readonly eachRecord?: boolean
  /** Creates the topic, with the cluster's defaults, if it does not exist. Without this the request is refused. */
  readonly create?: boolean
  /** Called when the records have their place in Kafka's order: those of a later call come behind them. */
  readonly submitted?: () => void
}

/** Where a reader stands in a partition. */
export interface ReadPlace {
  readonly topic: string
  readonly partition: number
  readonly offset: number
}

export interface WaitLimits {
  readonly deadline: Deadline
  readonly signal: AbortSignal
}

/** Where a reader stands in a topic. */
export interface Position {
  /** First characters of the topic's id; null if it is not named. */
  readonly topicId: string | null
  /** By partition: an offset, or where to begin. */
  readonly starts: ReadonlyMap<number, Start>
}

/** Which records are brought; both must be true of them. */
export interface RecordChoice {
  /** Only those with this key. */
  readonly key?: Buffer | undefined
  /** Only those whose key, value or a header holds these bytes, 1 to {@link FIND_LIMIT_BYTES}. */
  readonly text?: Buffer | undefined
}

export interface FollowRequest {
  readonly topic: string
  /** All if left out, those included that are added later. */
  readonly partitions?: readonly number[] | undefined
  /** The only one to read, in place of `partitions`. Rejects with PARTITION_NOT_FOUND if the topic lacks it. */
  readonly partition?: number
  /** Only the partition where Kafka's Java client stores records with this key. It must be one of `partitions`. */
  readonly partitionOf?: Buffer | undefined
  /** The same in all partitions, or a position. Partitions that it does not name are read from their beginning. */
  readonly from: Start | Position
  /**
   * Where to stop, exclusive. Partitions that a position does not name are not read. The end, and a time, are looked up when
   * the reading begins; no partitions are joined then.
   */
  readonly until?: Start | Position | undefined
  readonly only?: RecordChoice | undefined
  /** Refuses offsets out of range at once; else the first read does. */
  readonly checked?: boolean
}

export interface FollowRead {
  readonly count: number
  /** Records looked at, and their bytes, decompressed. */
  readonly scanned: number
  readonly scannedBytes: number
  /** Why a partition brought nothing, if another read may mend that. */
  readonly passing: GatewayError | undefined
}

/** Reads a topic from where the last read ended. */
export interface TopicFollower {
  /** Where the next read goes on. */
  readonly position: Position
  /** Whether a read may bring more without a wait. */
  readonly hasMore: boolean
  /** Whether it has come to where it is to stop, in all partitions. */
  readonly isComplete: boolean
  /**
   * Calls `use` for each partition that has records; the page is its own until it returns. Partitions that cannot be read now
   * do not hold up the others. Rejects with what no later read mends, after it has called `use` for the others.
   */
  read(deadline: Deadline, limits: PageLimits, use: (page: RecordPage) => void): Promise<FollowRead>
  /** Resolves as {@link Gateway.awaitRecords} does. The next read looks only where there may be something. */
  wait(until: WaitLimits): Promise<void>
  /** Another one, of the same partitions, that begins at a position of this one. */
  at(position: Position): TopicFollower
  /** Call when it is used no more. */
  close(): void
}

export type { TopicSpec } from '../core/topic-spec.ts'

/**
 * The use cases, free of HTTP. Each rejects with a GatewayError and keeps the deadline of its call. The caller checks
 * permission before.
 */
export interface Gateway {
  /**
   * Stores records. Rejects only if nothing was sent to Kafka; later failures are in the outcome. Calls `released` once, when
   * the bytes of `records` are no longer needed: a batch may outlive its answer.
   */
  produce(
    call: Call,
    topic: string,
    records: RecordTable,
    released: () => void,
    options?: ProduceOptions
  ): Promise<ProduceOutcome>
  /** Rejects with TOPIC_NOT_FOUND or INTERNAL_TOPIC if no records can be stored there. */
  requireTopic(call: Call, topic: string): Promise<void>
  /** Reads a page, and resolves with what `use` makes of it. The page is valid until `use` returns. */
  consume<T>(call: Call, read: ReadRequest, use: (page: RecordPage) => T): Promise<T>
  /**
   * Resolves as soon as there may be something to read from that offset on, which includes the error of a read; at the
   * deadline; or when the signal aborts.
   */
  awaitRecords(call: Call, place: ReadPlace, until: WaitLimits): Promise<void>
  /** Begins to read many partitions of a topic. */
  follow(call: Call, request: FollowRequest): Promise<TopicFollower>
  createTopic(call: Call, topic: string, spec: TopicSpec): Promise<void>
  deleteTopic(call: Call, topic: string): Promise<void>
  /** Returns names sorted by code point, without internal topics. */
  listTopics(call: Call): Promise<string[]>
  listBrokers(call: Call): Promise<BrokerInfo[]>
  /** Returns partitions by number. */
  describePartitions(call: Call, topic: string): Promise<PartitionInfo[]>
  describePartition(call: Call, topic: string, partition: number): Promise<PartitionInfo>
  /** Returns where the partitions are kept, by number. */
  placements(call: Call, topic: string): Promise<readonly PartitionPlacement[]>
  placement(call: Call, topic: string, partition: number): Promise<PartitionPlacement>
  /** Rejects with LEADER_NOT_AVAILABLE while nobody leads the partition. */
  partitionBounds(call: Call, topic: string, partition: number): Promise<PartitionBounds>
  /** Returns all properties of a topic, defaults included; null for one whose value Kafka keeps to itself. */
  topicConfigs(call: Call, topic: string): Promise<ReadonlyMap<string, string | null>>
  /** Returns whether Kafka can be reached. */
  ready(): boolean
}
