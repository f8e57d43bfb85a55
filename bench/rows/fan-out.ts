import type { GatewayProcess } from '../../test/support/gateway-process.ts'
import { endpointOf, type Bench, type Scheme } from '../support/bench.ts'
import type { Sample } from '../support/result.ts'
import type { Row } from '../support/row.ts'

const CLIENTS = 100
const RATE_PER_SECOND = 1000
const PARTITIONS = 3
const MOST_CPU_US = 3
const MOST_P99_MS = 25

/** S2: one topic, followed by many event streams. */
export function fanOut(): Row {
  let topic = ''
  let writer: GatewayProcess | undefined
  const cpu = (scheme: Scheme) => `${scheme.toUpperCase()}: processor time by event, in µs`
  const measure = async (bench: Bench, scheme: Scheme): Promise<Sample> => {
    if (writer === undefined) throw new Error('The row was not prepared.')
    const gateway = await bench.gateway(scheme)
    const work = { kind: 'tail', topic, view: 'events', writer: writerOf(writer) } as const
    const load = { connections: CLIENTS, ratePerSecond: RATE_PER_SECOND }
    const { result: _, ...sample } = await bench.measure(cpu(scheme), gateway, work, load)
    return { ...sample, rate: sample.gatewayCpuUs ?? Number.NaN }
  }
  return {
    id: 'S2',
    title: `${CLIENTS} event streams of one topic, ${RATE_PER_SECOND} records of 100 bytes a second in all`,
    unit: 'value',
    lessIsBetter: true,
    aims: (['http', 'https'] as const).flatMap(scheme => [
      { text: `${cpu(scheme)}: ≤ ${MOST_CPU_US}`, contestant: cpu(scheme), of: 'size', factor: MOST_CPU_US } as const,
      {
        text: `${cpu(scheme)}: p99 from the due time to the client ≤ ${MOST_P99_MS} ms`,
        contestant: cpu(scheme),
        of: 'p99Ms',
        factor: MOST_P99_MS
      } as const
    ]),
    async prepare(bench) {
      topic = await bench.createTopic('fan-out', PARTITIONS)
      writer = await bench.startGateway({ plain: true })
    },
    async *round(bench) {
      yield await measure(bench, 'http')
      yield await measure(bench, 'https')
    },
    async close() {
      await writer?.stop()
    }
  }
}

export function writerOf(gateway: GatewayProcess) {
  return { endpoint: endpointOf(gateway), token: gateway.token }
}
