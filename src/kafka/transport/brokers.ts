import { isIPv6 } from 'node:net'
import type { KafkaConfig } from '../../config/schema.ts'
import { apiName } from '../../core/kafka-apis.ts'
import { type KafkaIdentity, ownerText } from '../../core/kafka-identity.ts'
import { RepeatedWarnings } from '../../core/lib/repeated-warnings.ts'
import type { Log } from '../../core/log.ts'
import { type BrokerMeter, type Meter, noMeter } from '../../core/meter.ts'
import { BrokerChannel } from './broker-channel.ts'
import type { BrokerAddress } from './broker-connection.ts'
import type { BrokerNode } from './broker-node.ts'
import { connectionSecurity, type BrokerTrust } from './connection-security.ts'
import { Endpoint } from './endpoint.ts'
import { TransportError } from './transport-error.ts'

/** How the connections of a lane behave. */
interface LaneTraits {
  /** Whether its requests may be repeated, so that a silent connection may be replaced while they are in flight. */
  readonly replaceSilent: boolean
  /** Time limit of its requests, if the broker may park them for longer than `kafka.requestTimeoutMs`. */
  readonly requestTimeoutMs?: number
}

/** Longer than a rebalance as a rule takes. A member that hears nothing for so long asks again, on a new connection. */
export const JOIN_TIMEOUT_MS = 60_000

/**
 * Kinds of work with connections of their own, because a broker serves the requests of a connection one at a time: no lane
 * waits behind another. `wait` carries long polls; `admin` carries changes, which may take the whole request time-out; `join`
 * carries requests that are parked until a whole group has come; `group` commits and questions about groups. A lane may have
 * several connections to a broker, told apart by an index.
 */
const lanes = {
  produce: { replaceSilent: true },
  fetch: { replaceSilent: true },
  wait: { replaceSilent: true },
  control: { replaceSilent: true },
  admin: { replaceSilent: false },
  join: { replaceSilent: false, requestTimeoutMs: JOIN_TIMEOUT_MS },
  heartbeat: { replaceSilent: true },
  group: { replaceSilent: true }
} as const satisfies Record<string, LaneTraits>

export type Lane = keyof typeof lanes

export interface BrokersSettings extends Pick<
  KafkaConfig,
  'bootstrapServers' | 'clientId' | 'connectTimeoutMs' | 'requestTimeoutMs'
> {
  /** TLS is spoken if it is there. */
  readonly tls?: BrokerTrust
  /** A connection closes when nothing was sent over it for so long; 3 min when left out. */
  readonly connectionIdleMs?: number
  /** Shared with other identities, so that what befalls all of them is logged once; its own when left out. */
  readonly warnings?: RepeatedWarnings
}

/** Shorter than the broker's `connections.max.idle.ms` (10 min), and than firewalls remember a connection (4 min). */
const IDLE_LIMIT_MS = 180_000
const IDLE_SWEEP_MS = 15_000

/** The connections of one identity to a cluster, by broker, lane and index; each is made when it is first asked for. */
export class Brokers {
  readonly #settings: BrokersSettings
  readonly #identity: KafkaIdentity
  readonly #log: Log
  readonly #meter: Meter
  readonly #warnings: RepeatedWarnings
  readonly #endpoints = new Map<string, Endpoint>()
  readonly #bootstrap: readonly BrokerChannel[]
  readonly #channels = new Map<string, BrokerChannel>()
  readonly #sweep: NodeJS.Timeout
  #nodes: ReadonlyMap<number, BrokerNode> = new Map()
  #turn = 0
  #closed = false
  #onLost: () => void = () => undefined
  #onRefused: () => void = () => undefined

