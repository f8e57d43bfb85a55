import { isIPv6 } from 'node:net'
import type { KafkaConfig } from '../../config/schema.ts'
import { type Meter, noMeter } from '../../core/meter.ts'
import type { BrokerNode } from '../metadata/topic-metadata.ts'
import { BrokerChannel, type ChannelOptions } from './broker-channel.ts'
import { connectionSecurity } from './connection-security.ts'
import { TransportError } from './transport-error.ts'

/** What a connection is used for: a lane never waits behind another. */
export type Lane = 'produce' | 'fetch' | 'control'

/** The connections to a cluster: by broker, lane and number, made when first asked for. */
export class Brokers {
  readonly #options: Omit<ChannelOptions, 'meter'>
  readonly #meter: Meter
  readonly #bootstrap: readonly BrokerChannel[]
  readonly #channels = new Map<string, BrokerChannel>()
  #nodes: ReadonlyMap<number, BrokerNode> = new Map()
  #turn = 0

  constructor(config: KafkaConfig, meter: Meter = noMeter) {
    this.#meter = meter
    const { clientId, connectTimeoutMs, requestTimeoutMs } = config
    this.#options = { clientId, connectTimeoutMs, requestTimeoutMs, security: connectionSecurity(config) }
    this.#bootstrap = config.bootstrapServers.map(address => {
      const { host, port } = parseAddress(address)
      return new BrokerChannel(host, port, { ...this.#options, meter: meter.broker('bootstrap') })
    })
  }

  /** The brokers that the last Metadata answer named. */
  get nodes(): ReadonlyMap<number, BrokerNode> {
    return this.#nodes
  }

  update(nodes: ReadonlyMap<number, BrokerNode>): void {
    this.#nodes = nodes
    for (const [name, channel] of this.#channels) {
      const node = nodes.get(Number(name.slice(0, name.indexOf('/'))))
      // A broker that is missing is down, or unknown to the one that answered: its connections may yet serve.
      if (node === undefined || (node.host === channel.host && node.port === channel.port)) continue
      this.#channels.delete(name)
      void channel.close()
    }
  }

  /** Throws a TransportError (nothing sent) where the broker is not known. */
  channel(brokerId: number, lane: Lane, index = 0): BrokerChannel {
    const name = `${brokerId}/${lane}/${index}`
    let channel = this.#channels.get(name)
    if (channel === undefined) {
      const node = this.#nodes.get(brokerId)
      if (node === undefined) throw new TransportError(`Broker ${brokerId} is not known`, false)
      const options = { ...this.#options, meter: this.#meter.broker(String(brokerId)) }
      this.#channels.set(name, (channel = new BrokerChannel(node.host, node.port, options)))
    }
    return channel
  }

  /** Control channels in the order in which to ask: a different broker first each time, those that just failed last. */
  anyChannels(): BrokerChannel[] {
    const known = [...this.#nodes.keys()].map(id => this.channel(id, 'control'))
    const turn = known.length === 0 ? 0 : this.#turn++ % known.length
    const ordered = [...known.slice(turn), ...known.slice(0, turn), ...this.#bootstrap]
    return [...ordered.filter(channel => !channel.resting), ...ordered.filter(channel => channel.resting)]
  }

  async close(): Promise<void> {
    await Promise.all([...this.#bootstrap, ...this.#channels.values()].map(channel => channel.close()))
  }
}

function parseAddress(address: string): { host: string; port: number } {
  const colon = address.lastIndexOf(':')
  const host = address.slice(0, colon).replace(/^\[(.*)\]$/, (whole, inner: string) => (isIPv6(inner) ? inner : whole))
  return { host, port: Number(address.slice(colon + 1)) }
}
