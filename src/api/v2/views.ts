import type { FromSchema } from '../../core/json-schema.ts'
import type { PartitionPlacement } from '../../core/topology.ts'
import type { partitionInfoSchema } from './schemas.ts'

/** Returns the form of a partition, which both dialects share. */
export function partitionView({
  partition,
  leader,
  replicas,
  isr
}: PartitionPlacement): FromSchema<typeof partitionInfoSchema> {
  return {
    partition,
    leader,
    replicas: replicas.map(broker => ({ broker, leader: broker === leader, in_sync: isr.includes(broker) }))
  }
}

export const partitionExample: FromSchema<typeof partitionInfoSchema> = {
  partition: 0,
  leader: 1,
  replicas: [
    { broker: 1, leader: true, in_sync: true },
    { broker: 2, leader: false, in_sync: true }
  ]
}
