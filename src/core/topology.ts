/** A broker with its advertised address. Host and port are null while it is down. */
export interface BrokerInfo {
  readonly id: number
  readonly host: string | null
  readonly port: number | null
  readonly rack: string | null
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
