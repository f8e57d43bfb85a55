import type { Log } from '../../core/log.ts'
import type { Cluster } from '../../kafka/cluster.ts'
import { Consumers } from './consumers.ts'
import type { ConsumersOptions, InstancesMeter } from './context.ts'
import { GroupMemory } from './group-memory.ts'

/** The consumer instances of one cluster. */
export function clusterConsumers(
  { groups, reads, metadata }: Cluster,
  options: ConsumersOptions,
  log: Log,
  meter: InstancesMeter
): Consumers {
  return new Consumers({ groups, reads, metadata, memory: new GroupMemory(), options, meter, nowMs: Date.now, log })
}
