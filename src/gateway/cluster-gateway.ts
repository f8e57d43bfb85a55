import { type Meter, noMeter } from '../core/meter.ts'
import type { Cluster } from '../kafka/cluster.ts'
import { Consume } from './consume.ts'
import { followStart } from './follow/follow-start.ts'
import { Follower } from './follow/follower.ts'
import type { Gateway } from './gateway.ts'
import { callerError, gatewayError } from './kafka-failures.ts'
import { MissingTopics } from './missing-topics.ts'
import { Produce } from './produce.ts'
import { Topics } from './topics.ts'

/** Returns the use cases for one cluster. While Kafka is known to be unreachable, each rejects at once instead of at its deadline. */
export function clusterGateway(cluster: Cluster, meter: Meter = noMeter): Gateway {
  const { metadata, offsets } = cluster
  const topics = new Topics(metadata, cluster.topics, offsets, cluster.topicConfigs)
  const produce = new Produce(metadata, cluster.accumulator, new MissingTopics(topics), meter)
  const consume = new Consume(metadata, cluster.reads, offsets, meter)
  const whileThere = async <T>(useCase: () => Promise<T>): Promise<T> => {
    const { outage } = cluster
    if (outage !== undefined) throw gatewayError(outage)
    try {
      return await useCase()
    } catch (error) {
      throw callerError(error)
    }
  }
  return {
    produce(call, topic, records, released, options) {
      const { outage } = cluster
      if (outage === undefined) return produce.execute(call, topic, records, released, options)
      released()
      return Promise.reject(gatewayError(outage))
    },
    requireTopic: (call, topic) => whileThere(() => produce.requireTopic(call, topic)),
    consume(call, read, use) {
      const { outage } = cluster
      return outage === undefined ? consume.execute(call, read, use) : Promise.reject(gatewayError(outage))
    },
    awaitRecords: async (_call, place, until) => void (await cluster.reads.wait([place], 'committed', until)),
    follow: (call, request) =>
      whileThere(async () => {
        const start = await followStart(metadata, call, request)
        const follower = new Follower({ metadata, reads: cluster.reads, meter }, start, request)
        await follower.begin(call.deadline)
        return follower
      }),
    createTopic: (call, topic, spec) => whileThere(() => topics.create(call, topic, spec)),
    deleteTopic: (call, topic) => whileThere(() => topics.delete(call, topic)),
    listTopics: call => whileThere(() => topics.list(call)),
    listBrokers: call => whileThere(() => topics.brokers(call)),
    describePartitions: (call, topic) => whileThere(() => topics.partitions(call, topic)),
    describePartition: (call, topic, partition) => whileThere(() => topics.partition(call, topic, partition)),
    placements: (call, topic) => whileThere(() => topics.placements(call, topic)),
    placement: (call, topic, partition) => whileThere(() => topics.placement(call, topic, partition)),
    partitionBounds: (call, topic, partition) => whileThere(() => topics.bounds(call, topic, partition)),
    topicConfigs: (call, topic) => whileThere(() => topics.configs(call, topic)),
    ready: () => cluster.ready
  }
}
