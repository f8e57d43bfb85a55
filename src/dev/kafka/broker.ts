import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { DevError } from '../dev-error.ts'
import { runJava, startJvm, type Jvm } from './jvm.ts'

export interface BrokerOptions {
  /** Kafka's jars. */
  readonly libs: string
  /** Folder of log segments, properties and the broker's own log. */
  readonly dataDir: string
  readonly nodeId: number
  readonly port: number
  /** `id@host:port` of all controllers, including this one. */
  readonly voters: string
  readonly controllerPort: number
  /** Properties added to the defaults, or in their place. */
  readonly properties?: Readonly<Record<string, string>>
  readonly heapMb?: number
  readonly jvmFlags?: readonly string[]
  /** Further listeners by name, beside the plain one on loopback. */
  readonly listeners?: Readonly<Record<string, Listener>>
  /** Called with the broker's log file if it ends unasked. */
  readonly onDeath?: (logFile: string) => void
}

export interface Listener {
  readonly protocol: 'PLAINTEXT' | 'SSL' | 'SASL_PLAINTEXT' | 'SASL_SSL'
  readonly host: string
  readonly port: number
  /** Port of a relay in front; its own if left out. */
  readonly advertisedPort?: number
}

/** The id of all local clusters, which differ by ports and folders. */
const CLUSTER_ID = 'a2Fma2EtcmVzdC1wcm94eQ'
const STARTED = 'Kafka Server started'
/** The first exception in the log, usually the cause of the others. */
const FIRST_EXCEPTION = /^(?:Caused by: )?[\w.$]+(?:Exception|Error): (.+?)\.?$/m
const LOCKED = 'Failed to acquire lock on file'
/** Kafka's words for a port that it cannot take, after the address. */
const NOT_BOUND = /failed to bind to [^\n]*:(\d+): /
const START_LIMIT_MS = 60_000
const STOP_LIMIT_MS = 20_000
const HOST = '127.0.0.1'

/** Somebody else took one of the broker's own ports before it did. */
export class PortTaken extends DevError {}

/** A Kafka node on loopback, broker and controller in one. */
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

  /**
   * Starts the broker, formatting its storage the first time. Resolves when it serves.
   *
   * @throws DevError if it does not; PortTaken if another port may do
   */
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
    const text = `Kafka did not start ${ended}: ${reason}; see ${this.#logFile}.`
    const { port, controllerPort } = this.#options
    const isTaken = [port, controllerPort].includes(Number(NOT_BOUND.exec(log)?.[1]))
    throw isTaken ? new PortTaken(text) : new DevError(text)
  }

  /** Stops the broker in order. Kills it if that takes too long. */
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

  /** Kills the broker (SIGKILL): it flushes nothing and tells nobody. */
  async kill(): Promise<void> {
    const jvm = this.#jvm
    this.#jvm = null
    jvm?.signal('SIGKILL')
    await jvm?.exited
  }

  /** Freezes the broker (SIGSTOP) until {@link thaw}: connections stay open, and nothing answers. */
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
   * Renames the files of this start to their final names. Kafka refuses a second broker on the folder of a running one, and
   * until then its files must not overwrite those of the first.
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
      // A folder of its own, because only then does Kafka lock it before it writes. Otherwise a second broker on the same
      // folder breaks the metadata log of the first, which runs on but can create no topic and cannot stop.
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
