export interface PartitionMetadata {
  readonly partition: number
  /** Broker id; −1 while the partition has no leader. */
  readonly leader: number
  /** −1 if the broker is too old to name it. */
  readonly leaderEpoch: number
  readonly replicas: readonly number[]
  readonly isr: readonly number[]
}

/** A topic as last described. Immutable: news replace it as a whole. */
export interface TopicMetadata {
  readonly name: string
  /** 16 bytes; null where the cluster has no topic ids (before Kafka 2.8). */
  readonly id: Buffer | null
  readonly isInternal: boolean
  /** Indexed by partition number; dense. */
  readonly partitions: readonly PartitionMetadata[]
}
