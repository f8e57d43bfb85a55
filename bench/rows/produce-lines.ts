import type { Row } from '../support/row.ts'
import { bodyOf, produceSample, RECORDS_PER_REQUEST } from './bulk-produce.ts'

const CONNECTIONS = 8
const RECORD = `{"value":"${'x'.repeat(100)}"}`

/** S4: what P1 does, as streams of lines. */
export function produceLines(): Row {
  let topic = ''
  const [lines, requests] = [`lines, ${CONNECTIONS} connections`, `requests, ${CONNECTIONS} connections`]
  return {
    id: 'S4',
    title: 'produce records of 100 bytes as streams of lines, beside requests of 1000 records; 8 partitions',
    unit: 'records/s',
    aims: [{ text: `${lines} ≥ 0.9 × ${requests}`, contestant: lines, against: requests, of: 'rate', factor: 0.9 }],
    async prepare(bench) {
      topic = await bench.createTopic('lines', 8)
    },
    async *round(bench) {
      yield await produceSample(
        bench,
        requests,
        'http',
        topic,
        bodyOf(() => RECORD),
        CONNECTIONS
      )
      const { result: _, ...sample } = await bench.measure(
        lines,
        await bench.gateway('http'),
        {
          kind: 'produce-lines',
          path: `/v1/producer/topics/${topic}`,
          lines: `${RECORD}\n`.repeat(RECORDS_PER_REQUEST),
          records: RECORDS_PER_REQUEST
        },
        { connections: CONNECTIONS }
      )
      yield sample
    }
  }
}
