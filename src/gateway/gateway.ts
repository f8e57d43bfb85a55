import type { Call } from '../core/principal.ts'
import type { ProduceOutcome } from '../core/produce-outcome.ts'
import type { RecordPage } from '../core/record-page.ts'
import type { RecordTable } from '../core/record-table.ts'
import type { TopicSpec } from '../core/topic-spec.ts'
import type { BrokerInfo, PartitionInfo } from '../core/topology.ts'

export type { ProduceOutcome, RecordFailure } from '../core/produce-outcome.ts'

export interface ReadRequest {
  readonly topic: string
  readonly partition: number
  /** A bigint lies beyond {@link Number.MAX_SAFE_INTEGER}, and so beyond the end of any log. */
  readonly from: number | bigint | 'earliest' | 'latest'
  /** 1 to 2 147 483 647. */
  readonly count: number
}

export type { TopicSpec } from '../core/topic-spec.ts'

/**
 * The use cases, free of HTTP. Each rejects with a GatewayError; each keeps the deadline of its call.
 * Permission has been judged before any of them is called.
 */
export interface Gateway {
  /**
   * Rejects only where nothing was sent to Kafka; failures after that are in the outcome.
   * `released` is called once, when the bytes of `records` are needed no more: a batch may outlive its answer.
   */
  produce(call: Call, topic: string, records: RecordTable, released: () => void): Promise<ProduceOutcome>
  /** The page is `use`'s until that returns: its memory then holds another. */
  consume<T>(call: Call, read: ReadRequest, use: (page: RecordPage) => T): Promise<T>
  createTopic(call: Call, topic: string, spec: TopicSpec): Promise<void>
  deleteTopic(call: Call, topic: string): Promise<void>
  /** Sorted by code point, internal topics left out. */
  listTopics(call: Call): Promise<string[]>
  listBrokers(call: Call): Promise<BrokerInfo[]>
  /** By partition number. */
  describePartitions(call: Call, topic: string): Promise<PartitionInfo[]>
  describePartition(call: Call, topic: string, partition: number): Promise<PartitionInfo>
  /** True when Kafka answers now. */
  ready(): boolean
}
