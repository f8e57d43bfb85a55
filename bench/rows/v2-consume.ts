import type { Work } from '../load/jobs.ts'
import type { Bench } from '../support/bench.ts'
import type { Aim, Sample } from '../support/result.ts'
import type { Row } from '../support/row.ts'
import { bodyOf, RECORDS_PER_REQUEST, VALUES } from './bulk-produce.ts'

const PARTITIONS = 8
const RECORDS_PER_PAGE = 10_000
/** Five pages a partition. */
const RECORDS = 400_000
const READERS = [1, PARTITIONS]

const paged = (readers: number) => `v1, base64, connections: ${readers}`
const polled = (readers: number) => `v2, binary, instances: ${readers}`

/** P3c: what P3 does, through consumer instances beside v1. */
export function v2Consume(): Row {
  let topic = ''
  const sampleOf = async (bench: Bench, contestant: string, connections: number, work: Work): Promise<Sample> => {
    const { result: _, ...sample } = await bench.measure(contestant, await bench.gateway('http'), work, { connections })
    return sample
  }
  const samples = async function* (bench: Bench): AsyncGenerator<Sample> {
    const contents = { values: VALUES, records: bench.acknowledged.get(topic) ?? 0, even: true }
    const source = { topic, partitions: PARTITIONS, count: RECORDS_PER_PAGE, contents }
    const pages = { kind: 'pages', ...source, query: '&value_encoding=base64&key_encoding=base64' } as const
    const polls = { kind: 'v2-consume', topic, prefix: '', ends: await bench.endsOf(topic) } as const
    for (const readers of READERS) {
      yield await sampleOf(bench, paged(readers), readers, pages)
      yield await sampleOf(bench, polled(readers), readers, polls)
    }
  }
  return {
    id: 'P3c',
    title: 'read a stored topic of records of 100 bytes in pages of 1 MB over v2 and v1',
    unit: 'records/s',
    aims: READERS.map((readers): Aim => ({
      text: `${polled(readers)} ≥ 0.7 × ${paged(readers)}`,
      contestant: polled(readers),
      against: paged(readers),
      of: 'rate',
      factor: 0.7
    })),
    async prepare(bench) {
      topic = await bench.createTopic('v2-pages', PARTITIONS)
      const body = bodyOf(number => JSON.stringify({ value: VALUES[number] }))
      const produce = { kind: 'produce', path: `/v1/producer/topics/${topic}`, body } as const
      while ((bench.acknowledged.get(topic) ?? 0) < RECORDS)
        await sampleOf(bench, 'fill', 8, { ...produce, records: RECORDS_PER_REQUEST })
      for await (const _ of samples(bench));
    },
    round: samples
  }
}
