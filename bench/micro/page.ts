import { cpus } from 'node:os'
import type { HotFunction } from './hot-function.ts'
import { LIMIT, type HostileResult } from './judge.ts'
import { ratioOf, type Effort, type Timing } from './measure.ts'

export interface FunctionResult {
  readonly hot: HotFunction
  readonly own: Timing
  readonly twin: Timing | undefined
}

export function pageOf(
  functions: readonly FunctionResult[],
  bodies: readonly HostileResult[],
  heads: readonly HostileResult[],
  effort: Effort
): string {
  const machine = `Node ${process.version}, ${cpus().length} cores (${cpus()[0].model.trim()})`
  return `# Measurements by function

Written by \`npm run bench:micro\`: ${machine}; one thread, no Kafka, no network; ${effort.turns} turns of ${effort.turnMs} ms after a warm-up, each
function beside its twin. The figure of a turn is its quickest run, the figure here the median of the turns (lowest–highest). Only ratios are
good on another machine.

## Functions of the two hot paths

${functionsTable(functions)}

From the first "Authorization" on, a record is a request. The twin is the obvious way to the same end.

## Bad input costs no more than good

${LIMIT} times the time of a normal input by the byte is the limit, the dearer of the two normal ones being the measure; the run fails where one
takes more. Limits are the server's defaults; a refusal is divided by the bytes of the whole body, read or not. What costs by the record, the
number or the name, and not by the byte, shows where those are tiny: both figures are given.

${verdictOf([...bodies, ...heads])}

${hostileTable('body', bodies)}

${hostileTable('head', heads)}
`
}

function verdictOf(hostile: readonly HostileResult[]): string {
  const dear = hostile.filter(({ allowed }) => !allowed).map(({ name }) => name)
  return dear.length === 0 ? 'All are within the limit.' : `**Beyond the limit**: ${dear.join('; ')}.`
}

export function functionsTable(results: readonly FunctionResult[]): string {
  const lines = results.map(({ hot: { name, records, bytes }, own, twin }) => {
    const { median, lowest, highest } = own.spread
    const each = (ns: number) => decimal(ns / records)
    const twinCells =
      twin === undefined
        ? ['–', '–', '–']
        : [twin.name, each(twin.spread.median), `${decimal(ratioOf(twin, own).median)} ×`]
    return row([name, each(median), `${each(lowest)}–${each(highest)}`, decimal(median / bytes), ...twinCells])
  })
  return table(
    ['function', 'ns a record', 'lowest–highest', 'ns a byte', 'twin', 'twin, ns a record', 'twin takes'],
    lines
  )
}

export function hostileTable(kind: string, results: readonly HostileResult[]): string {
  const lines = results.map(({ name, bytes, outcome, nsPerByte, ratios, timing, allowed }) => {
    const count = /^(\d+) records$/.exec(outcome)?.[1]
    const perRecord = count === undefined ? '–' : decimal(timing.spread.median / Number(count))
    const [first, second] = ratios.map(decimal)
    const milliseconds = decimal(timing.spread.median / 1e6)
    return row([
      name,
      kilobytes(bytes),
      outcome,
      milliseconds,
      perRecord,
      decimal(nsPerByte),
      first,
      allowed ? second : `**${second}**`
    ])
  })
  return table([kind, 'KB', 'answer', 'ms', 'ns a record', 'ns a byte', '× first', '× second'], lines)
}

const kilobytes = (bytes: Buffer) => String(Math.round(bytes.length / 1024))

function decimal(value: number): string {
  return value >= 100 ? Math.round(value).toLocaleString('en') : value.toFixed(value >= 10 ? 1 : 2)
}

function row(cells: readonly (string | undefined)[]): string {
  return `| ${cells.join(' | ')} |`
}

function table(heads: readonly string[], lines: readonly string[]): string {
  return [row(heads), row(heads.map(() => '---')), ...lines].join('\n')
}
