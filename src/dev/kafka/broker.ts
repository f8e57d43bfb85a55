import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { DevError } from '../dev-error.ts'
import { runJava, startJvm, type Jvm } from './jvm.ts'

export interface BrokerOptions {
  /** Kafka's jars. */
  readonly libs: string
  /** Holds the log segments, the properties and the log of the broker itself. */
  readonly dataDir: string
  readonly nodeId: number
  readonly port: number
  /** `id@host:port` of all controllers, this one's included. */
  readonly voters: string
  readonly controllerPort: number
  /** Beside or instead of the defaults. */
  readonly properties?: Readonly<Record<string, string>>
  readonly heapMb?: number
  readonly jvmFlags?: readonly string[]
  /** Beside the plain one on loopback, by name. */
  readonly listeners?: Readonly<Record<string, Listener>>
  /** Called if the running broker ends though nobody stopped it, with the file of its log. */
  readonly onDeath?: (logFile: string) => void
}

export interface Listener {
  readonly protocol: 'PLAINTEXT' | 'SSL' | 'SASL_PLAINTEXT' | 'SASL_SSL'
  readonly host: string
  readonly port: number
  /** Of a relay that stands before it; its own when left out. */
  readonly advertisedPort?: number
}

/** Of all local clusters: they are told apart by their ports and folders. */
const CLUSTER_ID = 'a2Fma2EtcmVzdC1wcm94eQ'
const STARTED = 'Kafka Server started'
/** The first that was logged, which is the cause of the others as a rule. */
const FIRST_EXCEPTION = /^(?:Caused by: )?[\w.$]+(?:Exception|Error): (.+?)\.?$/m
const LOCKED = 'Failed to acquire lock on file'
const START_LIMIT_MS = 60_000
const STOP_LIMIT_MS = 20_000
const HOST = '127.0.0.1'

/** One Kafka node, broker and controller in one, on loopback. */
export class Broker {
  readonly address: string
  readonly #options: BrokerOptions
  readonly #propertiesFile: string
  readonly #logFile: string
  readonly #logDir: string
  readonly #metadataDir: string
  #jvm: Jvm | null = null

  constructor(options: BrokerOptions) {
    this.#options = options
    this.address = `${HOST}:${options.port}`
    this.#propertiesFile = join(options.dataDir, 'server.properties')
    this.#logFile = join(options.dataDir, 'broker.log')
    this.#logDir = join(options.dataDir, 'records')
    this.#metadataDir = join(options.dataDir, 'metadata')
  }

  get id(): number {
    return this.#options.nodeId
  }

  get pid(): number | undefined {
    return this.#jvm?.pid
  }

