import type { Bench, Scheme } from '../support/bench.ts'
import { producerPerformance } from '../support/kafka-tools.ts'
import type { Sample } from '../support/result.ts'
import type { Row } from '../support/row.ts'

const PARTITIONS = 8
export const RECORDS_PER_REQUEST = 1000
/** Of 100 bytes, all different, so that a record in another's place is seen. */
export const VALUES = Array.from({ length: RECORDS_PER_REQUEST }, (_, number) => `${number}`.padEnd(100, 'x'))
const TUNED = ['batch.size=262144', 'linger.ms=5']

export function bodyOf(record: (number: number) => string): string {
  return `{"records":[${Array.from({ length: RECORDS_PER_REQUEST }, (_, number) => record(number)).join(',')}]}`
}

export async function produceSample(
  bench: Bench,
  contestant: string,
  scheme: Scheme,
  topic: string,
  body: string,
  connections: number,
  settings: Readonly<Record<string, object>> = {}
): Promise<Sample> {
  const gateway = await bench.gateway(scheme, settings)
  const path = `/v1/producer/topics/${topic}`
  const { result: _, ...sample } = await bench.measure(
    contestant,
    gateway,
    { kind: 'produce', path, body, records: RECORDS_PER_REQUEST },
    { connections }
  )
  return sample
}

export async function nativeProduceSample(
  bench: Bench,
  contestant: string,
  topic: string,
  recordBytes: number,
  properties: readonly string[],
  records = 1_500_000
): Promise<Sample> {
  const work = { topic, records, recordBytes, ratePerSecond: -1, properties }
  const { recordsPerSecond, cpuUsPerRecord, p50Ms, p99Ms, p999Ms } = await producerPerformance(
    bench.libs,
    bench.bootstrap,
    work
  )
  return { contestant, rate: recordsPerSecond, clientCpuUs: cpuUsPerRecord, p50Ms, p99Ms, p999Ms }
}

/** P1: 1000 records of 100 bytes a request. */
export function bulkProduce(): Row {
  const body = bodyOf(() => `{"value":"${'x'.repeat(100)}"}`)
  let topic = ''
  let native = ''
  const aim = (contestant: string, against: string, factor: number) =>
    ({ text: `${contestant} ≥ ${factor} × ${against}`, contestant, against, of: 'rate', factor }) as const
  return {
    id: 'P1',
    title: 'produce 1000 records of 100 bytes a request, 8 partitions, acks=all',
    unit: 'records/s',
    aims: [
      aim('HTTP, 16 connections', 'ProducerPerformance', 1.5),
      aim('HTTP, 16 connections', 'ProducerPerformance, tuned', 1),
      aim('HTTPS, 16 connections', 'HTTP, 16 connections', 0.8)
    ],
    async prepare(bench) {
      topic = await bench.createTopic('bulk', PARTITIONS)
      native = await bench.createTopic('bulk-native', PARTITIONS)
      await produceSample(bench, 'warm', 'http', topic, body, 8)
      await produceSample(bench, 'warm', 'https', topic, body, 8)
    },
    async *round(bench) {
      yield await produceSample(bench, 'HTTP, 8 connections', 'http', topic, body, 8)
      yield* bench.beside(() => nativeProduceSample(bench, 'ProducerPerformance', native, 100, []))
      yield await produceSample(bench, 'HTTP, 16 connections', 'http', topic, body, 16)
      yield* bench.beside(() => nativeProduceSample(bench, 'ProducerPerformance, tuned', native, 100, TUNED))
      yield await produceSample(bench, 'HTTPS, 16 connections', 'https', topic, body, 16)
    }
  }
}
