import { join } from 'node:path'
import { Broker, type BrokerOptions, PortTaken } from './broker.ts'
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

const ATTEMPTS = 3

/** A KRaft cluster on loopback. Each node is broker and controller. */
export class LocalCluster {
  readonly brokers: readonly Broker[]

  private constructor(brokers: readonly Broker[]) {
    this.brokers = brokers
  }

  /**
   * Starts all brokers. Resolves when every one serves. A port is theirs only once Kafka listens on it: if somebody else is
   * faster, they start again on other ports. Throws a DevError.
   */
  static async start({ port = 0, ...options }: LocalClusterOptions): Promise<LocalCluster> {
    for (let attempt = 1; ; attempt++) {
      const cluster = await LocalCluster.#made({ ...options, port: attempt === 1 ? port : 0 })
      const starts = cluster.brokers.map(broker => broker.start())
      try {
        await Promise.all(starts)
        return cluster
      } catch (error) {
        await cluster.kill()
        // One that was still formatting its storage starts after that.
        await Promise.allSettled(starts)
        await cluster.kill()
        if (!(error instanceof PortTaken) || attempt === ATTEMPTS) throw error
      }
    }
  }

  /** Chooses ports that are free now. Starts nothing. */
  static async #made({
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
    return new LocalCluster(
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
