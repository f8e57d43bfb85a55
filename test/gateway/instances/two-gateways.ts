import { after, before } from 'node:test'
import type { Cluster } from '../../../src/kafka/cluster.ts'
import type { TopicPartitions } from '../../../src/kafka/groups/consumer-protocol.ts'
import type { Committed } from '../../../src/kafka/groups/offset-messages.ts'
import { clusterOf, soon } from '../../kafka/groups/support.ts'
import { sharedBroker, uniqueTopic } from '../../support/gateway.ts'
import { produce } from './produce.ts'
import { consumersOf, type GatewayUnderTest } from './support.ts'

/** The instances of two gateways before the shared broker. Use it in a suite: they live as long as that. */
export class TwoGateways {
  readonly clusters: Cluster[] = []
  one!: GatewayUnderTest
  other!: GatewayUnderTest

  constructor() {
    before(async () => {
      this.clusters.push(await clusterOf(sharedBroker()), await clusterOf(sharedBroker()))
      this.one = consumersOf(this.clusters[0])
      this.other = consumersOf(this.clusters[1])
    })
    after(async () => {
      await this.one.close()
      await this.other.close()
      for (const cluster of this.clusters) await cluster.close()
    })
  }

  async topic(partitionCount = 1, topic = uniqueTopic('instances')): Promise<string> {
    const spec = { partitionCount, replicationFactor: 1, properties: new Map() }
    await this.clusters[0].topics.create(topic, spec, soon())
    return topic
  }

  fill(topic: string, partition: number, ...values: string[]): Promise<void> {
    return produce(this.clusters[0], topic, partition, values)
  }

  /** Waits for something. Meanwhile members of the group hear of a rebalance at once, not from their next heartbeats. */
  async alert<T>(group: string, work: Promise<T>): Promise<T> {
    const beating = setInterval(() => {
      for (const { groups } of this.clusters) for (const member of groups.held(group)) member.beat()
    }, 20)
    return work.finally(() => clearInterval(beating))
  }

  /** What the group has for one partition, as Kafka keeps it. */
  async stored(group: string, topic: string, partition = 0): Promise<Committed> {
    const wanted: TopicPartitions = new Map([[topic, [partition]]])
    const told = (await this.clusters[0].groups.committed(group, wanted, soon())).get(topic)?.get(partition)
    if (typeof told !== 'object') throw new Error(`Kafka does not tell: ${String(told)}`)
    return told
  }
}
