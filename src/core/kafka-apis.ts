// Generated from the definitions of Kafka 4.3.1 by `npm run messages:generate`; changes by hand are lost.
/** Kafka's names of the APIs that the gateway uses, by their key; for logs and metrics. */
export const KAFKA_APIS: Readonly<Record<number, string>> = {
  0: 'Produce',
  1: 'Fetch',
  2: 'ListOffsets',
  3: 'Metadata',
  8: 'OffsetCommit',
  9: 'OffsetFetch',
  10: 'FindCoordinator',
  11: 'JoinGroup',
  12: 'Heartbeat',
  13: 'LeaveGroup',
  14: 'SyncGroup',
  15: 'DescribeGroups',
  16: 'ListGroups',
  19: 'CreateTopics',
  20: 'DeleteTopics',
  21: 'DeleteRecords',
  22: 'InitProducerId',
  29: 'DescribeAcls',
  30: 'CreateAcls',
  31: 'DeleteAcls',
  32: 'DescribeConfigs',
  35: 'DescribeLogDirs',
  37: 'CreatePartitions',
  42: 'DeleteGroups',
  43: 'ElectLeaders',
  44: 'IncrementalAlterConfigs',
  45: 'AlterPartitionReassignments',
  46: 'ListPartitionReassignments',
  47: 'OffsetDelete',
  60: 'DescribeCluster',
  69: 'ConsumerGroupDescribe',
  77: 'ShareGroupDescribe'
}

/** Returns Kafka's name of an API, for logs. */
export function apiName(key: number): string {
  return KAFKA_APIS[key] ?? `API ${key}`
}
