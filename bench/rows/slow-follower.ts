import { FaultCluster } from '../../test/integrity/support/cluster.ts'
import type { GatewayProcess } from '../../test/support/gateway-process.ts'
import { endpointOf, type Bench } from '../support/bench.ts'
import { producerPerformance } from '../support/kafka-tools.ts'
import type { Aim, Sample } from '../support/result.ts'
import type { Row } from '../support/row.ts'
import { bodyOf } from './bulk-produce.ts'

const SLOW = 3
const DELAY_MS = 20
/** As in P1. */
const CONNECTIONS = [8, 16] as const
const NATIVE_RECORDS = 200_000
const BULK = bodyOf(() => `{"value":"${'x'.repeat(100)}"}`)
const single = (partition: number) => `{"records":[{"value":"${'x'.repeat(100)}","partition":${partition}}]}`
/** Every partition is followed by the slow one, as by all. */
const EVERYWHERE = Array.from({ length: 8 }, (_, at) => [1 + (at % 2), 2 - (at % 2), SLOW])
/** Of one leader: the first partition is not followed by the slow one, the second is. */
const MIXED = [
  [1, 2],
  [1, SLOW]
]

interface Stand {
  readonly cluster: FaultCluster
  readonly gateway: GatewayProcess
}

/** P1c: three brokers, replication 3, one follower whose link takes 20 ms longer; a cluster of its own. */
export function slowFollower(): Row {
  let stand: Stand | undefined
  const bulk = (connections: number) => `HTTP, ${connections} connections, a slow follower everywhere`
  const native = 'ProducerPerformance, the same topic'
  const beside = 'a partition that the slow one does not follow, beside one that it does'
  const alone = 'the same without the delay'
  return {
    id: 'P1c',
    title: `as P1 on three brokers, replication 3, one follower ${DELAY_MS} ms away`,
    unit: 'records/s',
    aims: [
      ...CONNECTIONS.map((connections): Aim => {
        const contestant = bulk(connections)
        return { text: `${contestant} ≥ 1 × ${native}`, contestant, against: native, of: 'rate', factor: 1 }
      }),
      {
        text: `${beside}: p99 ≤ 2 × ${alone}, and 2 ms`,
        contestant: beside,
        against: alone,
        of: 'p99Ms',
        factor: 2,
        plusMs: 2
      }
    ],
    async prepare(bench) {
      const cluster = await FaultCluster.start({ slowFollower: SLOW })
      const { bootstrapServers } = cluster
      stand = { cluster, gateway: await bench.startGateway({ bootstrapServers, plain: true }) }
      await cluster.operator.createTopic('everywhere', EVERYWHERE)
      await cluster.operator.createTopic('mixed', MIXED)
      await produce(bench, stand, 'warm', 'everywhere', BULK, 1000, 16)
      await produce(bench, stand, 'warm', 'mixed', single(0), 1, 4)
    },
    async *round(bench) {
      if (stand === undefined) throw new Error('The row was not prepared.')
      const { cluster } = stand
      yield await produce(bench, stand, alone, 'mixed', single(0), 1, 4)
      for (const detour of cluster.detours) detour.delay(DELAY_MS)
      const [fast] = await Promise.all([
        produce(bench, stand, beside, 'mixed', single(0), 1, 4),
        keepBusy(stand, bench.seconds * 1000)
      ])
      yield fast
      for (const connections of CONNECTIONS)
        yield await produce(bench, stand, bulk(connections), 'everywhere', BULK, 1000, connections)
      yield* bench.beside(() => nativeSample(bench, cluster, native))
      for (const detour of cluster.detours) detour.delay(0)
    },
    async close() {
      await stand?.gateway.stop()
      await stand?.cluster.close()
    }
  }
}

async function nativeSample(bench: Bench, cluster: FaultCluster, contestant: string): Promise<Sample> {
  const work = { topic: 'everywhere', records: NATIVE_RECORDS, recordBytes: 100, ratePerSecond: -1, properties: [] }
  const bootstrap = cluster.bootstrapServers.join(',')
  const { recordsPerSecond, cpuUsPerRecord, ...times } = await producerPerformance(bench.libs, bootstrap, work)
  const { p50Ms, p99Ms, p999Ms } = times
  return { contestant, rate: recordsPerSecond, clientCpuUs: cpuUsPerRecord, p50Ms, p99Ms, p999Ms }
}

async function produce(
  bench: Bench,
  { gateway }: Stand,
  contestant: string,
  topic: string,
  body: string,
  records: number,
  connections: number
): Promise<Sample> {
  const work = { kind: 'produce', path: `/v1/producer/topics/${topic}`, body, records } as const
  const cpuUs = gateway.cpuUs()
  const { token } = gateway
  const result = await bench.load.run({
    endpoint: endpointOf(gateway),
    token,
    seconds: bench.seconds,
    work,
    connections
  })
  const { p50Ms, p99Ms, p999Ms } = result
  const gatewayCpuUs = (gateway.cpuUs() - cpuUs) / result.records
  return { contestant, rate: result.records / result.seconds, gatewayCpuUs, p50Ms, p99Ms, p999Ms }
}

/** Writes to the partition that waits for the slow follower, from eight connections. */
async function keepBusy({ gateway }: Stand, durationMs: number): Promise<void> {
  const end = Date.now() + durationMs
  const headers = { authorization: `Bearer ${gateway.token}`, 'content-type': 'application/json' }
  const writer = async () => {
    while (Date.now() < end) {
      const url = `http://127.0.0.1:${gateway.port}/v1/producer/topics/mixed`
      const response = await fetch(url, { method: 'POST', headers, body: single(1) })
      await response.arrayBuffer()
      if (response.status !== 200) throw new Error(`The answer was ${response.status}.`)
    }
  }
  await Promise.all(Array.from({ length: 8 }, writer))
}
