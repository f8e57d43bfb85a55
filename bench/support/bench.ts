import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { kafkaJars } from '../../src/dev/kafka/jars.ts'
import { LocalCluster } from '../../src/dev/kafka/local-cluster.ts'
import { Client } from '../../test/integrity/support/client.ts'
import { GatewayProcess, type GatewayProcessOptions } from '../../test/support/gateway-process.ts'
import type { LoadResult, Work } from '../load/jobs.ts'
import { LoadGenerator } from '../load/load-generator.ts'
import type { Endpoint } from '../load/raw-client.ts'
import { cpuUsOf } from '../../test/support/process-cpu.ts'
import { CompiledProgram } from './compiled.ts'
import type { Sample } from './result.ts'

export type Scheme = 'http' | 'https'

export interface BenchOptions {
  readonly brokers: number
  /** Of the first broker, where it is free; any where left out. */
  readonly port?: number | undefined
  /** Of one run of the load generator. */
  readonly seconds: number
}

/** Everything that the rows share: Kafka, the gateways, compiled as published, and the load generator, each a process of its own. */
export class Bench {
  readonly libs: string
  readonly bootstrap: string
  readonly seconds: number
  readonly load = new LoadGenerator()
  /** Acknowledged records by topic, to be compared with what Kafka holds. */
  readonly acknowledged = new Map<string, number>()
  readonly #cluster: LocalCluster
  readonly #program: CompiledProgram
  readonly #gateways = new Map<string, GatewayProcess>()
  readonly #folder: string
  #topics = 0

  private constructor(libs: string, cluster: LocalCluster, program: CompiledProgram, folder: string, seconds: number) {
    this.libs = libs
    this.#program = program
    this.bootstrap = cluster.bootstrapServers.join(',')
    this.seconds = seconds
    this.#cluster = cluster
    this.#folder = folder
  }

  static async start({ brokers, port = 0, seconds }: BenchOptions): Promise<Bench> {
    const folder = mkdtempSync(join(tmpdir(), 'kafka-rest-proxy-bench-'))
    const program = await CompiledProgram.make()
    const libs = await kafkaJars('.local', line => process.stderr.write(`${line}\n`))
    const cluster = await LocalCluster.start({ libs, dataDir: folder, brokers, port, heapMb: 1024 })
    return new Bench(libs, cluster, program, folder, seconds)
  }

  /** The gateway of a scheme, with these settings beside the defaults; started when first asked for. */
  async gateway(scheme: Scheme, settings: Readonly<Record<string, object>> = {}, workers = 1): Promise<GatewayProcess> {
    const name = `${scheme} ${JSON.stringify(settings)} ${workers}`
    let gateway = this.#gateways.get(name)
    if (gateway === undefined) {
      gateway = await this.startGateway({ plain: scheme === 'http', settings, workers })
      this.#gateways.set(name, gateway)
    }
    return gateway
  }

