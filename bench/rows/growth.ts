import type { GatewayProcess } from '../../test/support/gateway-process.ts'
import { RawClient, type Endpoint } from '../load/raw-client.ts'
import { endpointOf, type Bench } from '../support/bench.ts'
import type { Aim, Sample } from '../support/result.ts'
import type { Row } from '../support/row.ts'
import { leastSquares } from '../support/statistics.ts'

/** One request at a time from each. */
const CONNECTIONS = 8
const WITHIN = 2
const RECORD_BYTES = [10, 100, 1000, 10_000, 100_000, 1_000_000]
const BATCH_RECORDS = [1, 10, 100, 1000, 10_000]
const SPREAD_RECORDS = 1000
const PARTITIONS = [1, 10, 100, 1000]
const IDLE_CONNECTIONS = [1, 100, 1000, 5000]
const TOPICS = [1, 500, 5000]
/** The first entry in the index of each of a thousand partitions is a page fault that the broker waits for, tens of seconds in all. */
const NO_INDEX = { 'index.interval.bytes': 2 ** 31 - 1 }
const TOPICS_AT_ONCE = 50
const OPENED_AT_ONCE = 100

/** What a request is about. */
interface Request {
  readonly topic: string
  readonly records: number
  readonly recordBytes: number
  /** Partitions that its records name in turns; Kafka's partitioner decides where left out. */
  readonly touched?: number
}

interface Point extends Request {
  readonly series: string
  readonly name: string
  readonly bytes: number
  readonly cpuUs: number
}

const SIZE = 'size of a record'
const BATCH = 'records a request'
const TOUCHED = 'partitions touched'
/** Series that follow the law. */
const LAWFUL = [SIZE, BATCH, TOUCHED]
/** Series of what a request does not touch. */
const UNTOUCHED = ['partitions of its topic', 'idle connections', 'topics in the cluster'] as const
const [OF_TOPIC, IDLE, OTHERS] = UNTOUCHED
const furthest = (series: string) => `${series}: the point furthest from the law, times`
const spread = (series: string) => `${series}: the dearest by the cheapest, times`

/**
 * P7: processor time of the gateway for a request, while one thing grows. With bytes, records and the partitions it touches it
 * should follow one law, a + b·bytes + c·records + d·partitions; with what it does not touch it should stay as it is.
 */
export function growth(): Row {
  const topics = new Map<number, string>()
  let topicsMeasured = 0
  const aims = [...LAWFUL.map(furthest), ...UNTOUCHED.map(spread)].map((contestant): Aim => ({
    text: `${contestant}: ≤ ${WITHIN}`,
    contestant,
    of: 'size',
    factor: WITHIN
  }))
  const topicOf = (partitions: number) => topics.get(partitions) ?? ''
  const one = () => ({ topic: topicOf(1), records: 1, recordBytes: 100 })
  return {
    id: 'P7',
    title: 'growth of what a request costs',
    unit: 'µs of the gateway a request',
    lessIsBetter: true,
    aims,
    async prepare(bench) {
      for (const partitions of PARTITIONS)
        topics.set(partitions, await bench.createTopic('growth', partitions, NO_INDEX))
      for (let time = 0; time < 4; time++) await cost(bench, SIZE, 'warm', one())
    },
    async *round(bench) {
      const points: Point[] = []
      const add = async (series: string, number: number, request: Request): Promise<Sample> => {
        const point = await cost(bench, series, `${series}: ${number.toLocaleString('en')}`, request)
        points.push(point)
        return { contestant: point.name, rate: point.cpuUs }
      }
      for (const recordBytes of RECORD_BYTES) yield await add(SIZE, recordBytes, { ...one(), recordBytes })
      for (const records of BATCH_RECORDS) yield await add(BATCH, records, { ...one(), records })
      const wide = { topic: topicOf(PARTITIONS[PARTITIONS.length - 1]), records: SPREAD_RECORDS, recordBytes: 100 }
      for (const touched of PARTITIONS) yield await add(TOUCHED, touched, { ...wide, touched })
      for (const partitions of PARTITIONS)
        yield await add(OF_TOPIC, partitions, { ...one(), topic: topicOf(partitions) })
      const gateway = await bench.gateway('http')
      const idle: RawClient[] = []
      for (const count of IDLE_CONNECTIONS) {
        await openIdle(endpointOf(gateway), idle, count)
        yield await add(IDLE, count, one())
      }
      for (const client of idle) client.close()
      // Topics come and stay: in the rounds after the first there is nothing left to grow.
      for (const count of TOPICS.filter(number => number > topicsMeasured)) {
        await createTopics(gateway, count)
        topicsMeasured = count
        yield await add(OTHERS, count, one())
      }
      yield* derivedFrom(points)
    }
  }
}

