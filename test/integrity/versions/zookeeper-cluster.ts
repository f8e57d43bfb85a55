import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { freePort } from '../../../src/dev/kafka/free-port.ts'
import { startJvm, type Jvm, type JvmOptions } from '../../../src/dev/kafka/jvm.ts'

const START_LIMIT_MS = 60_000
const LOG_LINES = 12

export interface ZooKeeperClusterOptions {
  readonly libs: string
  readonly dataDir: string
  /** Of every JVM. */
  readonly flags: readonly string[]
  readonly brokers?: number
}

/** Brokers of the time before KRaft, with a ZooKeeper of their own, on loopback. */
export class ZooKeeperCluster {
  readonly addresses: string[] = []
  readonly #options: ZooKeeperClusterOptions
  readonly #brokers: Jvm[] = []
  #zooKeeper: Jvm | undefined

  private constructor(options: ZooKeeperClusterOptions) {
    this.#options = options
  }

  /** Rejects with the last lines of its log when it does not start; nothing is left running then. */
  static async start(options: ZooKeeperClusterOptions): Promise<ZooKeeperCluster> {
    const { libs, dataDir, flags, brokers = 1 } = options
    mkdirSync(dataDir, { recursive: true })
    const cluster = new ZooKeeperCluster(options)
    const zooKeeperPort = await freePort()
    try {
      cluster.#zooKeeper = await startListening(zooKeeperPort, {
        libs,
        heapMb: 128,
        mainClass: 'org.apache.zookeeper.server.ZooKeeperServerMain',
        flags: [...flags, '-Dzookeeper.admin.enableServer=false'],
        args: [String(zooKeeperPort), join(dataDir, 'zookeeper')],
        logFile: join(dataDir, 'zookeeper.log')
      })
      for (let id = 1; id <= brokers; id++) {
        const port = await freePort()
        cluster.addresses.push(`127.0.0.1:${port}`)
        writeFileSync(cluster.#propertiesFile(id), propertiesOf(dataDir, id, port, zooKeeperPort))
        await cluster.startBroker(id)
      }
      return cluster
    } catch (error) {
      await cluster.stop()
      throw error
    }
  }

  /** Resolves when the broker listens, which is before it knows the cluster. */
  async startBroker(id: number): Promise<void> {
    const { libs, dataDir, flags } = this.#options
    const args = [this.#propertiesFile(id)]
    const logFile = join(dataDir, `broker-${id}.log`)
    const options = { libs, heapMb: 512, mainClass: 'kafka.Kafka', flags, args, logFile }
    const port = Number(this.addresses[id - 1].split(':')[1])
    this.#brokers[id - 1] = await startListening(port, options)
  }

  async stopBroker(id: number): Promise<void> {
    const jvm = this.#brokers[id - 1]
    jvm.signal('SIGTERM')
    await jvm.exited
  }

  async stop(): Promise<void> {
    for (const jvm of [...this.#brokers, this.#zooKeeper]) {
      jvm?.signal('SIGKILL')
      await jvm?.exited
    }
  }

  #propertiesFile(id: number): string {
    return join(this.#options.dataDir, `server-${id}.properties`)
  }
}

/** Resolves when the process listens. */
async function startListening(port: number, options: JvmOptions): Promise<Jvm> {
  const jvm = await startJvm(options)
  for (const end = Date.now() + START_LIMIT_MS; !(await isOpen(port)); await sleep(200)) {
    if (jvm.running && Date.now() < end) continue
    jvm.signal('SIGKILL')
    const log = readFileSync(options.logFile, 'utf8').trimEnd().split('\n').slice(-LOG_LINES)
    throw new Error(`${options.mainClass} did not start:\n${log.join('\n')}`)
  }
  return jvm
}

function propertiesOf(dataDir: string, id: number, port: number, zooKeeperPort: number): string {
  const properties = {
    'broker.id': String(id),
    'zookeeper.connect': `127.0.0.1:${zooKeeperPort}`,
    listeners: `PLAINTEXT://127.0.0.1:${port}`,
    'log.dirs': join(dataDir, `records-${id}`),
    'offsets.topic.replication.factor': '1',
    'offsets.topic.num.partitions': '1',
    'transaction.state.log.replication.factor': '1',
    'transaction.state.log.num.partitions': '1',
    'transaction.state.log.min.isr': '1',
    'group.initial.rebalance.delay.ms': '0',
    'log.segment.delete.delay.ms': '1000',
    'log.cleaner.backoff.ms': '200'
  }
  return Object.entries(properties)
    .map(([key, value]) => `${key}=${value}\n`)
    .join('')
}

function isOpen(port: number): Promise<boolean> {
  return new Promise(resolve => {
    const socket = connect({ host: '127.0.0.1', port }, () => {
      socket.destroy()
      resolve(true)
    })
    socket.once('error', () => resolve(false))
  })
}
