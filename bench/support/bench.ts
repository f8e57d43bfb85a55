import { Client } from '../../test/integrity/support/client.ts'
import { GatewayProcess, type GatewayProcessOptions } from '../../test/support/gateway-process.ts'
import type { LoadResult, Work } from '../load/jobs.ts'
import type { LoadGenerator } from '../load/load-generator.ts'
import type { Endpoint } from '../load/raw-client.ts'
import { CompiledProgram } from './compiled.ts'
import type { Sample } from './result.ts'
import type { TestBed } from './test-bed.ts'

export type Scheme = 'http' | 'https'

export interface BenchOptions {
  /** The checkout to measure. */
  readonly root: string
  readonly testBed: TestBed
  /** Length of one run of the load generator. */
  readonly seconds: number
  /** Measure the gateway alone: two builds are compared with each other, not with Kafka's tools or bare servers. */
  readonly gatewayOnly: boolean
}

interface Load {
  readonly connections: number
  readonly ratePerSecond?: number
  readonly seconds?: number
}

/** One build of the gateway on the test bed: its processes, compiled as published, and what the rows ask of them. */
export class Bench {
  readonly libs: string
  readonly bootstrap: string
  readonly seconds: number
  readonly load: LoadGenerator
  /** Acknowledged records by topic, to be compared with what Kafka holds. */
  readonly acknowledged = new Map<string, number>()
  readonly testBed: TestBed
  readonly gatewayOnly: boolean
  readonly #program: CompiledProgram
  readonly #gateways = new Map<string, GatewayProcess>()

  private constructor({ testBed, seconds, gatewayOnly }: BenchOptions, program: CompiledProgram) {
    this.libs = testBed.libs
    this.bootstrap = testBed.bootstrapServers.join(',')
    this.seconds = seconds
    this.load = testBed.load
    this.testBed = testBed
    this.gatewayOnly = gatewayOnly
    this.#program = program
  }

  static async start(options: BenchOptions): Promise<Bench> {
    return new Bench(options, await CompiledProgram.make(options.root))
  }

  /** Returns the gateway with these settings beside the defaults; starts it when first asked for. */
  async gateway(scheme: Scheme, settings: Readonly<Record<string, object>> = {}, workers = 1): Promise<GatewayProcess> {
    const name = `${scheme} ${JSON.stringify(settings)} ${workers}`
    let gateway = this.#gateways.get(name)
    if (gateway === undefined) {
      gateway = await this.startGateway({ plain: scheme === 'http', settings, workers })
      this.#gateways.set(name, gateway)
    }
    return gateway
  }

  /** Starts one more gateway, compiled as it is published. The caller stops it. */
  startGateway(options: Partial<GatewayProcessOptions> = {}): Promise<GatewayProcess> {
    return GatewayProcess.start({
      bootstrapServers: this.testBed.bootstrapServers,
      program: this.#program.file,
      ...options
    })
  }

  /** Starts one more gateway that runs from the checkout's sources. The caller stops it. */
  startFromSources(): Promise<GatewayProcess> {
    return this.startGateway({ program: this.#program.sources })
  }

  /** Measures what is not the gateway but compared with it. Yields nothing if the gateway alone is measured. */
  async *beside(measure: () => Promise<Sample>): AsyncGenerator<Sample> {
    if (!this.gatewayOnly) yield await measure()
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
    const topic = this.testBed.topicName(purpose)
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
    load: Load
  ): Promise<Sample & { result: LoadResult }> {
    const endpoint = endpointOf(gateway)
    const gatewayCpuUs = gateway.cpuUs()
    const brokerCpuUs = this.testBed.brokerCpuUs()
    const result = await this.load.run({ endpoint, token: gateway.token, seconds: this.seconds, work, ...load })
    return {
      ...this.#sampleOf(contestant, work, result),
      gatewayCpuUs: (gateway.cpuUs() - gatewayCpuUs) / result.records,
      brokerCpuUs: (this.testBed.brokerCpuUs() - brokerCpuUs) / result.records,
      result
    }
  }

  /** One run of load against another server before the same Kafka, plain HTTP without authorization. */
  async measurePeer(contestant: string, url: URL, work: Work, connections: number): Promise<Sample> {
    const endpoint = { host: url.hostname, port: Number(url.port === '' ? 80 : url.port) }
    const before = this.testBed.brokerCpuUs()
    const result = await this.load.run({ endpoint, token: '', seconds: this.seconds, work, connections })
    const brokerCpuUs = (this.testBed.brokerCpuUs() - before) / result.records
    return { ...this.#sampleOf(contestant, work, result), brokerCpuUs }
  }

  /** Ends by partition. */
  async endsOf(topic: string): Promise<number[]> {
    const { partitions } = await this.call('GET', `/v1/metadata/topics/${topic}/partitions`)
    return partitions.map(({ latest_offset: end }: { latest_offset: number }) => end)
  }

  /** Returns how many records were acknowledged. Throws if Kafka holds another number of them. */
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
    for (const gateway of this.#gateways.values()) await gateway.stop()
    this.#program.remove()
  }

  #sampleOf(contestant: string, work: Work, { records, seconds, cpuUs, ...times }: LoadResult): Sample {
    if (work.kind === 'produce' || work.kind === 'produce-lines')
      this.#note(work.path.slice(work.path.lastIndexOf('/') + 1), records)
    const { p50Ms, p99Ms, p999Ms } = times
    return { contestant, rate: records / seconds, p50Ms, p99Ms, p999Ms, clientCpuUs: cpuUs / records }
  }

  #note(topic: string, records: number): void {
    this.acknowledged.set(topic, (this.acknowledged.get(topic) ?? 0) + records)
  }
}

export function endpointOf(gateway: GatewayProcess): Endpoint {
  return {
    host: '127.0.0.1',
    port: gateway.port,
    ...(gateway.url.startsWith('https') ? { ca: gateway.ca.toString() } : {})
  }
}
