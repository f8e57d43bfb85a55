import type { Bench, Scheme } from '../support/bench.ts'
import { consumerPerformance } from '../support/kafka-tools.ts'
import type { Sample } from '../support/result.ts'
import type { Row } from '../support/row.ts'
import { bodyOf, nativeProduceSample, produceSample, VALUES } from './bulk-produce.ts'

const PARTITIONS = 8
export const RECORDS_PER_PAGE = 10_000
const NATIVE_RECORDS = 2_000_000
const BASE64 = '&value_encoding=base64&key_encoding=base64'

/** P3: pages of about 1 MiB of values, one reader a partition. */
export function bulkConsume(): Row {
  let topic = ''
  let native = ''
  const read = async (bench: Bench, contestant: string, scheme: Scheme, query: string): Promise<Sample> => {
    const contents = { values: VALUES, records: bench.acknowledged.get(topic) ?? 0, even: true }
    const source = { topic, partitions: PARTITIONS, count: RECORDS_PER_PAGE, query, contents }
    const work = { kind: 'pages', ...source } as const
    const { result: _, ...sample } = await bench.measure(contestant, await bench.gateway(scheme), work, {
      connections: 8
    })
    return sample
  }
  const aim = (contestant: string, factor: number) =>
    ({
      text: `${contestant} ≥ ${factor} × ConsumerPerformance`,
      contestant,
      against: 'ConsumerPerformance',
      of: 'rate',
      factor
    }) as const
  return {
    id: 'P3',
    title: 'read pages of 10 000 records of 100 bytes, 8 connections',
    unit: 'records/s',
    aims: [aim('HTTP, text', 1.2), aim('HTTP, base64', 1.2), aim('HTTPS, text', 1.2)],
    async prepare(bench) {
      topic = await bench.createTopic('pages', PARTITIONS)
      native = await bench.createTopic('pages-native', PARTITIONS)
      const body = bodyOf(number => JSON.stringify({ value: VALUES[number] }))
      await produceSample(bench, 'fill', 'http', topic, body, 8)
      if (!bench.gatewayOnly) await nativeProduceSample(bench, 'fill', native, 100, [], NATIVE_RECORDS)
      await read(bench, 'warm', 'http', '')
      await read(bench, 'warm', 'https', '')
      await read(bench, 'warm', 'http', BASE64)
    },
    async *round(bench) {
      yield* bench.beside(() => nativeRead(bench, native))
      yield await read(bench, 'HTTP, text', 'http', '')
      yield await read(bench, 'HTTPS, text', 'https', '')
      yield await read(bench, 'HTTP, base64', 'http', BASE64)
    }
  }
}

async function nativeRead({ libs, bootstrap }: Bench, topic: string): Promise<Sample> {
  const { recordsPerSecond, cpuUsPerRecord } = await consumerPerformance(libs, bootstrap, topic, NATIVE_RECORDS)
  return { contestant: 'ConsumerPerformance', rate: recordsPerSecond, clientCpuUs: cpuUsPerRecord }
}