  constructor(settings: BrokersSettings, identity: KafkaIdentity, log: Log, meter: Meter = noMeter) {
    this.#settings = settings
    this.#identity = identity
    this.#log = log
    this.#meter = meter
    this.#warnings = settings.warnings ?? new RepeatedWarnings(log)
    this.#bootstrap = settings.bootstrapServers.map(address => {
      const { host, port } = parseAddress(address)
      return this.#newChannel(this.#endpointOf(host, port, 'kafka.bootstrapServers'), 'control', 'bootstrap')
    })
    this.#sweep = setInterval(() => this.#closeIdle(), IDLE_SWEEP_MS).unref()
  }

  /** The brokers that the last Metadata answer named. */
  get nodes(): ReadonlyMap<number, BrokerNode> {
    return this.#nodes
  }

  /** Open connections. */
  get connections(): number {
    return [...this.#bootstrap, ...this.#channels.values()].filter(({ connected }) => connected).length
  }

  /** When a broker last answered at the address that it advertises; −Infinity before. */
  get answeredAtMs(): number {
    return Math.max(-Infinity, ...this.#advertised().map(({ answeredAtMs }) => answeredAtMs))
  }

  /** Whether the last attempt to connect failed at every known address. */
  get allFail(): boolean {
    return [...this.#endpoints.values()].every(({ failure }) => failure !== '')
  }

  /** The endpoint whose credentials may be tried again first, if no broker can be reached because credentials are refused. */
  get refusing(): Endpoint | undefined {
    if (!this.allFail) return undefined
    const refusing = [...this.#endpoints.values()].filter(({ refusesCredentials }) => refusesCredentials)
    return refusing.toSorted((one, other) => one.refusedForMs - other.refusedForMs).at(0)
  }

  get closed(): boolean {
    return this.#closed
  }

  /** Calls `listener` whenever an established connection is lost. */
  onLost(listener: () => void): void {
    this.#onLost = listener
  }

  /** Calls `listener` whenever a broker does not take the credentials. */
  onRefused(listener: () => void): void {
    this.#onRefused = listener
  }

  /** Whose credentials the connections show, as texts name it. */
  get ownerText(): string {
    return ownerText(this.#identity.owner)
  }

  /** Adds brokers that an answer other than Metadata names, or where they are now; the others stay. `source` is for the log. */
  learn(nodes: readonly BrokerNode[], source: string): void {
    const isKnown = ({ id, host, port }: BrokerNode) => {
      const known = this.#nodes.get(id)
      return known !== undefined && known.host === host && known.port === port
    }
    if (nodes.every(isKnown)) return
    this.#take(new Map([...this.#nodes, ...nodes.map(node => [node.id, node] as const)]), source)
  }

  /** Replaces the known brokers by those of a Metadata answer. `from`: the address of the broker that gave it. */
  update(nodes: ReadonlyMap<number, BrokerNode>, from: string): void {
    this.#take(nodes, `the metadata of ${from}`)
  }

  /** Throws a TransportError (nothing sent) if the broker is not known. */
  channel(brokerId: number, lane: Lane, index = 0): BrokerChannel {
    const name = `${brokerId}/${lane}/${index}`
    let channel = this.#channels.get(name)
    if (channel === undefined) {
      const node = this.#nodes.get(brokerId)
      if (node === undefined) throw new TransportError(`Broker ${brokerId} is not known`, false)
      const endpoint = this.#endpointOf(node.host, node.port, 'metadata')
      this.#channels.set(name, (channel = this.#newChannel(endpoint, lane, String(brokerId))))
    }
    return channel
  }

  /**
   * Returns control channels in the order in which to ask: a different broker first each time, then bootstrap addresses that
   * are not known as a broker's; those that rest come last.
   */
  anyChannels(): BrokerChannel[] {
    const known = [...this.#nodes.keys()].map(id => this.channel(id, 'control'))
    const turn = known.length === 0 ? 0 : this.#turn++ % known.length
    const brokers = new Set(known.map(({ endpoint }) => endpoint))
    const others = this.#bootstrap.filter(({ endpoint }) => !brokers.has(endpoint))
    const ordered = [...known.slice(turn), ...known.slice(0, turn), ...others]
    return [...ordered.filter(channel => !channel.resting), ...ordered.filter(channel => channel.resting)]
  }

  async close(): Promise<void> {
    this.#closed = true
    clearInterval(this.#sweep)
    await Promise.all([...this.#bootstrap, ...this.#channels.values()].map(channel => channel.close()))
  }

  #take(nodes: ReadonlyMap<number, BrokerNode>, source: string): void {
    this.#nodes = nodes
    for (const [name, channel] of this.#channels) {
      const node = nodes.get(Number(name.slice(0, name.indexOf('/'))))
      // A broker that is missing is down, or unknown to the one that answered: its connections may yet serve.
      if (node === undefined || (node.host === channel.host && node.port === channel.port)) continue
      this.#channels.delete(name)
      void channel.close()
    }
    for (const endpoint of this.#endpoints.values()) endpoint.brokerId = undefined
    for (const { id, host, port } of nodes.values()) {
      const endpoint = this.#endpointOf(host, port, source)
      endpoint.brokerId = id
    }
    this.#forgetEndpoints()
  }

  #newChannel(endpoint: Endpoint, lane: Lane, label: string): BrokerChannel {
    const { clientId, connectTimeoutMs, requestTimeoutMs } = this.#settings
    const meter = this.#meter.broker(label)
    return new BrokerChannel(endpoint, {
      clientId,
      connectTimeoutMs,
      requestTimeoutMs,
      ...lanes[lane],
      security: host => connectionSecurity(this.#settings.tls, this.#identity, host),
      meter,
      ...(this.#identity.owner === undefined ? {} : { owner: this.#identity.owner }),
      onConnected: (mechanism, sessionMs) =>
        this.#log.debug(
          { broker: label, address: endpoint.address, lane, mechanism, sessionMs },
          'Connected to a broker'
        ),
      onLost: () => this.#onLost(),
      onRefused: () => this.#onRefused(),
      onThrottled: (apiKey, throttleMs) => this.#throttled(endpoint, meter, apiKey, throttleMs)
    })
  }

  #throttled({ address }: Endpoint, meter: BrokerMeter, apiKey: number, throttleMs: number): void {
    const api = apiName(apiKey)
    const kind = `throttled ${address} ${api}`
    if (throttleMs > 0) {
      meter.throttled(apiKey, throttleMs / 1000)
      const text = `Broker ${address} throttles ${api} for ${throttleMs} ms: a quota of ${this.ownerText} Kafka user or client id is used up`
      this.#warnings.warn(kind, { address, api, throttleMs }, text)
    } else this.#warnings.over(kind, { address, api }, `Broker ${address} no longer throttles ${api}`)
  }

  #endpointOf(host: string, port: number, source: string): Endpoint {
    const key = `${host}:${port}`
    let endpoint = this.#endpoints.get(key)
    if (endpoint === undefined) {
      endpoint = new Endpoint(host, port, source, this.#warnings, this.#identity.owner)
      this.#endpoints.set(key, endpoint)
    }
    return endpoint
  }

  #advertised(): Endpoint[] {
    return Array.from(this.#nodes.values(), ({ host, port }) => this.#endpoints.get(`${host}:${port}`)).filter(
      endpoint => endpoint !== undefined
    )
  }

  #forgetEndpoints(): void {
    const used = new Set([...this.#bootstrap, ...this.#channels.values()].map(({ endpoint }) => endpoint))
    for (const endpoint of this.#advertised()) used.add(endpoint)
    for (const [key, endpoint] of this.#endpoints) if (!used.has(endpoint)) this.#endpoints.delete(key)
  }

  #closeIdle(): void {
    const { connectionIdleMs = IDLE_LIMIT_MS } = this.#settings
    for (const channel of [...this.#bootstrap, ...this.#channels.values()]) channel.closeIdle(connectionIdleMs)
  }
}

/** Splits `host:port`. */
export function parseAddress(address: string): BrokerAddress {
  const colon = address.lastIndexOf(':')
  const host = address.slice(0, colon).replace(/^\[(.*)\]$/, (whole, inner: string) => (isIPv6(inner) ? inner : whole))
  return { host, port: Number(address.slice(colon + 1)) }
}
