import { producerPerformance } from '../support/kafka-tools.ts'
import type { Row } from '../support/result.ts'

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
    async round(bench) {
      const work = { kind: 'produce', path: `/v1/producer/topics/${topic}`, body: BODY, records: 1 } as const
      const load = { connections: CONNECTIONS, ratePerSecond: RATE_PER_SECOND }
      const { result: _plain, ...http } = await bench.measure('HTTP', await bench.gateway('http'), work, load)
      const records = Math.round(RATE_PER_SECOND * bench.seconds)
      const { recordsPerSecond, cpuUsPerRecord, ...times } = await producerPerformance(bench.libs, bench.bootstrap, {
        topic: native,
        records,
        recordBytes: 100,
        ratePerSecond: RATE_PER_SECOND,
        properties: ['linger.ms=0']
      })
      const { result: _secure, ...https } = await bench.measure('HTTPS', await bench.gateway('https'), work, load)
      const { p50Ms, p99Ms, p999Ms } = times
      const nativeSample = { contestant: 'ProducerPerformance', rate: recordsPerSecond, p50Ms, p99Ms, p999Ms }
      return [http, { ...nativeSample, clientCpuUs: cpuUsPerRecord }, https]
    }
  }
}
