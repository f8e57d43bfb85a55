import { mkdirSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { freePort } from '../../../src/dev/kafka/free-port.ts'
import { startJvm, type Jvm } from '../../../src/dev/kafka/jvm.ts'

const START_LIMIT_MS = 60_000

/** A broker of the time before KRaft, with a ZooKeeper of its own, on loopback. */
export class ZooKeeperBroker {
  readonly address: string
  readonly #jvms: Jvm[]

  private constructor(port: number, jvms: Jvm[]) {
    this.address = `127.0.0.1:${port}`
    this.#jvms = jvms
  }

  static async start(libs: string, dataDir: string): Promise<ZooKeeperBroker> {
    mkdirSync(dataDir, { recursive: true })
    const [zooKeeperPort, port] = [await freePort(), await freePort()]
    const zooKeeper = await startJvm({
      libs,
      heapMb: 128,
      mainClass: 'org.apache.zookeeper.server.ZooKeeperServerMain',
      flags: ['-Dzookeeper.admin.enableServer=false'],
      args: [String(zooKeeperPort), join(dataDir, 'zookeeper')],
      logFile: join(dataDir, 'zookeeper.log')
    })
    await untilOpen(zooKeeperPort)
    const file = join(dataDir, 'server.properties')
    writeFileSync(file, propertiesOf(dataDir, port, zooKeeperPort))
    const logFile = join(dataDir, 'broker.log')
    const kafka = await startJvm({ libs, heapMb: 512, mainClass: 'kafka.Kafka', args: [file], logFile })
    const broker = new ZooKeeperBroker(port, [kafka, zooKeeper])
    await untilOpen(port)
    return broker
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

async function untilOpen(port: number): Promise<void> {
  for (const end = Date.now() + START_LIMIT_MS; !(await isOpen(port)); await sleep(200))
    if (Date.now() > end) throw new Error(`Nothing came to listen on port ${port}.`)
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
