/** A broker with its advertised address. Host and port are null while it is down. */
export interface BrokerInfo {
  readonly id: number
  readonly host: string | null
  readonly port: number | null
  readonly rack: string | null
}

/** Where a partition is kept. All numbers are ids of brokers, up or not. */
export interface PartitionPlacement {
  readonly partition: number
  /** −1 while nobody leads. */
  readonly leader: number
  readonly replicas: readonly number[]
  /** Replicas in sync. */
  readonly isr: readonly number[]
}

/** What a partition holds, whether or not a transaction has committed it. */
export interface PartitionBounds {
  /** First offset still stored. */
  readonly earliest: number
  /** The high watermark: what is before it is on all replicas in sync. */
  readonly highWatermark: number
}

export interface PartitionInfo {
  readonly partition: number
  /** First stored offset; null while the partition has no leader. */
  readonly earliestOffset: number | null
  /** Last stable offset (LSO); null while the partition has no leader. */
  readonly latestOffset: number | null
  readonly leader: BrokerInfo | null
  readonly replicas: readonly BrokerInfo[]
  readonly isr: readonly BrokerInfo[]
}
