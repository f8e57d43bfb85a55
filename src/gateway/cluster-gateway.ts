import { type Meter, noMeter } from '../core/meter.ts'
import type { Cluster } from '../kafka/cluster.ts'
import { Consume } from './consume.ts'
import type { Gateway } from './gateway.ts'
import { Produce } from './produce.ts'
import { Topics } from './topics.ts'

/** The use cases over one cluster. */
export function clusterGateway(cluster: Cluster, meter: Meter = noMeter): Gateway {
  const { metadata, offsets } = cluster
  const produce = new Produce(metadata, cluster.accumulator, meter)
  const consume = new Consume(metadata, cluster.fetcher, offsets, meter)
  const topics = new Topics(metadata, cluster.topics, offsets)
  return {
    produce: (call, topic, records, released) => produce.execute(call, topic, records, released),
    consume: (call, read, use) => consume.execute(call, read, use),
    createTopic: (call, topic, spec) => topics.create(call, topic, spec),
    deleteTopic: (call, topic) => topics.delete(call, topic),
    listTopics: call => topics.list(call),
    listBrokers: call => topics.brokers(call),
    describePartitions: (call, topic) => topics.partitions(call, topic),
    describePartition: (call, topic, partition) => topics.partition(call, topic, partition),
    ready: () => cluster.ready
  }
}
