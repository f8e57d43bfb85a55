import type { Aim, Row } from '../support/result.ts'
import { bodyOf, nativeProduceSample, produceSample } from './bulk-produce.ts'

const CODECS = ['gzip', 'lz4', 'zstd'] as const
const KILOBYTE = 1024
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
    async round(bench) {
      const samples = [await nativeProduceSample(bench, 'ProducerPerformance, 1 KB', native, KILOBYTE, [], 300_000)]
      for (const [name, body] of Object.entries(bodies))
        samples.push(await produceSample(bench, `HTTP, ${name}`, 'http', topic, body, 8))
      for (const codec of CODECS) {
        const settings = { kafka: { compression: codec } }
        samples.push(
          await produceSample(bench, `HTTP, ${codec}`, 'http', topic, plain, 8, settings),
          await nativeProduceSample(
            bench,
            `ProducerPerformance, ${codec}`,
            native,
            KILOBYTE,
            [`compression.type=${codec}`],
            300_000
          )
        )
      }
      return samples
    }
  }
}
