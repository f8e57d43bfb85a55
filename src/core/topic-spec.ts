/** A topic to create. Null leaves the choice to the cluster (Kafka's −1). */
export interface TopicSpec {
  readonly partitionCount: number | null
  readonly replicationFactor: number | null
  readonly properties: ReadonlyMap<string, string>
}