  /** One more gateway, compiled as it is published; to be stopped by who asked for it. */
  startGateway(options: Partial<GatewayProcessOptions> = {}): Promise<GatewayProcess> {
    const bootstrapServers = this.bootstrap.split(',')
    return GatewayProcess.start({ bootstrapServers, program: this.#program.file, ...options })
  }

  /** A file that is gone when the bench is. */
  file(name: string, content: string): string {
    const path = join(this.#folder, name)
    writeFileSync(path, content)
    return path
  }

  /** Peak resident memory of the default gateways, in MB. */
  peakMemoryMb(): number {
    return Math.max(...Array.from(this.#gateways.values(), gateway => gateway.memoryMb().peak))
  }

  async createTopic(
    purpose: string,
    partitions: number,
    properties: Readonly<Record<string, number>> = {}
  ): Promise<string> {
    const topic = `${purpose}-${this.#topics++}`
    const body = JSON.stringify({ partition_count: partitions, topic_properties: properties })
    await this.call('PUT', `/v1/topics/${topic}`, body)
    return topic
  }

  // oxlint-disable-next-line typescript/no-explicit-any -- answers are taken as they come
  async call(method: string, path: string, body?: string): Promise<any> {
    const client = new Client(await this.gateway('https'))
    const { status, json } = await client.request(method, path, body)
    client.close()
    if (status !== 200) throw new Error(`${method} ${path}: ${status} ${JSON.stringify(json)}`)
    return json
  }

  /** One run of load against a gateway. */
  async measure(
    contestant: string,
    gateway: GatewayProcess,
    work: Work,
    load: { connections: number; ratePerSecond?: number; seconds?: number }
  ): Promise<Sample & { result: LoadResult }> {
    const endpoint = endpointOf(gateway)
    const before = [gateway.cpuUs(), this.#brokerCpuUs()]
    const result = await this.load.run({ endpoint, token: gateway.token, seconds: this.seconds, work, ...load })
    const { records, seconds, cpuUs, p50Ms, p99Ms, p999Ms } = result
    if (work.kind === 'produce') this.#note(work.path.slice(work.path.lastIndexOf('/') + 1), records)
    return {
      contestant,
      rate: records / seconds,
      p50Ms,
      p99Ms,
      p999Ms,
      gatewayCpuUs: (gateway.cpuUs() - before[0]) / records,
      brokerCpuUs: (this.#brokerCpuUs() - before[1]) / records,
      clientCpuUs: cpuUs / records,
      result
    }
  }

  /** One run of load against another server before the same Kafka, plain HTTP without authorization. */
  async measurePeer(contestant: string, url: URL, work: Work, connections: number): Promise<Sample> {
    const endpoint = { host: url.hostname, port: Number(url.port === '' ? 80 : url.port) }
    const brokerCpuUs = this.#brokerCpuUs()
    const result = await this.load.run({ endpoint, token: '', seconds: this.seconds, work, connections })
    const { records, seconds, cpuUs, p50Ms, p99Ms, p999Ms } = result
    if (work.kind === 'produce') this.#note(work.path.slice(work.path.lastIndexOf('/') + 1), records)
    const own = { brokerCpuUs: (this.#brokerCpuUs() - brokerCpuUs) / records, clientCpuUs: cpuUs / records }
    return { contestant, rate: records / seconds, p50Ms, p99Ms, p999Ms, ...own }
  }

  /** Ends by partition. */
  async endsOf(topic: string): Promise<number[]> {
    const { partitions } = await this.call('GET', `/v1/metadata/topics/${topic}/partitions`)
    return partitions.map(({ latest_offset: end }: { latest_offset: number }) => end)
  }

  /** Throws where Kafka holds another number of records than were acknowledged. */
  async verify(): Promise<number> {
    let total = 0
    for (const [topic, acknowledged] of this.acknowledged) {
      const stored = (await this.endsOf(topic)).reduce((sum, end) => sum + end, 0)
      if (stored !== acknowledged)
        throw new Error(`${topic}: ${acknowledged} records were acknowledged, Kafka holds ${stored}`)
      total += stored
    }
    return total
  }

  async close(): Promise<void> {
    this.load.stop()
    for (const gateway of this.#gateways.values()) await gateway.stop()
    await this.#cluster.kill()
    this.#program.remove()
    rmSync(this.#folder, { recursive: true, force: true })
  }

  #note(topic: string, records: number): void {
    this.acknowledged.set(topic, (this.acknowledged.get(topic) ?? 0) + records)
  }

  #brokerCpuUs(): number {
    return this.#cluster.brokers.reduce((sum, { pid }) => sum + cpuUsOf(Number(pid)), 0)
  }
}

export function endpointOf(gateway: GatewayProcess): Endpoint {
  return {
    host: '127.0.0.1',
    port: gateway.port,
    ...(gateway.url.startsWith('https') ? { ca: gateway.ca.toString() } : {})
  }
}
