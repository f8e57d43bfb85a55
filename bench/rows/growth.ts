import type { GatewayProcess } from '../../test/support/gateway-process.ts'
import { RawClient, type Endpoint } from '../load/raw-client.ts'
import { endpointOf, type Bench } from '../support/bench.ts'
import type { Aim, Row, Sample } from '../support/result.ts'
import { leastSquares } from '../support/statistics.ts'

const CONNECTIONS = 8
/** One request at a time from each connection; what grows is named by the first column. */
const RECORD_BYTES = [10, 100, 1000, 10_000, 100_000, 900_000]
const BATCH_RECORDS = [1, 10, 100, 1000, 10_000]
const TOPICS = 5000
const PARTITIONS = 1000
const IDLE_CONNECTIONS = 5000
const TOPICS_AT_ONCE = 50
const WITHIN = 2

interface Point {
  readonly name: string
  readonly records: number
  readonly bytes: number
  readonly cpuUs: number
}

/**
 * P7: processor time of the gateway for a request, while one thing grows. With size and number of records it should follow
 * a + b·bytes + c·records; with topics, partitions and idle connections, which a request does not touch, it should stay.
 */
export function growth(): Row {
  const alone = 'one record of 100 bytes: 1 partition, few topics and connections'
  const manyPartitions = `the same, to a topic of ${PARTITIONS} partitions`
  const manyTopics = `the same, beside ${TOPICS} topics`
  const manyConnections = `the same, beside ${IDLE_CONNECTIONS} idle connections`
  const fit = 'the point furthest from a + b·bytes + c·records, times'
  const untouched = (contestant: string): Aim => ({
    text: `${contestant}: ≤ ${WITHIN} × ${alone}`,
    contestant,
    against: alone,
    of: 'size',
    factor: WITHIN
  })
  let narrow = ''
  let wide = ''
  let others: Promise<void> | undefined
  return {
    id: 'P7',
    title: 'growth of what a request costs',
    unit: 'µs of the gateway a request',
    aims: [
      { text: `${fit}: ≤ ${WITHIN}`, contestant: fit, of: 'size', factor: WITHIN },
      ...[manyPartitions, manyTopics, manyConnections].map(untouched)
    ],
    async prepare(bench) {
      narrow = await bench.createTopic('narrow', 1)
      wide = await bench.createTopic('wide', PARTITIONS)
      for (let time = 0; time < 2; time++) await cost(bench, 'warm', narrow, 1, 100)
    },
    async round(bench) {
      const points: Point[] = []
      for (const bytes of RECORD_BYTES) points.push(await cost(bench, `a record of ${bytes} bytes`, narrow, 1, bytes))
      for (const records of BATCH_RECORDS)
        points.push(await cost(bench, `${records} records of 100 bytes`, narrow, records, 100))
      const { constants, furthest } = fitted(points)
      const samples: Sample[] = [
        ...points.map(({ name, cpuUs }) => ({ contestant: name, rate: cpuUs })),
        { contestant: 'a, in µs', rate: constants[0] },
        { contestant: 'b, in ns a byte', rate: constants[1] * 1000 },
        { contestant: 'c, in ns a record', rate: constants[2] * 1000 },
        { contestant: fit, rate: furthest }
      ]
      const gateway = await bench.gateway('http')
      const single = async (name: string, topic: string) =>
        samples.push({ contestant: name, rate: (await cost(bench, name, topic, 1, 100)).cpuUs })
      await single(alone, narrow)
      await single(manyPartitions, wide)
      const idle = await openIdle(endpointOf(gateway))
      await single(manyConnections, narrow)
      for (const client of idle) client.close()
      others ??= createTopics(gateway, TOPICS)
      await others
      await single(manyTopics, narrow)
      return samples
    }
  }
}

async function cost(bench: Bench, name: string, topic: string, records: number, recordBytes: number): Promise<Point> {
  const record = `{"value":"${'x'.repeat(recordBytes)}"}`
  const body = `{"records":[${Array.from({ length: records }, () => record).join(',')}]}`
  const work = { kind: 'produce', path: `/v1/producer/topics/${topic}`, body, records } as const
  const gateway = await bench.gateway('http')
  const { gatewayCpuUs = Number.NaN } = await bench.measure(name, gateway, work, { connections: CONNECTIONS })
  return { name, records, bytes: body.length, cpuUs: gatewayCpuUs * records }
}

/** Every point weighs the same, however large: errors are relative. */
function fitted(points: readonly Point[]) {
  const rows = points.map(({ bytes, records, cpuUs }) => [1 / cpuUs, bytes / cpuUs, records / cpuUs])
  const constants = leastSquares(rows)
  const furthest = points.map(({ bytes, records, cpuUs }) => {
    const expected = constants[0] + constants[1] * bytes + constants[2] * records
    return Math.max(expected / cpuUs, cpuUs / expected)
  })
  return { constants, furthest: Math.max(...furthest) }
}

async function openIdle(endpoint: Endpoint): Promise<RawClient[]> {
  const clients: RawClient[] = []
  while (clients.length < IDLE_CONNECTIONS)
    clients.push(...(await Promise.all(Array.from({ length: 100 }, () => RawClient.connect(endpoint)))))
  return clients
}

async function createTopics(gateway: GatewayProcess, count: number): Promise<void> {
  const headers = { authorization: `Bearer ${gateway.token}`, 'content-type': 'application/json' }
  const names = Array.from({ length: count }, (_, at) => `other-${at}`)
  const create = async () => {
    for (let name = names.pop(); name !== undefined; name = names.pop()) {
      const response = await fetch(`http://127.0.0.1:${gateway.port}/v1/topics/${name}`, { method: 'PUT', headers })
      await response.arrayBuffer()
      if (response.status !== 200) throw new Error(`Topic ${name}: ${response.status}`)
    }
  }
  await Promise.all(Array.from({ length: TOPICS_AT_ONCE }, create))
}
