/** A Kafka broker as its clients see it. Host and port are null while it is down. */
export interface BrokerInfo {
  readonly id: number
  readonly host: string | null
  readonly port: number | null
  readonly rack: string | null
}

export interface PartitionInfo {
  readonly partition: number
  /** First offset still stored; null while nobody leads. */
  readonly earliestOffset: number | null
  /** Last stable offset (LSO); null while nobody leads. */
  readonly latestOffset: number | null
  readonly leader: BrokerInfo | null
  readonly replicas: readonly BrokerInfo[]
  readonly isr: readonly BrokerInfo[]
}
