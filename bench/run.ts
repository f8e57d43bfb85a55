import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { cpus, tmpdir, totalmem } from 'node:os'
import { join } from 'node:path'
import { kafkaVersion } from '../src/dev/kafka/jars.ts'
import { kafkaJars } from '../src/dev/kafka/jars.ts'
import { LocalCluster } from '../src/dev/kafka/local-cluster.ts'
import { GatewayProcess } from '../test/support/gateway-process.ts'
import { consumeLoad, produceLoad, type LoadResult } from './http-load.ts'
import { consumerPerformance, producerPerformance } from './kafka-tools.ts'

/**
 * The first measurement: bulk produce and paged reads through the gateway (a process of its own, authentication on, plain
 * HTTP) beside Kafka's own tools, in turns on one broker. Load generator, gateway and broker share the machine.
 * `npm run bench [-- --seconds 6 --rounds 3]`
 */
const option = (name: string, otherwise: number): number => {
  const at = process.argv.indexOf(`--${name}`)
  return at < 0 ? otherwise : Number(process.argv[at + 1])
}
const SECONDS = option('seconds', 6)
const ROUNDS = option('rounds', 3)
const PARTITIONS = 8
const RECORDS_PER_REQUEST = 1000
/** About 1 MiB of values in a page. */
const RECORDS_PER_PAGE = 10_000
const NATIVE_RECORDS = 2_000_000

const folder = mkdtempSync(join(tmpdir(), 'kafka-rest-proxy-bench-'))
const libs = await kafkaJars('.local', console.log)
const cluster = await LocalCluster.start({ libs, dataDir: folder, brokers: 1, heapMb: 1024 })
const [bootstrap] = cluster.bootstrapServers
const gateway = await GatewayProcess.start({ bootstrapServers: [bootstrap], plain: true })
const idleMb = gateway.memoryMb().now
const { token } = gateway

const record = `{"value":"${'x'.repeat(100)}"}`
const body = Buffer.from(`{"records":[${Array(RECORDS_PER_REQUEST).fill(record).join(',')}]}`)
const call = async (method: string, path: string, json?: string) => {
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' }
  const response = await fetch(gateway.url + path, { method, headers, ...(json === undefined ? {} : { body: json }) })
  if (!response.ok) throw new Error(`${method} ${path}: ${await response.text()}`)
  return response.json()
}
for (const topic of ['http', 'native']) await call('PUT', `/v1/topics/${topic}`, `{"partition_count":${PARTITIONS}}`)

const rows: Record<string, { rate: number[]; cpuUs: number[]; p99Ms: number[] }> = {}
const note = (name: string, rate: number, cpuUs = NaN, p99Ms = NaN) => {
  const row = (rows[name] ??= { rate: [], cpuUs: [], p99Ms: [] })
  row.rate.push(rate)
  row.cpuUs.push(cpuUs)
  row.p99Ms.push(p99Ms)
  console.log(
    `${name}: ${Math.round(rate).toLocaleString('en')} records/s${Number.isNaN(cpuUs) ? '' : `, ${cpuUs.toFixed(2)} µs of the gateway a record, p99 ${p99Ms.toFixed(1)} ms`}`
  )
}
const measure = async (name: string, run: () => Promise<LoadResult>) => {
  const before = gateway.cpuUs()
  const { records, seconds, p99Ms } = await run()
  note(name, records / seconds, (gateway.cpuUs() - before) / records, p99Ms)
  return records
}

let acknowledged = 0
const load = { url: gateway.url, token, seconds: SECONDS }
await produceLoad({ ...load, connections: 8, seconds: 2 }, 'http', body, RECORDS_PER_REQUEST).then(
  ({ records }) => (acknowledged += records)
)
await producerPerformance(libs, bootstrap, 'native', 200_000, [])
for (let round = 0; round < ROUNDS; round++) {
  for (const connections of [8, 16]) {
    acknowledged += await measure(`produce, ${connections} connections`, () =>
      produceLoad({ ...load, connections }, 'http', body, RECORDS_PER_REQUEST)
    )
  }
  note('ProducerPerformance, default', await producerPerformance(libs, bootstrap, 'native', NATIVE_RECORDS, []))
  note(
    'ProducerPerformance, batch.size 256 KiB, linger 5 ms',
    await producerPerformance(libs, bootstrap, 'native', NATIVE_RECORDS, ['batch.size=262144', 'linger.ms=5'])
  )
  await measure('consume, 8 connections', () =>
    consumeLoad({ ...load, connections: 8 }, 'http', PARTITIONS, RECORDS_PER_PAGE)
  )
  note('ConsumerPerformance', await consumerPerformance(libs, bootstrap, 'native', NATIVE_RECORDS))
}

const { partitions } = (await call('GET', '/v1/metadata/topics/http/partitions')) as {
  partitions: { latest_offset: number }[]
}
const stored = partitions.reduce((sum, { latest_offset: end }) => sum + end, 0)
if (stored !== acknowledged) throw new Error(`${acknowledged} records were acknowledged, Kafka holds ${stored}`)

report()
const exitCode = await gateway.stop()
if (exitCode !== 0) throw new Error(`The gateway ended with ${exitCode}`)
await cluster.stop()
rmSync(folder, { recursive: true, force: true })

function report(): void {
  const median = (values: readonly number[]) =>
    values.toSorted((one, other) => one - other)[Math.floor(values.length / 2)]
  const rate = (name: string) => median(rows[name].rate)
  const line = (name: string) => {
    const { rate: rates, cpuUs, p99Ms } = rows[name]
    const own = Number.isNaN(cpuUs[0]) ? '– | –' : `${median(cpuUs).toFixed(2)} | ${median(p99Ms).toFixed(1)}`
    return `| ${name} | ${[median(rates), Math.min(...rates), Math.max(...rates)].map(value => Math.round(value / 1000)).join(' | ')} | ${own} |`
  }
  const tuned = 'ProducerPerformance, batch.size 256 KiB, linger 5 ms'
  const best = Math.max(rate('produce, 8 connections'), rate('produce, 16 connections'))
  const { peak } = gateway.memoryMb()
  const text = `# Measurements

Written by \`npm run bench\` on ${new Date().toISOString().slice(0, 10)}: Node ${process.version}, Kafka ${kafkaVersion}, ${cpus().length} cores (${cpus()[0].model.trim()}), ${Math.round(totalmem() / 2 ** 30)} GiB.
Load generator, gateway and broker share the machine; only ratios within one run mean something. Values of 100 bytes, ${RECORDS_PER_REQUEST} a produce
request, about 1 MiB a page, ${PARTITIONS} partitions, acks=all, plain HTTP, authentication on; ${ROUNDS} rounds in turns of ${SECONDS} s.

| what | thousand records/s, median | lowest | highest | µs of the gateway's CPU a record | p99 ms a request |
| --- | --- | --- | --- | --- | --- |
${Object.keys(rows).map(line).join('\n')}

Produce is ${(best / rate('ProducerPerformance, default')).toFixed(2)} × ProducerPerformance by default and ${(best / rate(tuned)).toFixed(2)} × tuned; consume is ${(rate('consume, 8 connections') / rate('ConsumerPerformance')).toFixed(2)} × ConsumerPerformance.
From start to ready: ${Math.round(gateway.readyAfterMs)} ms. Resident memory: ${idleMb} MB at rest, ${peak} MB at its highest. ${stored.toLocaleString('en')} records were
acknowledged, and as many are in Kafka.
`
  console.log(text)
  writeFileSync(new URL('../docs/benchmark.md', import.meta.url), text)
}
