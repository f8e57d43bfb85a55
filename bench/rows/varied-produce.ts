import type { Bench } from '../support/bench.ts'
import type { Aim } from '../support/result.ts'
import type { Row } from '../support/row.ts'
import { bodyOf, nativeProduceSample, produceSample } from './bulk-produce.ts'

const CODECS = ['gzip', 'lz4', 'zstd'] as const
const KILOBYTE = 1024
const NATIVE_RECORDS = 300_000
const VALUE = 'the quick brown fox jumps over the lazy dog 0123456789 '.repeat(19).slice(0, 1010)
const NESTED = JSON.stringify({
  text: `"quoted"\n\t\\ ${VALUE.slice(0, 800)} ü€`,
  list: [1, 2.5, { deep: [true, null] }],
  time: 1
})

/** P1b: keys, values of 1 KB, nested JSON with escapes, compression towards Kafka. */
export function variedProduce(): Row {
  const bodies = {
    'keys, 1 KB': bodyOf(number => `{"key":"key-${number}","value":"${VALUE}"}`),
    'nested JSON, 1 KB': bodyOf(() => `{"value":${NESTED}}`)
  }
  const plain = bodyOf(() => `{"value":"${VALUE}"}`)
  let topic = ''
  let native = ''
  const aim = (contestant: string, against: string): Aim => ({
    text: `${contestant} ≥ 1 × ${against}`,
    contestant,
    against,
    of: 'rate',
    factor: 1
  })
  const beside = (bench: Bench, name: string, properties: readonly string[]) =>
    bench.beside(() => nativeProduceSample(bench, name, native, KILOBYTE, properties, NATIVE_RECORDS))
  return {
    id: 'P1b',
    title: 'produce 1000 records of 1 KB a request, 8 connections: keys, nested JSON with escapes, compression',
    unit: 'records/s',
    aims: [
      ...Object.keys(bodies).map(name => aim(`HTTP, ${name}`, 'ProducerPerformance, 1 KB')),
      ...CODECS.map(codec => aim(`HTTP, ${codec}`, `ProducerPerformance, ${codec}`))
    ],
    async prepare(bench) {
      topic = await bench.createTopic('varied', 8)
      native = await bench.createTopic('varied-native', 8)
    },
    async *round(bench) {
      yield* beside(bench, 'ProducerPerformance, 1 KB', [])
      for (const [name, body] of Object.entries(bodies))
        yield await produceSample(bench, `HTTP, ${name}`, 'http', topic, body, 8)
      for (const codec of CODECS) {
        const settings = { kafka: { compression: codec } }
        yield await produceSample(bench, `HTTP, ${codec}`, 'http', topic, plain, 8, settings)
        yield* beside(bench, `ProducerPerformance, ${codec}`, [`compression.type=${codec}`])
      }
    }
  }
}
