/** One broker as Metadata names it. */
export interface BrokerNode {
  readonly id: number
  readonly host: string
  readonly port: number
  readonly rack: string | null
}

export interface PartitionMetadata {
  readonly partition: number
  /** Broker id; −1 while nobody leads. */
  readonly leader: number
  /** −1 where the broker is too old to tell. */
  readonly leaderEpoch: number
  readonly replicas: readonly number[]
  readonly isr: readonly number[]
}

/** A topic as one Metadata answer described it; replaced whole, never changed. */
export interface TopicMetadata {
  readonly name: string
  /** 16 bytes; null where the cluster has no topic ids (before Kafka 2.8). */
  readonly id: Buffer | null
  readonly isInternal: boolean
  /** Indexed by partition number; dense. */
  readonly partitions: readonly PartitionMetadata[]
}
