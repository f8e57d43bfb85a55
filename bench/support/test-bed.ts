import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { kafkaJars } from '../../src/dev/kafka/jars.ts'
import { LocalCluster } from '../../src/dev/kafka/local-cluster.ts'
import { cpuUsOf } from '../../test/support/process-cpu.ts'
import { LoadGenerator } from '../load/load-generator.ts'

export interface TestBedOptions {
  readonly brokers: number
  /** The first broker's, if it is free; any port if left out. */
  readonly port?: number | undefined
}

/** What all builds are measured with: one Kafka and one load generator, each a process of its own. */
export class TestBed {
  readonly libs: string
  readonly bootstrapServers: readonly string[]
  readonly load = new LoadGenerator()
  readonly #cluster: LocalCluster
  readonly #folder: string
  #topics = 0

  private constructor(libs: string, cluster: LocalCluster, folder: string) {
    this.libs = libs
    this.bootstrapServers = cluster.bootstrapServers
    this.#cluster = cluster
    this.#folder = folder
  }

  static async start({ brokers, port = 0 }: TestBedOptions): Promise<TestBed> {
    const folder = mkdtempSync(join(tmpdir(), 'kafka-rest-gateway-bench-'))
    const libs = await kafkaJars('.local', line => process.stderr.write(`${line}\n`))
    const cluster = await LocalCluster.start({ libs, dataDir: folder, brokers, port, heapMb: 1024 })
    return new TestBed(libs, cluster, folder)
  }

  /** Returns a name that no other topic of this run has. */
  topicName(purpose: string): string {
    return `${purpose}-${this.#topics++}`
  }

  /** Writes a file that is removed with the test bed. */
  file(name: string, content: string): string {
    const path = join(this.#folder, name)
    writeFileSync(path, content)
    return path
  }

  brokerCpuUs(): number {
    return this.#cluster.brokers.reduce((sum, { pid }) => sum + cpuUsOf(Number(pid)), 0)
  }

  async close(): Promise<void> {
    this.load.stop()
    await this.#cluster.kill()
    rmSync(this.#folder, { recursive: true, force: true })
  }
}
