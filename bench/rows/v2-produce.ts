import type { Bench } from '../support/bench.ts'
import type { Aim, Sample } from '../support/result.ts'
import type { Row } from '../support/row.ts'
import { bodyOf, RECORDS_PER_REQUEST } from './bulk-produce.ts'

const CONNECTIONS = 16
const TEXT = 'x'.repeat(100)
const BASE64 = Buffer.from(TEXT).toString('base64')

/** The same records by each API: v1 as text and as base64, v2 in the format that is the nearest. */
const CONTESTANTS = {
  'v1, text': { path: '/v1/producer/topics/', type: 'application/json', record: `{"value":"${TEXT}"}` },
  'v2, json': { path: '/topics/', type: 'application/vnd.kafka.json.v2+json', record: `{"value":"${TEXT}"}` },
  'v1, base64': {
    path: '/v1/producer/topics/',
    type: 'application/json',
    record: `{"value":"${BASE64}","value_encoding":"base64"}`
  },
  'v2, binary': { path: '/topics/', type: 'application/vnd.kafka.binary.v2+json', record: `{"value":"${BASE64}"}` }
} as const

/** P1d: what P1 does, over v2 beside v1. */
export function v2Produce(): Row {
  let topic = ''
  const aim = (contestant: string, against: string): Aim => ({
    text: `${contestant} ≥ 0.9 × ${against}`,
    contestant,
    against,
    of: 'rate',
    factor: 0.9
  })
  return {
    id: 'P1d',
    title: 'produce 1000 records of 100 bytes a request over v2 and v1, 16 connections',
    unit: 'records/s',
    aims: [aim('v2, json', 'v1, text'), aim('v2, binary', 'v1, base64')],
    async prepare(bench) {
      topic = await bench.createTopic('v2', 8)
      for (const name of Object.keys(CONTESTANTS)) await sampleOf(bench, name as keyof typeof CONTESTANTS, topic)
    },
    async *round(bench) {
      for (const name of Object.keys(CONTESTANTS)) yield await sampleOf(bench, name as keyof typeof CONTESTANTS, topic)
    }
  }
}

async function sampleOf(bench: Bench, name: keyof typeof CONTESTANTS, topic: string): Promise<Sample> {
  const { path, type, record } = CONTESTANTS[name]
  const { result: _, ...sample } = await bench.measure(
    name,
    await bench.gateway('http'),
    {
      kind: 'produce',
      path: path + topic,
      body: bodyOf(() => record),
      records: RECORDS_PER_REQUEST,
      contentType: type
    },
    { connections: CONNECTIONS }
  )
  return sample
}
