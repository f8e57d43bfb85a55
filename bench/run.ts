import { existsSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { bulkConsume } from './rows/bulk-consume.ts'
import { bulkLines } from './rows/bulk-lines.ts'
import { bulkProduce } from './rows/bulk-produce.ts'
import { fanOut } from './rows/fan-out.ts'
import { growth } from './rows/growth.ts'
import { idleInstances } from './rows/idle-instances.ts'
import { idleStreams } from './rows/idle-streams.ts'
import { latency } from './rows/latency.ts'
import { longPoll } from './rows/long-poll.ts'
import { memory } from './rows/memory.ts'
import { peerOf, withPeers } from './rows/peers.ts'
import { polls } from './rows/polls.ts'
import { produceLines } from './rows/produce-lines.ts'
import { profile } from './rows/profile.ts'
import { randomReads } from './rows/random-reads.ts'
import { singleProduce } from './rows/single-produce.ts'
import { slowFollower } from './rows/slow-follower.ts'
import { start } from './rows/start.ts'
import { v2Consume } from './rows/v2-consume.ts'
import { v2Produce } from './rows/v2-produce.ts'
import { variedProduce } from './rows/varied-produce.ts'
import { workers } from './rows/workers.ts'
import { Bench } from './support/bench.ts'
import { compare, comparisonTable, type Compared } from './support/comparison.ts'
import { writeReport, type RowResult } from './support/report.ts'
import type { Sample } from './support/result.ts'
import type { Row } from './support/row.ts'
import { TestBed } from './support/test-bed.ts'
import { measureInTurns } from './support/turns.ts'

/**
 * `npm run bench -- [--quick] [--rows P1,P3] [--rounds N] [--seconds S] [--brokers 3] [--peer NAME=URL] [--port N]`: the gateway beside Kafka's own tools
 * and bare Node servers, in turns. Broker, gateway and load generator are processes of their own and share the machine: only
 * ratios of one round mean something.
 *
 * `npm run bench -- --against DIR …`: this build beside that of another checkout, contestant by contestant in turns. Prints the
 * medians of the ratios, writes no report, and ends with status 1 if a row is worse, and worse again when measured once more.
 */
const { values } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    rows: { type: 'string' },
    rounds: { type: 'string' },
    seconds: { type: 'string' },
    brokers: { type: 'string', default: '1' },
    /** Another checkout of this repository, its dependencies installed. */
    against: { type: 'string' },
    /** A server before the same Kafka that speaks version 2 of Confluent's API; any number of them. */
    peer: { type: 'string', multiple: true, default: [] },
    /** Kafka's, so that a peer can be told of it beforehand. */
    port: { type: 'string' }
  }
})
/** Left out of `--quick`. */
const SLOW_ROWS = new Set(['P1b', 'P1c', 'P1d', 'P5', 'P7', 'P8', 'P8b', 'S4', 'S5', 'P10', 'profile'])
/** Profiles show where time goes: there is nothing to compare. */
const NOT_COMPARED = new Set(['profile'])
const comparing = values.against !== undefined
const rounds = Number(values.rounds ?? (values.quick && !comparing ? 1 : 5))
const seconds = Number(values.seconds ?? (values.quick ? 1 : 5))
const peers = values.peer.map(peerOf)
if (comparing && peers.length > 0) throw new RangeError('--against compares two builds; leave out --peer.')
const roots = [fileURLToPath(new URL('../', import.meta.url)), ...(comparing ? [resolve(values.against ?? '')] : [])]
const unusable = roots.find(root => !existsSync(join(root, 'node_modules')))
if (unusable !== undefined)
  throw new RangeError(`${unusable} is not a checkout with its dependencies installed. Run npm ci there.`)

const ids = idsOf(values.rows?.split(','))
const testBed = await TestBed.start({ brokers: Number(values.brokers), port: Number(values.port ?? 0) })
const benches: Bench[] = []
try {
  for (const root of roots) benches.push(await Bench.start({ root, testBed, seconds, gatewayOnly: comparing }))
  if (comparing) await compareBuilds()
  else await report(benches[0])
} finally {
  for (const bench of benches) await bench.close()
  await testBed.close()
}

