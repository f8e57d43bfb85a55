import type { Bench } from '../support/bench.ts'
import type { Sample } from '../support/result.ts'
import type { Row } from '../support/row.ts'
import { bodyOf } from './bulk-produce.ts'

const VALUE = `{"value":"${'x'.repeat(100)}"}`
const WORKERS = [1, 2] as const

interface Load {
  readonly id: string
  readonly title: string
  readonly unit: string
  readonly body: string
  readonly records: number
  readonly connections: number
}

const BULK = {
  id: 'P8',
  title: 'as P1, by workers',
  unit: 'records/s',
  body: bodyOf(() => VALUE),
  records: 1000,
  connections: 16
}
const SINGLE = {
  id: 'P8b',
  title: 'as P2, by workers',
  unit: 'requests/s',
  body: `{"records":[${VALUE}]}`,
  records: 1,
  connections: 200
}

/**
 * P8, P8b: the gateway with one and with two workers, in turns. No aim is set for the gain: broker and load generator want the
 * same cores.
 */
export function workers(): Row[] {
  return [BULK, SINGLE].map(rowOf)
}

function rowOf({ id, title, unit, body, records, connections }: Load): Row {
  let topic = ''
  const sample = async (bench: Bench, count: number): Promise<Sample> => {
    const gateway = await bench.gateway('http', {}, count)
    const work = { kind: 'produce', path: `/v1/producer/topics/${topic}`, body, records } as const
    const { result: _, ...measured } = await bench.measure(`workers: ${count}`, gateway, work, { connections })
    return measured
  }
  return {
    id,
    title: `${title}, HTTP, ${connections} connections`,
    unit,
    aims: [],
    async prepare(bench) {
      topic = await bench.createTopic('workers', 8)
      for (const count of WORKERS) await sample(bench, count)
    },
    async *round(bench) {
      for (const count of WORKERS) yield await sample(bench, count)
    }
  }
}
