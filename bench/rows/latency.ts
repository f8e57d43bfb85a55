import type { Bench } from '../support/bench.ts'
import { producerPerformance } from '../support/kafka-tools.ts'
import type { Sample } from '../support/result.ts'
import type { Row } from '../support/row.ts'

const BODY = `{"records":[{"value":"${'x'.repeat(100)}"}]}`
const CONNECTIONS = 100
/** About half of what one record a request reaches on a small machine; both sides get the same. */
const RATE_PER_SECOND = 5000

/** P4: answers to an open loop of single records, beside a native producer at the same rate. */
export function latency(): Row {
  let topic = ''
  let native = ''
  const aim = (scheme: string) =>
    ({
      text: `${scheme}: p99 ≤ 2 × that of ProducerPerformance + 2 ms`,
      contestant: scheme,
      against: 'ProducerPerformance',
      of: 'p99Ms',
      factor: 2,
      plusMs: 2
    }) as const
  return {
    id: 'P4',
    title: `${RATE_PER_SECOND} single records a second by the clock (open loop), latency from the due time`,
    unit: 'records/s',
    aims: [aim('HTTP'), aim('HTTPS')],
    async prepare(bench) {
      topic = await bench.createTopic('latency', 8)
      native = await bench.createTopic('latency-native', 8)
    },
    async *round(bench) {
      const work = { kind: 'produce', path: `/v1/producer/topics/${topic}`, body: BODY, records: 1 } as const
      const load = { connections: CONNECTIONS, ratePerSecond: RATE_PER_SECOND }
      for (const scheme of ['http', 'https'] as const) {
        const gateway = await bench.gateway(scheme)
        const { result: _, ...sample } = await bench.measure(scheme.toUpperCase(), gateway, work, load)
        yield sample
      }
      yield* bench.beside(() => nativeSample(bench, native))
    }
  }
}

async function nativeSample({ libs, bootstrap, seconds }: Bench, topic: string): Promise<Sample> {
  const { recordsPerSecond, cpuUsPerRecord, p50Ms, p99Ms, p999Ms } = await producerPerformance(libs, bootstrap, {
    topic,
    records: Math.round(RATE_PER_SECOND * seconds),
    recordBytes: 100,
    ratePerSecond: RATE_PER_SECOND,
    properties: ['linger.ms=0']
  })
  const own = { rate: recordsPerSecond, clientCpuUs: cpuUsPerRecord }
  return { contestant: 'ProducerPerformance', ...own, p50Ms, p99Ms, p999Ms }
}