/** New rows: a row holds the topics of one build. */
function makeRows(): readonly Row[] {
  return [
    bulkProduce(),
    variedProduce(),
    v2Produce(),
    produceLines(),
    singleProduce(),
    bulkConsume(),
    randomReads(),
    v2Consume(),
    latency(),
    polls(),
    slowFollower(),
    memory(),
    longPoll(),
    fanOut(),
    bulkLines(),
    idleStreams(),
    idleInstances(),
    start(),
    ...workers(),
    growth(),
    profile()
  ].map(row => withPeers(row, peers))
}

function rowOf(id: string): Row {
  const row = makeRows().find(each => each.id === id)
  if (row === undefined) throw new RangeError(`There is no row ${id}.`)
  return row
}

function idsOf(wanted: readonly string[] | undefined): string[] {
  const all = makeRows().map(({ id }) => id)
  const unknown = wanted?.find(id => !all.includes(id))
  if (unknown !== undefined) throw new RangeError(`There is no row ${unknown}; there are ${all.join(', ')}.`)
  return all.filter(
    id => (wanted?.includes(id) ?? (!values.quick || !SLOW_ROWS.has(id))) && !(comparing && NOT_COMPARED.has(id))
  )
}

async function report(bench: Bench): Promise<void> {
  const startMs = (await bench.gateway('http')).readyAfterMs
  const idleMb = bench.peakMemoryMb()
  const results: RowResult[] = []
  for (const id of ids) {
    const { row, samples } = await measure(id)
    results.push({ row, samples: samples[0] })
  }
  const verified = await bench.verify()
  writeReport({ results, rounds, seconds, startMs, idleMb, peakMb: bench.peakMemoryMb(), verified })
}

async function compareBuilds(): Promise<void> {
  const tables: string[] = []
  const worse: string[] = []
  let unclear = 0
  const measured = async (id: string, suffix = ''): Promise<readonly Compared[]> => {
    const { row, samples } = await measure(id)
    const compared = compare(row, samples[0], samples[1])
    tables.push(comparisonTable(`${row.id}: ${row.title}${suffix}`, compared))
    console.log(tables.at(-1))
    return compared
  }
  const namesOfWorse = (all: readonly Compared[]) =>
    all.filter(({ verdict }) => verdict === 'worse').map(({ contestant, of }) => `${contestant}: ${of}`)
  for (const id of ids) {
    const compared = await measured(id)
    unclear += compared.filter(({ verdict }) => verdict === 'unclear').length
    const first = namesOfWorse(compared)
    if (first.length === 0) continue
    const again = new Set(namesOfWorse(await measured(id, ' (measured again)')))
    worse.push(...first.filter(name => again.has(name)).map(name => `${id}: ${name}`))
  }
  for (const bench of benches) await bench.verify()
  console.log(`\n# This build by the one in ${roots[1]}, ${rounds} rounds in turns of ${seconds} s\n`)
  console.log(tables.join('\n\n'))
  console.log(`\nWorse beyond noise, twice: ${worse.length === 0 ? 'nothing' : worse.join('; ')}.`)
  if (unclear > 0)
    console.log(
      `Unclear, because the rounds disagree: ${unclear} quantities. A machine that does nothing else tells more.`
    )
  if (worse.length > 0) process.exitCode = 1
}

async function measure(id: string): Promise<{ row: Row; samples: readonly Sample[][] }> {
  const sides = benches.map(bench => ({ bench, row: rowOf(id) }))
  const [{ row }] = sides
  console.log(`\n${id}: ${row.title}`)
  const samples = await measureInTurns(sides, rounds, (sample, side) => console.log(line(row, sample, side)))
  return { row, samples }
}

function line({ unit }: Row, { contestant, rate, gatewayCpuUs, clientCpuUs, p50Ms, p99Ms }: Sample, side: number) {
  const parts = [`${rate < 100 ? rate.toFixed(2) : Math.round(rate).toLocaleString('en')} ${unit}`]
  if (gatewayCpuUs !== undefined) parts.push(`server ${gatewayCpuUs.toFixed(2)} µs`)
  if (clientCpuUs !== undefined) parts.push(`client ${clientCpuUs.toFixed(2)} µs`)
  if (p99Ms !== undefined) parts.push(`p50 ${p50Ms?.toFixed(1)} p99 ${p99Ms.toFixed(1)} ms`)
  const build = comparing ? `${side === 0 ? 'this' : 'other'}, ` : ''
  return `  ${build}${contestant}: ${parts.join(', ')}`
}
