import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import type { Work } from '../load/jobs.ts'
import type { Bench } from '../support/bench.ts'
import type { Sample } from '../support/result.ts'
import type { Row } from '../support/row.ts'
import { bodyOf, RECORDS_PER_REQUEST, VALUES } from './bulk-produce.ts'

const LINES = 10
const BULK = bodyOf(number => JSON.stringify({ value: VALUES[number] }))
const SINGLE = '{"records":[{"value":"x"}]}'

/** The parts of V8's format that are read. */
interface CpuProfile {
  readonly nodes: readonly {
    readonly id: number
    readonly callFrame: { readonly functionName: string; readonly url: string }
  }[]
  readonly samples: readonly number[]
  readonly timeDeltas: readonly number[]
}

/** Where the processor time of a gateway goes: the functions with the most of it, as `--cpu-prof` sees them. Taken once. */
export function profile(): Row {
  let done = false
  return {
    id: 'profile',
    title: `the ${LINES} dearest functions of the gateway, HTTP`,
    unit: '% of its time',
    aims: [],
    async *round(bench) {
      if (done) return
      done = true
      const topic = await bench.createTopic('profile', 8)
      const pages = await bench.createTopic('profile-pages', 8)
      const produce = (to: string, body: string, records: number): Work => ({
        kind: 'produce',
        path: `/v1/producer/topics/${to}`,
        body,
        records
      })
      const bulk = await profiled(bench, 'P1', 16, produce(pages, BULK, RECORDS_PER_REQUEST))
      const single = await profiled(bench, 'P2', 50, produce(topic, SINGLE, 1))
      const contents = { values: VALUES, records: bench.acknowledged.get(pages) ?? 0, even: true }
      const read: Work = { kind: 'pages', topic: pages, partitions: 8, count: 10_000, query: '', contents }
      yield* bulk
      yield* single
      yield* await profiled(bench, 'P3', 8, read)
    }
  }
}

async function profiled(bench: Bench, row: string, connections: number, work: Work): Promise<Sample[]> {
  const folder = mkdtempSync(join(tmpdir(), 'kafka-rest-gateway-profile-'))
  try {
    const nodeFlags = ['--cpu-prof', `--cpu-prof-dir=${folder}`, '--cpu-prof-interval=500']
    const gateway = await bench.startGateway({ plain: true, nodeFlags })
    await bench.measure(row, gateway, work, { connections, seconds: Math.max(bench.seconds, 3) })
    await gateway.stop()
    const [file] = readdirSync(folder)
    return dearest(JSON.parse(readFileSync(join(folder, file), 'utf8')), row)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

function dearest({ nodes, samples, timeDeltas }: CpuProfile, row: string): Sample[] {
  const names = new Map(nodes.map(({ id, callFrame }) => [id, nameOf(callFrame.functionName, callFrame.url)]))
  const times = new Map<string, number>()
  samples.forEach((id, at) => {
    const name = names.get(id) ?? ''
    if (name !== '(idle)') times.set(name, (times.get(name) ?? 0) + timeDeltas[at])
  })
  const total = [...times.values()].reduce((sum, time) => sum + time, 0)
  return [...times]
    .sort(([, one], [, other]) => other - one)
    .slice(0, LINES)
    .map(([name, time]) => ({ contestant: `${row}: ${name}`, rate: (100 * time) / total }))
}

function nameOf(functionName: string, url: string): string {
  const name = functionName === '' ? '(anonymous)' : functionName
  return url === '' ? name : `${name}, ${url.startsWith('node:') ? url : basename(url)}`
}
