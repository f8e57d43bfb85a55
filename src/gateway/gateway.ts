import type { Call } from '../core/principal.ts'
import type { ProduceOutcome } from '../core/produce-outcome.ts'
import type { RecordPage } from '../core/record-page.ts'
import type { RecordTable } from '../core/record-table.ts'
import type { TopicSpec } from '../core/topic-spec.ts'
import type { BrokerInfo, PartitionBounds, PartitionInfo, PartitionPlacement } from '../core/topology.ts'

export type { ProduceOutcome, RecordFailure } from '../core/produce-outcome.ts'

export interface ReadRequest {
  readonly topic: string
  readonly partition: number
  /** A bigint lies beyond {@link Number.MAX_SAFE_INTEGER}, and so beyond the end of any log. */
  readonly from: number | bigint | 'earliest' | 'latest'
  /** 1 to 2 147 483 647. */
  readonly count: number
  /** Of keys and values, from 1; the first record is let in however large. As large as a page may be when left out. */
  readonly bytes?: number
  /** How long to wait for a first record, and what ends that before. Without this, a page at the end is empty at once. */
  readonly wait?: { readonly limitMs: number; readonly signal: AbortSignal }
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
  /** Reads a page, and resolves with what `use` makes of it. The page is valid until `use` returns. */
  consume<T>(call: Call, read: ReadRequest, use: (page: RecordPage) => T): Promise<T>
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
