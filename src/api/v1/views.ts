import type { FromSchema } from '../../core/json-schema.ts'
import type { BrokerInfo, PartitionInfo } from '../../core/topology.ts'
import type { brokerSchema, partitionInfoSchema } from './schemas.ts'

/** The JSON of brokers and partitions in v1. */

export function brokerView({ host, port, id, rack }: BrokerInfo): FromSchema<typeof brokerSchema> {
  return { hostName: host, port, id, rack }
}

export function partitionView({
  partition,
  earliestOffset,
  latestOffset,
  leader,
  replicas,
  isr
}: PartitionInfo): FromSchema<typeof partitionInfoSchema> {
  return {
    partition_id: partition,
    earliest_offset: earliestOffset,
    latest_offset: latestOffset,
    leader: leader === null ? null : brokerView(leader),
    replicas: replicas.map(brokerView),
    isr: isr.map(brokerView)
  }
}
