import type { Bench, Scheme } from '../support/bench.ts'
import { FloorServer } from '../support/floor-server.ts'
import type { Aim, Sample } from '../support/result.ts'
import type { Row } from '../support/row.ts'

const CONNECTIONS = [50, 200] as const
/** Broker and gateway are young where this is one of the first rows: a second is too little to compile what one record takes. */
const WARM_UP_SECONDS = 3
const BODY = `{"records":[{"value":"${'x'.repeat(100)}"}]}`

/** P2: one record a request, beside a bare Node server. */
export function singleProduce(): Row {
  let topic = ''
  const floors = new Map<Scheme, FloorServer>()
  const work = () => ({ kind: 'produce', path: `/v1/producer/topics/${topic}`, body: BODY, records: 1 }) as const
  const name = (scheme: Scheme, connections: number) => `${scheme.toUpperCase()}, ${connections} connections`
  const floorName = (scheme: Scheme, connections: number) => `bare node:${scheme}, ${connections} connections`
  const aims = CONNECTIONS.flatMap(connections =>
    (['http', 'https'] as const).flatMap((scheme): Aim[] => {
      const pair = { contestant: name(scheme, connections), against: floorName(scheme, connections) }
      return [
        { ...pair, text: `${pair.contestant}: requests/s ≥ 0.9 × ${pair.against}`, of: 'rate', factor: 0.9 },
        { ...pair, text: `${pair.contestant}: p99 ≤ 2 × that of ${pair.against}`, of: 'p99Ms', factor: 2 }
      ]
    })
  )
  const floorSample = async (bench: Bench, scheme: Scheme, connections: number): Promise<Sample> => {
    const gateway = await bench.gateway(scheme)
    let floor = floors.get(scheme)
    if (floor === undefined) floors.set(scheme, (floor = await FloorServer.start(gateway)))
    const before = floor.cpuUs()
    const { endpoint } = floor
    const job = { endpoint, token: gateway.token, connections, seconds: bench.seconds, work: work() }
    const { records, seconds, cpuUs, p50Ms, p99Ms, p999Ms } = await bench.load.run(job)
    const own = { gatewayCpuUs: (floor.cpuUs() - before) / records, clientCpuUs: cpuUs / records }
    return { contestant: floorName(scheme, connections), rate: records / seconds, p50Ms, p99Ms, p999Ms, ...own }
  }
  return {
    id: 'P2',
    title: 'produce 1 record of 100 bytes a request',
    unit: 'requests/s',
    aims,
    async prepare(bench) {
      topic = await bench.createTopic('single', 8)
      for (const scheme of ['http', 'https'] as const) {
        await bench.measure('warm', await bench.gateway(scheme), work(), { connections: 50, seconds: WARM_UP_SECONDS })
        await floorSample(bench, scheme, 50)
      }
    },
    async *round(bench) {
      for (const scheme of ['http', 'https'] as const) {
        for (const connections of CONNECTIONS) {
          const gateway = await bench.gateway(scheme)
          const { result: _, ...sample } = await bench.measure(name(scheme, connections), gateway, work(), {
            connections
          })
          yield sample
          yield* bench.beside(() => floorSample(bench, scheme, connections))
        }
      }
    },
    close() {
      for (const floor of floors.values()) floor.stop()
    }
  }
}
