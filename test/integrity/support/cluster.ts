import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Broker, Listener } from '../../../src/dev/kafka/broker.ts'
import { freePort } from '../../../src/dev/kafka/free-port.ts'
import { kafkaJars } from '../../../src/dev/kafka/jars.ts'
import { LocalCluster } from '../../../src/dev/kafka/local-cluster.ts'
import { Operator } from './operator.ts'
import { Relay } from './relay.ts'

export interface FaultClusterOptions {
  readonly brokers?: number
  readonly properties?: Readonly<Record<string, string>>
  /** Puts a relay before each broker, for clients; says what is spoken there where that is not PLAINTEXT. */
  readonly relayed?: boolean | Listener['protocol']
  readonly jvmFlags?: readonly string[]
  /** Of each broker. */
  readonly heapMb?: number
  /** Puts a relay between this broker and those from which it replicates. */
  readonly slowFollower?: number
}

/** Quick to notice a broker that is gone, so that a test need not wait for Kafka's usual patience (9 s, 30 s). */
const PATIENCE = {
  'broker.session.timeout.ms': '3000',
  'broker.heartbeat.interval.ms': '500',
  'replica.lag.time.max.ms': '3000',
  'controlled.shutdown.max.retries': '3'
}
/** Where the relays stand that a slow follower meets instead of the other brokers. */
const DETOUR = '127.0.0.77'

/**
 * Three brokers with racks, replication 3 and two in-sync replicas wanted, which can be stopped, killed, frozen, started,
 * wiped and rolled, with an operator at hand; clients and followers can be led through relays.
 */
export class FaultCluster {
  readonly operator: Operator
  /** For clients. */
  readonly bootstrapServers: readonly string[]
  /** Between clients and brokers, by broker. */
  readonly relays: ReadonlyMap<number, Relay>
  /** Between the slow follower and the others. */
  readonly detours: readonly Relay[]
  readonly #cluster: LocalCluster
  readonly #dataDir: string
  readonly #closing = new AbortController()

  private constructor(
    cluster: LocalCluster,
    operator: Operator,
    relays: ReadonlyMap<number, Relay>,
    detours: readonly Relay[],
    dataDir: string
  ) {
    this.#cluster = cluster
    this.operator = operator
    this.relays = relays
    this.detours = detours
    this.bootstrapServers =
      relays.size === 0 ? cluster.bootstrapServers : Array.from(relays.values(), ({ port }) => `127.0.0.1:${port}`)
    this.#dataDir = dataDir
  }

  static async start(options: FaultClusterOptions = {}): Promise<FaultCluster> {
    const {
      brokers: count = 3,
      properties = {},
      relayed = false,
      jvmFlags: flags = [],
      heapMb = 256,
      slowFollower
    } = options
    const libs = await kafkaJars('.local', () => undefined)
    const dataDir = mkdtempSync(join(tmpdir(), 'kafka-rest-gateway-faults-'))
    const ids = Array.from({ length: count }, (_, index) => index + 1)
    const listeners = new Map<number, Record<string, Listener>>(ids.map(id => [id, {}]))
    const relays = new Map<number, Relay>()
    if (relayed !== false) {
      const protocol = relayed === true ? 'PLAINTEXT' : relayed
      for (const [id, own] of listeners) {
        const port = await freePort()
        const relay = await Relay.start(port)
        relays.set(id, relay)
        own.RELAYED = { protocol, host: '127.0.0.1', port, advertisedPort: relay.port }
      }
    }
    const detours: Relay[] = []
    const jvmFlags = new Map<number, string[]>()
    if (slowFollower !== undefined) {
      for (const [id, own] of listeners) {
        const port = await freePort()
        own.REPLICATION = { protocol: 'PLAINTEXT', host: `broker-${id}.internal`, port }
        detours.push(await Relay.start(port, { host: DETOUR, port }))
      }
      for (const id of ids) jvmFlags.set(id, [hostsFlag(dataDir, id, ids, slowFollower)])
    }
    const cluster = await LocalCluster.start({
      libs,
      dataDir,
      brokers: count,
      heapMb,
      properties: {
        ...PATIENCE,
        ...(slowFollower === undefined ? {} : { 'inter.broker.listener.name': 'REPLICATION' }),
        ...properties
      },
      special: id => ({ listeners: listeners.get(id) ?? {}, jvmFlags: [...flags, ...(jvmFlags.get(id) ?? [])] })
    })
    return new FaultCluster(cluster, await Operator.start(libs, cluster.bootstrapServers), relays, detours, dataDir)
  }

  /** Aborted when the cluster goes: whoever still works on it, because a test failed, is to end. */
  get closing(): AbortSignal {
    return this.#closing.signal
  }

  broker(id: number): Broker {
    return this.#cluster.broker(id)
  }

  relay(id: number): Relay {
    const relay = this.relays.get(id)
    if (relay === undefined) throw new RangeError(`No relay stands before broker ${id}`)
    return relay
  }

  /** Stops and starts one broker after the other, each when all replicas are in sync again. */
  async roll(): Promise<void> {
    for (const broker of this.#cluster.brokers) {
      await broker.stop()
      await broker.start()
      await this.operator.untilInSync()
    }
  }

  /** Takes all from a broker that is stopped, as a lost disk does. */
  wipe(id: number): void {
    this.broker(id).removeData()
  }

  async close(): Promise<void> {
    this.#closing.abort()
    this.operator.close()
    await this.#cluster.kill()
    await Promise.all([...this.relays.values(), ...this.detours].map(relay => relay.close()))
    rmSync(this.#dataDir, { recursive: true, force: true })
  }
}

/** Names as one broker resolves them: the slow follower finds the others behind relays, the others find each other directly. */
function hostsFlag(dataDir: string, id: number, ids: readonly number[], slowFollower: number): string {
  const file = join(dataDir, `hosts-${id}`)
  const address = (of: number) => (id === slowFollower && of !== id ? DETOUR : '127.0.0.1')
  const lines = ids.map(of => `${address(of)} broker-${of}.internal\n`)
  writeFileSync(file, `127.0.0.1 localhost\n${lines.join('')}`)
  return `-Djdk.net.hosts.file=${file}`
}
