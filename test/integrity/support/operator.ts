import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { javaClasses } from '../../support/java-classes.ts'

const PROGRAM = fileURLToPath(new URL('./Operator.java', import.meta.url))

export interface StoredRecord {
  readonly partition: number
  readonly offset: number
  readonly key: string | null
  readonly value: string
}

export interface PartitionState {
  readonly partition: number
  /** −1: none. */
  readonly leader: number
  readonly replicas: readonly number[]
  readonly inSync: readonly number[]
}

/** Does to a cluster what operators do, and reads topics in full, with Apache's own clients in a Java process that stays. */
export class Operator {
  readonly #java: ChildProcessWithoutNullStreams
  #lines: string[] = []
  #answer: { resolve(lines: string[]): void; reject(error: Error): void } | undefined
  #last: Promise<unknown> = Promise.resolve()

  private constructor(libs: string, classes: string, bootstrapServers: readonly string[]) {
    const flags = ['-Xmx512m', '-XX:+UseSerialGC', '-Dlog4j2.level=OFF', '-cp', `${classes}:${join(libs, '*')}`]
    this.#java = spawn('java', [...flags, 'Operator', bootstrapServers.join(',')])
    createInterface({ input: this.#java.stdout }).on('line', line => this.#take(line))
    this.#java.stderr.resume()
    this.#java.once('exit', status => this.#answer?.reject(new Error(`The operator ended with ${status}.`)))
  }

  static async start(libs: string, bootstrapServers: readonly string[]): Promise<Operator> {
    return new Operator(libs, await javaClasses(libs, PROGRAM), bootstrapServers)
  }

  /** With so many partitions, or with these replicas for each: `[[1, 2], [2, 3]]`, first the preferred leader. */
  async createTopic(
    name: string,
    layout: number | readonly (readonly number[])[],
    settings: Readonly<Record<string, string>> = {}
  ): Promise<void> {
    const replicas = typeof layout === 'number' ? layout : layout.map(nodes => nodes.join(',')).join(';')
    await this.#run('create', name, replicas, ...Object.entries(settings).map(([key, value]) => `${key}=${value}`))
    await this.#until(async () => (await this.describe(name)).every(({ leader }) => leader >= 0))
  }

  deleteTopic(name: string): Promise<unknown> {
    return this.#run('delete', name)
  }

  addPartitions(topic: string, total: number): Promise<unknown> {
    return this.#run('partitions', topic, total)
  }

  /** Moves a partition to other replicas; resolves when they are in sync and the old ones gone. */
  async reassign(topic: string, partition: number, replicas: readonly number[]): Promise<void> {
    await this.#run('reassign', topic, partition, replicas.join(','))
    await this.#until(async () => (await this.#run('moving'))[0] === '0')
  }

  /** Makes the first of the replicas the leader. */
  electPreferred(topic: string, partition: number): Promise<unknown> {
    return this.#run('elect', topic, partition)
  }

  /** Deletes the records before `offset` (DeleteRecords). */
  trim(topic: string, partition: number, offset: number): Promise<unknown> {
    return this.#run('trim', topic, partition, offset)
  }

  /** Where the part of the log begins that is not in remote storage only. */
  async localStart(topic: string, partition: number): Promise<number> {
    return Number((await this.#run('local-start', topic, partition))[0])
  }

  /** Of a client id, by name (`producer_byte_rate`); −1 removes it. */
  quota(clientId: string, name: string, value: number): Promise<unknown> {
    return this.#run('quota', clientId, name, value)
  }

  configure(topic: string, name: string, value: string): Promise<unknown> {
    return this.#run('config', topic, name, value)
  }

  /** Of a broker that runs (dynamic). */
  configureBroker(id: number, name: string, value: string): Promise<unknown> {
    return this.#run('broker-config', id, name, value)
  }

  /** Gives a user of SASL/SCRAM a password. */
  setPassword(user: string, mechanism: 'SCRAM-SHA-256' | 'SCRAM-SHA-512', password: string): Promise<unknown> {
    return this.#run('scram', user, mechanism, password)
  }

  async describe(topic: string): Promise<PartitionState[]> {
    const ids = (list = '') => list.split(',').filter(Boolean).map(Number)
    return (await this.#run('describe', topic)).map(line => {
      const [partition, leader, replicas, inSync] = line.split(' ')
      return { partition: Number(partition), leader: Number(leader), replicas: ids(replicas), inSync: ids(inSync) }
    })
  }

  async leaderOf(topic: string, partition = 0): Promise<number> {
    return (await this.describe(topic))[partition].leader
  }

  /** Until every partition of the cluster has a leader and all its replicas in sync. */
  untilInSync(): Promise<void> {
    return this.#until(async () => (await this.#run('behind'))[0] === '0')
  }

  async untilLeader(topic: string, condition: (leader: number) => boolean): Promise<void> {
    await this.#until(async () => condition(await this.leaderOf(topic)))
  }

  /** Every committed record. */
  async dump(topic: string): Promise<StoredRecord[]> {
    const folder = mkdtempSync(join(tmpdir(), 'kafka-rest-gateway-dump-'))
    const file = join(folder, 'records')
    await this.#run('dump', topic, file)
    const lines = readFileSync(file, 'utf8').split('\n').slice(0, -1)
    rmSync(folder, { recursive: true })
    return lines.map(line => {
      const [partition, offset, key, value] = line.split('\t')
      return { partition: Number(partition), offset: Number(offset), key: key === 'null' ? null : key, value }
    })
  }

  close(): void {
    this.#java.kill('SIGKILL')
  }

  async #until(condition: () => Promise<boolean>): Promise<void> {
    for (const end = Date.now() + 90_000; ; await sleep(100)) {
      if (await condition().catch(() => false)) return
      if (Date.now() > end) throw new Error('The cluster does not come to the state that was waited for.')
    }
  }

  /** One command at a time. */
  #run(...words: readonly (string | number)[]): Promise<string[]> {
    const answer = this.#last.then(
      () =>
        new Promise<string[]>((resolve, reject) => {
          this.#answer = { resolve, reject }
          this.#java.stdin.write(`${words.join(' ')}\n`)
        })
    )
    this.#last = answer.catch(() => undefined)
    return answer
  }

  #take(line: string): void {
    if (line !== '.' && !line.startsWith('! ')) {
      this.#lines.push(line)
      return
    }
    const lines = this.#lines.splice(0)
    if (line === '.') this.#answer?.resolve(lines)
    else this.#answer?.reject(new Error(line.slice(2)))
  }
}