async function cost(bench: Bench, series: string, name: string, request: Request): Promise<Point> {
  const { topic, records, recordBytes, touched } = request
  const value = `"value":"${'x'.repeat(recordBytes)}"`
  const record = (number: number) => (touched === undefined ? '' : `,"partition":${number % touched}`)
  const body = `{"records":[${Array.from({ length: records }, (_, number) => `{${value}${record(number)}}`).join(',')}]}`
  const work = { kind: 'produce', path: `/v1/producer/topics/${topic}`, body, records } as const
  const gateway = await bench.gateway('http')
  const { gatewayCpuUs = Number.NaN } = await bench.measure(name, gateway, work, { connections: CONNECTIONS })
  return { ...request, series, name, bytes: body.length, cpuUs: gatewayCpuUs * records }
}

function derivedFrom(points: readonly Point[]): Sample[] {
  const sample = (contestant: string, rate: number): Sample => ({ contestant, rate })
  const of = (series: string) => points.filter(point => point.series === series)
  const { constants, errorOf } = lawOf(points.filter(({ series }) => LAWFUL.includes(series)))
  const [a, b, c, d] = constants
  return [
    sample('a, in µs a request', a),
    sample('b, in ns a byte', b * 1000),
    sample('c, in ns a record', c * 1000),
    sample('d, in ns a partition beyond the first', d * 1000),
    ...LAWFUL.map(series => sample(furthest(series), Math.max(...of(series).map(errorOf)))),
    ...UNTOUCHED.filter(series => of(series).length > 0).map(series => {
      const costs = of(series).map(({ cpuUs }) => cpuUs)
      return sample(spread(series), Math.max(...costs) / Math.min(...costs))
    })
  ]
}

/** Every point weighs the same, however large: errors are relative. */
function lawOf(points: readonly Point[]) {
  const terms = ({ bytes, records, touched = 1 }: Point) => [1, bytes, records, touched - 1]
  const constants = leastSquares(points.map(point => terms(point).map(term => term / point.cpuUs)))
  const errorOf = (point: Point) => {
    const expected = terms(point).reduce((sum, term, at) => sum + term * constants[at], 0)
    return Math.max(expected / point.cpuUs, point.cpuUs / expected)
  }
  return { constants, errorOf }
}

async function openIdle(endpoint: Endpoint, idle: RawClient[], count: number): Promise<void> {
  while (idle.length < count) {
    const some = Array.from({ length: Math.min(OPENED_AT_ONCE, count - idle.length) }, () =>
      RawClient.connect(endpoint)
    )
    idle.push(...(await Promise.all(some)))
  }
}

/** Creates those of the first `count` topics that do not exist. Another build on the same Kafka may have created them. */
async function createTopics(gateway: GatewayProcess, count: number): Promise<void> {
  const headers = { authorization: `Bearer ${gateway.token}`, 'content-type': 'application/json' }
  const names = Array.from({ length: count }, (_, at) => `other-${at}`)
  const create = async () => {
    for (let name = names.pop(); name !== undefined; name = names.pop()) {
      const response = await fetch(`http://127.0.0.1:${gateway.port}/v1/topics/${name}`, { method: 'PUT', headers })
      await response.arrayBuffer()
      if (response.status !== 200 && response.status !== 409) throw new Error(`Topic ${name}: ${response.status}`)
    }
  }
  await Promise.all(Array.from({ length: TOPICS_AT_ONCE }, create))
}
