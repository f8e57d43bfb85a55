import type { Bench } from '../support/bench.ts'
import { FloorServer } from '../support/floor-server.ts'
import { nativeSeek, producerPerformance } from '../support/kafka-tools.ts'
import type { Aim, Sample } from '../support/result.ts'
import type { Row } from '../support/row.ts'
import { VALUES } from './bulk-produce.ts'

const PARTITIONS = 8
const COUNT = 10
const CONNECTIONS = 50
const RECORDS = 400_000
const CONTENTS = { values: VALUES, records: RECORDS, even: false }
const BATCHES = [
  ['16 KB', 16_384],
  ['200 KB', 204_800]
] as const

/** P3b: ten records at random offsets, of some 44 MB that all readers have in common. */
export function randomReads(): Row {
  const topics = new Map<string, { topic: string; end: number }>()
  let floor: FloorServer | undefined
  const own = (size: string) => `HTTP, batches of ${size}`
  const native = (size: string) => `a native consumer that seeks, batches of ${size}`
  const floorName = 'bare node:http, 50 connections'
  const workOf = (size: string) => {
    const { topic, end } = topics.get(size) ?? { topic: '', end: 0 }
    return { kind: 'random', topic, partitions: PARTITIONS, count: COUNT, end, contents: CONTENTS } as const
  }
  const read = async (bench: Bench, size: string): Promise<Sample> => {
    const load = { connections: CONNECTIONS }
    const { result, ...sample } = await bench.measure(own(size), await bench.gateway('http'), workOf(size), load)
    const each = (cpuUs = Number.NaN) => cpuUs * COUNT
    return {
      ...sample,
      rate: result.requests / result.seconds,
      gatewayCpuUs: each(sample.gatewayCpuUs),
      brokerCpuUs: each(sample.brokerCpuUs),
      clientCpuUs: each(sample.clientCpuUs)
    }
  }
  const floorSample = async (bench: Bench): Promise<Sample> => {
    if (floor === undefined) throw new Error('The row was not prepared.')
    const work = { kind: 'produce', path: '/', body: '{}', records: 1 } as const
    const { token } = await bench.gateway('http')
    const job = { endpoint: floor.endpoint, token, connections: CONNECTIONS, seconds: bench.seconds, work }
    const { requests, seconds, p50Ms, p99Ms, p999Ms } = await bench.load.run(job)
    return { contestant: floorName, rate: requests / seconds, p50Ms, p99Ms, p999Ms }
  }
  return {
    id: 'P3b',
    title: `read ${COUNT} records at random offsets, ${CONNECTIONS} connections, after as long again of the same`,
    unit: 'reads/s',
    aims: BATCHES.flatMap(([size]): Aim[] => [
      { text: `${own(size)} ≥ 0.5 × ${floorName}`, contestant: own(size), against: floorName, of: 'rate', factor: 0.5 },
      {
        text: `${own(size)} ≥ 10 × ${native(size)}`,
        contestant: own(size),
        against: native(size),
        of: 'rate',
        factor: 10
      }
    ]),
    async prepare(bench) {
      const payloadFile = bench.testBed.file('random-reads', VALUES.join('\n'))
      for (const [size, bytes] of BATCHES) {
        const topic = await bench.createTopic('random', PARTITIONS)
        await producerPerformance(bench.libs, bench.bootstrap, {
          topic,
          records: RECORDS,
          recordBytes: 100,
          payloadFile,
          ratePerSecond: -1,
          // Kept in one partition until a batch is full, and waited for, so that batches have the size they should.
          properties: [`batch.size=${bytes}`, 'linger.ms=1000']
        })
        topics.set(size, { topic, end: Math.min(...(await bench.endsOf(topic))) })
        await read(bench, size)
      }
      floor = await FloorServer.start(await bench.gateway('http'))
    },
    async *round(bench) {
      for (const [size] of BATCHES) {
        // The cache let go of its batches since the last round. Readers that never stop are what is measured.
        await read(bench, size)
        yield await read(bench, size)
        yield* bench.beside(async () => {
          const rate = await nativeSeek(bench.libs, bench.bootstrap, { ...workOf(size), seconds: bench.seconds })
          return { contestant: native(size), rate }
        })
      }
      yield* bench.beside(() => floorSample(bench))
    },
    close() {
      floor?.stop()
    }
  }
}
