import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { freePort } from '../../../src/dev/kafka/free-port.ts'
import { startJvm, type Jvm, type JvmOptions } from '../../../src/dev/kafka/jvm.ts'

const START_LIMIT_MS = 60_000
const LOG_LINES = 12

/** A broker of the time before KRaft, with a ZooKeeper of its own, on loopback. */
export class ZooKeeperBroker {
  readonly address: string
  /** Those that need others before them. */
  readonly #jvms: Jvm[] = []

  private constructor(port: number) {
    this.address = `127.0.0.1:${port}`
  }

  /** Rejects with the last lines of its log when it does not start; nothing is left running then. */
  static async start(libs: string, dataDir: string, flags: readonly string[]): Promise<ZooKeeperBroker> {
    mkdirSync(dataDir, { recursive: true })
    const [zooKeeperPort, port] = [await freePort(), await freePort()]
    const broker = new ZooKeeperBroker(port)
    try {
      await broker.#run(zooKeeperPort, {
        libs,
        heapMb: 128,
        mainClass: 'org.apache.zookeeper.server.ZooKeeperServerMain',
        flags: [...flags, '-Dzookeeper.admin.enableServer=false'],
        args: [String(zooKeeperPort), join(dataDir, 'zookeeper')],
        logFile: join(dataDir, 'zookeeper.log')
      })
      const file = join(dataDir, 'server.properties')
      writeFileSync(file, propertiesOf(dataDir, port, zooKeeperPort))
      const logFile = join(dataDir, 'broker.log')
      await broker.#run(port, { libs, heapMb: 512, mainClass: 'kafka.Kafka', flags, args: [file], logFile })
      return broker
    } catch (error) {
      await broker.stop()
      throw error
    }
  }

  /** Resolves when it listens. */
  async #run(port: number, options: JvmOptions): Promise<void> {
    const jvm = await startJvm(options)
    this.#jvms.unshift(jvm)
    for (const end = Date.now() + START_LIMIT_MS; !(await isOpen(port)); await sleep(200)) {
      if (jvm.running && Date.now() < end) continue
      const log = readFileSync(options.logFile, 'utf8').trimEnd().split('\n').slice(-LOG_LINES)
      throw new Error(`${options.mainClass} did not start:\n${log.join('\n')}`)
    }
  }

  async stop(): Promise<void> {
    for (const jvm of this.#jvms) {
      jvm.signal('SIGKILL')
      await jvm.exited
    }
  }
}

function propertiesOf(dataDir: string, port: number, zooKeeperPort: number): string {
  const properties = {
    'broker.id': '1',
    'zookeeper.connect': `127.0.0.1:${zooKeeperPort}`,
    listeners: `PLAINTEXT://127.0.0.1:${port}`,
    'log.dirs': join(dataDir, 'records'),
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