  /** Formats the storage the first time; resolves when the broker serves. Throws DevError when it does not. */
  async start(): Promise<void> {
    const { libs, dataDir, heapMb = 512, jvmFlags = [] } = this.#options
    mkdirSync(dataDir, { recursive: true })
    const [propertiesFile, logFile] = [this.#propertiesFile, this.#logFile].map(file => `${file}.${process.pid}`)
    writeFileSync(propertiesFile, this.#properties())
    if (!existsSync(join(this.#metadataDir, 'meta.properties'))) {
      await runJava(libs, 'kafka.tools.StorageTool', ['format', '-t', CLUSTER_ID, '-c', propertiesFile])
    }
    rmSync(logFile, { force: true })
    const args = [propertiesFile]
    const jvm = await startJvm({ libs, heapMb, mainClass: 'kafka.Kafka', args, flags: jvmFlags, logFile })
    this.#jvm = jvm
    for (const end = Date.now() + START_LIMIT_MS; Date.now() < end; await sleep(100)) {
      if (!jvm.running) break
      if (!readFileSync(logFile, 'utf8').includes(STARTED)) continue
      this.#keepFiles(propertiesFile, logFile)
      void jvm.exited.then(() => this.#ended(jvm))
      return
    }
    const ended = jvm.running ? `within ${START_LIMIT_MS / 1000} s` : 'and ended'
    await this.kill()
    const log = readFileSync(logFile, 'utf8')
    if (log.includes(LOCKED)) {
      for (const file of [propertiesFile, logFile]) rmSync(file)
      throw new DevError(`Another Kafka uses ${dataDir}. Stop it, or choose another folder with --data-dir.`)
    }
    this.#keepFiles(propertiesFile, logFile)
    const reason = FIRST_EXCEPTION.exec(log)?.[1] ?? log.trimEnd().split('\n').at(-1)
    throw new DevError(`Kafka did not start ${ended}: ${reason}; see ${this.#logFile}.`)
  }

  /** In order; killed when that takes too long. */
  async stop(): Promise<void> {
    const jvm = this.#jvm
    this.#jvm = null
    if (jvm === null) return
    jvm.signal('SIGCONT')
    jvm.signal('SIGTERM')
    const stopped = await Promise.race([jvm.exited.then(() => true), sleep(STOP_LIMIT_MS, false, { ref: false })])
    if (stopped) return
    jvm.signal('SIGKILL')
    await jvm.exited
  }

  /** SIGKILL: nothing is flushed, nobody is told. */
  async kill(): Promise<void> {
    const jvm = this.#jvm
    this.#jvm = null
    jvm?.signal('SIGKILL')
    await jvm?.exited
  }

  /** SIGSTOP: connections stay open and nothing answers, until {@link thaw}. */
  freeze(): void {
    this.#jvm?.signal('SIGSTOP')
  }

  thaw(): void {
    this.#jvm?.signal('SIGCONT')
  }

  removeData(): void {
    rmSync(this.#options.dataDir, { recursive: true, force: true })
  }

  /**
   * Gives the files of this start their names. Until the folder is known to be ours they have names of their own, because a
   * second Kafka on the folder of a running one, which Kafka refuses, must not touch the files of the first.
   */
  #keepFiles(propertiesFile: string, logFile: string): void {
    renameSync(propertiesFile, this.#propertiesFile)
    renameSync(logFile, this.#logFile)
  }

  #ended(jvm: Jvm): void {
    if (this.#jvm !== jvm) return
    this.#jvm = null
    this.#options.onDeath?.(this.#logFile)
  }

  #properties(): string {
    const { nodeId, port, controllerPort, voters, properties, listeners = {} } = this.#options
    const extra = Object.entries(listeners)
    const addresses = extra.map(([name, { host, port }]) => `,${name}://${host}:${port}`).join('')
    const advertised = extra.map(
      ([name, { host, port, advertisedPort = port }]) => `,${name}://${host}:${advertisedPort}`
    )
    const protocols = extra.map(([name, { protocol }]) => `,${name}:${protocol}`).join('')
    const all = {
      'process.roles': 'broker,controller',
      'node.id': String(nodeId),
      'controller.quorum.voters': voters,
      listeners: `PLAINTEXT://${HOST}:${port},CONTROLLER://${HOST}:${controllerPort}${addresses}`,
      'advertised.listeners': `PLAINTEXT://${HOST}:${port}${advertised.join('')}`,
      'listener.security.protocol.map': `PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT${protocols}`,
      'controller.listener.names': 'CONTROLLER',
      'inter.broker.listener.name': 'PLAINTEXT',
      'log.dirs': this.#logDir,
      // Apart from the records: only then does Kafka lock it before it writes. A second broker started on the same folder
      // would otherwise break the metadata log of the first, which runs on but can create no topic and cannot stop.
      'metadata.log.dir': this.#metadataDir,
      'num.partitions': '1',
      'offsets.topic.replication.factor': '1',
      'offsets.topic.num.partitions': '1',
      'transaction.state.log.replication.factor': '1',
      'transaction.state.log.num.partitions': '1',
      'transaction.state.log.min.isr': '1',
      'share.coordinator.state.topic.replication.factor': '1',
      'share.coordinator.state.topic.min.isr': '1',
      'group.initial.rebalance.delay.ms': '0',
      'log.segment.delete.delay.ms': '1000',
      ...properties
    }
    return Object.entries(all)
      .map(([key, value]) => `${key}=${value}\n`)
      .join('')
  }
}
