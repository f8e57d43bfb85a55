import type { ErrorCode } from '../core/errors.ts'
import type { Call } from '../core/principal.ts'
import type { RecordPage } from '../core/record-page.ts'
import type { RecordTable } from '../core/record-table.ts'
import type { BrokerInfo, PartitionInfo } from '../core/topology.ts'

/** Why one record of a produce request was not answered with an offset. */
export interface RecordFailure {
  readonly code: ErrorCode
  /** For the caller. */
  readonly message: string
  readonly retriable: boolean
  /** `no`: certainly not in Kafka; `unknown`: there never, now, or until the delivery time-out has passed. */
  readonly stored: 'no' | 'unknown'
}

/** Outcome record by record, in the order of the request. */
export interface ProduceOutcome {
  readonly count: number
  readonly partitions: Int32Array
  /** −1 where {@link failures} has an entry. */
  readonly offsets: Float64Array
  /** By record number; absent when every record is stored. */
  readonly failures?: ReadonlyMap<number, RecordFailure>
}

export interface ReadRequest {
  readonly topic: string
  readonly partition: number
  readonly from: number | 'earliest' | 'latest'
  /** 1 to 2 147 483 647. */
  readonly count: number
}

/** Null: left to the cluster (Kafka's −1). */
export interface TopicSpec {
  readonly partitionCount: number | null
  readonly replicationFactor: number | null
  readonly properties: ReadonlyMap<string, string>
}

/**
 * The use cases, free of HTTP. Each rejects with a GatewayError; each keeps the deadline of its call.
 * Permission has been judged before any of them is called.
 */
export interface Gateway {
  /** Rejects only where nothing was sent to Kafka; failures after that are in the outcome. */
  produce(call: Call, topic: string, records: RecordTable): Promise<ProduceOutcome>
  consume(call: Call, read: ReadRequest): Promise<RecordPage>
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
