import { parseArgs } from 'node:util'
import { Bench } from './support/bench.ts'
import { writeReport, type RowResult } from './support/report.ts'
import type { Row, Sample } from './support/result.ts'
import { bulkConsume } from './rows/bulk-consume.ts'
import { bulkProduce } from './rows/bulk-produce.ts'
import { latency } from './rows/latency.ts'
import { peerOf, withPeers } from './rows/peers.ts'
import { profile } from './rows/profile.ts'
import { randomReads } from './rows/random-reads.ts'
import { slowFollower } from './rows/slow-follower.ts'
import { singleProduce } from './rows/single-produce.ts'
import { growth } from './rows/growth.ts'
import { memory } from './rows/memory.ts'
import { start } from './rows/start.ts'
import { workers } from './rows/workers.ts'
import { variedProduce } from './rows/varied-produce.ts'

/**
 * `npm run bench -- [--quick] [--rows P1,P3] [--rounds N] [--seconds S] [--brokers 3] [--peer NAME=URL] [--port N]`: the gateway beside Kafka's own tools
 * and bare Node servers, in turns. Broker, gateway and load generator are processes of their own and share the machine: only
 * ratios of one round mean something.
 */
const { values } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    rows: { type: 'string' },
    rounds: { type: 'string' },
    seconds: { type: 'string' },
    brokers: { type: 'string', default: '1' },
    /** A server before the same Kafka that speaks version 2 of Confluent's API; any number of them. */
    peer: { type: 'string', multiple: true, default: [] },
    /** Kafka's, so that a peer can be told of it beforehand. */
    port: { type: 'string' }
  }
})
/** Left out of `--quick`. */
const SLOW_ROWS = new Set(['P1b', 'P1c', 'P5', 'P7', 'P8', 'P8b', 'profile'])
const rounds = Number(values.rounds ?? (values.quick ? 1 : 5))
const seconds = Number(values.seconds ?? (values.quick ? 1 : 5))
const peers = values.peer.map(peerOf)
const all: readonly Row[] = [
  bulkProduce(),
  variedProduce(),
  singleProduce(),
  bulkConsume(),
  randomReads(),
  latency(),
  slowFollower(),
  memory(),
  start(),
  ...workers(),
  growth(),
  profile()
].map(row => withPeers(row, peers))
const wanted = values.rows?.split(',')
const unknown = wanted?.find(id => !all.some(row => row.id === id))
if (unknown !== undefined)
  throw new RangeError(`There is no row ${unknown}; there are ${all.map(row => row.id).join(', ')}.`)
const rows = all.filter(row => wanted?.includes(row.id) ?? (!values.quick || !SLOW_ROWS.has(row.id)))

const bench = await Bench.start({ brokers: Number(values.brokers), port: Number(values.port ?? 0), seconds })
try {
  const startMs = (await bench.gateway('http')).readyAfterMs
  const idleMb = bench.peakMemoryMb()
  const results: RowResult[] = []
  for (const row of rows) results.push({ row, samples: await measure(row) })
  const verified = await bench.verify()
  writeReport({ results, rounds, seconds, startMs, idleMb, peakMb: bench.peakMemoryMb(), verified })
} finally {
  await bench.close()
}

async function measure(row: Row): Promise<Sample[]> {
  console.log(`\n${row.id}: ${row.title}`)
  const samples: Sample[] = []
  try {
    await row.prepare?.(bench)
    for (let round = 0; round < rounds; round++) {
      for (const sample of await row.round(bench)) {
        samples.push(sample)
        console.log(line(row, sample))
      }
    }
  } finally {
    await row.close?.()
  }
  return samples
}

function line({ unit }: Row, { contestant, rate, gatewayCpuUs, clientCpuUs, p50Ms, p99Ms }: Sample): string {
  const parts = [`${rate < 100 ? rate.toFixed(2) : Math.round(rate).toLocaleString('en')} ${unit}`]
  if (gatewayCpuUs !== undefined) parts.push(`server ${gatewayCpuUs.toFixed(2)} µs`)
  if (clientCpuUs !== undefined) parts.push(`client ${clientCpuUs.toFixed(2)} µs`)
  if (p99Ms !== undefined) parts.push(`p50 ${p50Ms?.toFixed(1)} p99 ${p99Ms.toFixed(1)} ms`)
  return `  ${contestant}: ${parts.join(', ')}`
}
