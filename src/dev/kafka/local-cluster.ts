import { join } from 'node:path'
import { Broker, type BrokerOptions } from './broker.ts'
import { freePort } from './free-port.ts'

export interface LocalClusterOptions extends Pick<
  BrokerOptions,
  'properties' | 'heapMb' | 'jvmFlags' | 'listeners' | 'onDeath'
> {
  readonly libs: string
  readonly dataDir: string
  readonly brokers: number
  /** Returns options of one broker, added to those of all or in their place. */
  readonly special?: (nodeId: number) => Pick<BrokerOptions, 'properties' | 'jvmFlags' | 'listeners'>
  /** Port of the first broker, if free. */
  readonly port?: number
}

/** A KRaft cluster on loopback. Each node is broker and controller. */
export class LocalCluster {
  readonly brokers: readonly Broker[]

  private constructor(brokers: readonly Broker[]) {
    this.brokers = brokers
  }

  /** Starts all brokers. Resolves when every one serves. Throws a DevError. */
  static async start({
    libs,
    dataDir,
    brokers: count,
    port,
    special,
    ...rest
  }: LocalClusterOptions): Promise<LocalCluster> {
    const nodes: { nodeId: number; port: number; controllerPort: number }[] = []
    for (let nodeId = 1; nodeId <= count; nodeId++) {
      nodes.push({ nodeId, port: await freePort(nodeId === 1 ? port : 0), controllerPort: await freePort() })
    }
    const voters = nodes.map(({ nodeId, controllerPort }) => `${nodeId}@127.0.0.1:${controllerPort}`).join(',')
    const replication =
      count < 3
        ? {}
        : { 'default.replication.factor': '3', 'min.insync.replicas': '2', 'offsets.topic.replication.factor': '3' }
    const cluster = new LocalCluster(
      nodes.map(node => {
        const rack = count === 1 ? {} : { 'broker.rack': `rack-${node.nodeId}` }
        const own = special?.(node.nodeId)
        const properties = { ...rack, ...replication, ...rest.properties, ...own?.properties }
        return new Broker({
          libs,
          voters,
          ...node,
          ...rest,
          ...own,
          properties,
          dataDir: join(dataDir, `node-${node.nodeId}`)
        })
      })
    )
    try {
      await Promise.all(cluster.brokers.map(broker => broker.start()))
    } catch (error) {
      await cluster.kill()
      throw error
    }
    return cluster
  }

  get bootstrapServers(): string[] {
    return this.brokers.map(({ address }) => address)
  }

  broker(id: number): Broker {
    const found = this.brokers.find(broker => broker.id === id)
    if (found === undefined) throw new RangeError(`There is no broker ${id}`)
    return found
  }

  async stop(): Promise<void> {
    await Promise.all(this.brokers.map(broker => broker.stop()))
  }

  async kill(): Promise<void> {
    await Promise.all(this.brokers.map(broker => broker.kill()))
  }

  removeData(): void {
    for (const broker of this.brokers) broker.removeData()
  }
}
