import assert from 'node:assert/strict'
import { uniqueTopic } from '../../../support/gateway.ts'
import { Instance, type Place } from './both-peers.ts'
import { KAFKA_TYPE, type Row, typeOf } from './rows.ts'

/** What clients send that no document of a peer asks them to. */
export function strangerRows({ topic, dialect }: Place): Readonly<Record<string, () => Row[]>> {
  const isConfluent = dialect === 'confluent'
  const gone = { status: 404, code: isConfluent ? 40_403 : 404 }
  const committing = isConfluent ? { status: 200, json: [] } : { status: 204 }
  return {
    'a body and a type of GET and DELETE change nothing': () => {
      const instance = new Instance(topic)
      const { base } = instance
      const asks = [
        'GET /topics',
        `GET /topics/${topic}`,
        `GET /topics/${topic}/partitions/0/offsets`,
        'GET /brokers',
        `GET ${base}/subscription`,
        `GET ${base}/assignments`,
        `GET ${base}/records?timeout=0`
      ]
      const rows = ['{}', ''].flatMap(body => asks.map((ask): Row => ({ ask, body, status: 200 })))
      return [
        ...instance.made(0),
        ...rows,
        { ask: `DELETE ${base}/subscription`, body: '{}', status: 204 },
        { ask: `DELETE ${base}`, body: '{}', headers: { 'content-type': typeOf('json') }, status: 204 },
        { ask: `DELETE ${base}`, body: '{}', ...gone }
      ]
    },

    'numbers and booleans may be text, types may have a charset or the format of records, paths a slash at the end':
      () => {
        const group = uniqueTopic('peer')
        const base = `/consumers/${group}/instances/i`
        const headers = { 'content-type': `${typeOf('json')}; charset=UTF-8` }
        const partitions = [{ topic, partition: 0 }]
        const offsets = [{ topic, partition: 0, offset: 1 }]
        const word = isConfluent ? 'auto.commit.enable' : 'enable.auto.commit'
        const settings = { format: 'binary', 'auto.offset.reset': 'earliest', 'fetch.min.bytes': '1' }
        const wait = { 'consumer.request.timeout.ms': '1000' }
        const post = (path: string, body?: object): Row => ({ ask: `POST ${path}`, body, headers, status: 204 })
        const records = { ask: `GET ${base}/records/?timeout=5000&max_bytes=1`, headers: { accept: typeOf('binary') } }
        return [
          ...['true', 'false', true].map((flag, at): Row => {
            const body = { name: 'i', [word]: flag }
            return { ask: `POST /consumers/${group}-${at}/`, body, headers, status: 200 }
          }),
          { ...post(`/consumers/${group}/`, { name: 'i', [word]: 'false', ...settings, ...wait }), status: 200 },
          post(`${base}/assignments/`, { partitions }),
          { ...records, status: 200, look: ({ json }) => assert.equal(json[0].offset, 0) },
          post(`${base}/positions/`, { offsets }),
          { ...records, status: 200, look: ({ json }) => assert.equal(json[0].offset, 1) },
          { ...post(`${base}/offsets/`), ...committing },
          {
            ask: `GET ${base}/offsets/?topic=${topic}&partition=0`,
            status: 200,
            json: { offsets: [{ topic, partition: 0, offset: 2, metadata: '' }] }
          },
          post(`${base}/positions/beginning/`, { partitions }),
          post(`${base}/positions/end/`, { partitions }),
          { ask: `DELETE ${base}/subscription/`, status: 204 },
          post(`${base}/subscription/`, { topics: [topic] }),
          { ask: `DELETE ${base}/`, status: 204 }
        ]
      },

    'a list of types that a client takes is read, the newest or the oldest of them': () => {
      const old = 'application/vnd.kafka.v1+json, application/vnd.kafka+json; q=0.9, application/json; q=0.8'
      const rows: [string, string][] = [
        [old, 'application/vnd.kafka.v1+json'],
        ['application/vnd.kafka.v2+json, application/vnd.kafka+json, application/json', KAFKA_TYPE],
        ['application/json, text/plain, text/html', 'application/json']
      ]
      return rows.map(([accept, type]) => ({ ask: `GET /topics/${topic}`, headers: { accept }, status: 200, type }))
    },

    'an instance that is deleted by half of a path is unknown': () => [
      { ask: `DELETE /consumers/${uniqueTopic('peer')}/instances/subscription`, ...gone }
    ]
  }
}
