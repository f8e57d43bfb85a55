import { mkdirSync, writeFileSync } from 'node:fs'
import { cpus, totalmem } from 'node:os'
import { kafkaVersion } from '../../src/dev/kafka/jars.ts'
import { chartOf, type ChartBar } from './chart.ts'
import type { Aim, Sample } from './result.ts'
import type { Row } from './row.ts'
import { spreadOf, type Spread } from './statistics.ts'

export interface RowResult {
  readonly row: Row
  /** Round after round, each with the same contestants. */
  readonly samples: readonly Sample[]
}

export interface Report {
  readonly results: readonly RowResult[]
  readonly rounds: number
  readonly seconds: number
  /** From the start of the process until it is ready. */
  readonly startMs: number
  readonly idleMb: number
  readonly peakMb: number
  /** Records that were acknowledged, and found. */
  readonly verified: number
}

interface Judged {
  readonly text: string
  readonly ratio: Spread
  readonly reached: boolean
}

const number = (value: number) => (value < 100 ? value.toFixed(2) : Math.round(value).toLocaleString('en'))
const decimal = (value: number | undefined, digits: number) =>
  value === undefined || Number.isNaN(value) ? '–' : value.toFixed(digits)

/** Prints the tables and writes `docs/benchmark.md`, its picture, and `bench/results/<date>.json`. */
export function writeReport(report: Report): void {
  const date = new Date().toISOString().slice(0, 10)
  const machine = `Node ${process.version}, Kafka ${kafkaVersion}, ${cpus().length} cores (${cpus()[0].model.trim()}), ${Math.round(totalmem() / 2 ** 30)} GiB`
  const text = `# Measurements

Written by \`npm run bench\` on ${date}: ${machine}; ${report.rounds} rounds in turns of ${report.seconds} s. Load generator, gateway and
broker are processes of their own and share the machine: only ratios within one round mean something, and they are what is
compared. Authentication, access log, limits, idempotence and CRC checks are on.

From start to ready ${Math.round(report.startMs)} ms. Resident memory ${report.idleMb} MB at rest, ${report.peakMb} MB at its highest. ${number(report.verified)} records were
acknowledged, and as many are in Kafka. Every page read had the checksum of one whose records were all compared with what was
produced; of every sixteenth random read each record was compared.

![How many times each aim was reached](benchmark.svg)

${report.results.map(section).join('\n')}`
  console.log(text)
  writeFileSync(new URL('../../docs/benchmark.md', import.meta.url), text)
  writeFileSync(new URL('../../docs/benchmark.svg', import.meta.url), chartOf(report.results.flatMap(barsOf)))
  const folder = new URL('../results/', import.meta.url)
  mkdirSync(folder, { recursive: true })
  const results = report.results.map(({ row, samples }) => ({
    row: row.id,
    title: row.title,
    unit: row.unit,
    aims: row.aims,
    samples
  }))
  writeFileSync(new URL(`${date}.json`, folder), `${JSON.stringify({ ...report, machine, results }, null, 1)}\n`)
}

function barsOf({ row, samples }: RowResult): ChartBar[] {
  return row.aims.map(aim => ({ row: row.id, of: aim.of, factor: aim.factor, ...judge(aim, samples) }))
}

function section({ row, samples }: RowResult): string {
  const contestants = [...new Set(samples.map(({ contestant }) => contestant))]
  const lines = contestants.map(name => {
    const own = samples.filter(({ contestant }) => contestant === name)
    const { median, lowest, highest } = spreadOf(own.map(({ rate }) => rate))
    const middle = (of: (sample: Sample) => number | undefined) =>
      spreadOf(own.map(each => of(each) ?? Number.NaN)).median
    const cpu = [middle(each => each.gatewayCpuUs), middle(each => each.brokerCpuUs), middle(each => each.clientCpuUs)]
    const times = [middle(each => each.p50Ms), middle(each => each.p99Ms), middle(each => each.p999Ms)]
    return `| ${[name, number(median), `${number(lowest)}–${number(highest)}`, ...cpu.map(each => decimal(each, 2)), ...times.map(each => decimal(each, 1))].join(' | ')} |`
  })
  const judged = row.aims.map(aim => judge(aim, samples))
  return `## ${row.id}: ${row.title}

| | ${row.unit}, median | lowest–highest | server µs | broker µs | client µs | p50 ms | p99 ms | p99.9 ms |
| --- | --- | --- | --- | --- | --- | --- | --- | --- |
${lines.join('\n')}

${judged.map(({ text, ratio, reached }) => `- ${reached ? 'reached' : '**not reached**'}: ${text} (${ratio.median.toFixed(2)}, from ${ratio.lowest.toFixed(2)} to ${ratio.highest.toFixed(2)})`).join('\n')}
`
}

function judge(aim: Aim, samples: readonly Sample[]): Judged {
  const values = (name: string) =>
    samples
      .filter(({ contestant }) => contestant === name)
      .map(sample => (aim.of === 'p99Ms' ? sample.p99Ms : sample.rate) ?? Number.NaN)
  const { against, plusMs = 0 } = aim
  const others = against === undefined ? [] : values(against)
  const ratio = spreadOf(values(aim.contestant).map((value, round) => (value - plusMs) / (others[round] ?? 1)))
  const reached = aim.of === 'rate' ? ratio.median >= aim.factor : ratio.median <= aim.factor
  return { text: aim.text, ratio, reached }
}
