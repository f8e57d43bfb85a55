/** Kafka's names of the APIs that the gateway uses, by their key; for logs and metrics. */
export const KAFKA_APIS: Readonly<Record<number, string>> = {
  0: 'Produce',
  1: 'Fetch',
  2: 'ListOffsets',
  3: 'Metadata',
  19: 'CreateTopics',
  20: 'DeleteTopics',
  22: 'InitProducerId',
  32: 'DescribeConfigs'
}
