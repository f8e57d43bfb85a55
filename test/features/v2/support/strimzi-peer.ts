import assert from 'node:assert/strict'
import { uniqueTopic } from '../../../support/gateway.ts'
import { Instance, type Place } from './both-peers.ts'
import { KAFKA_TYPE, type Row, typeOf } from './rows.ts'

/** What Strimzi's document says, and Confluent's does not or otherwise. */
export function strimziRows({ topic }: Place): Readonly<Record<string, () => Row[]>> {
  return {
    'an error has its status as `error_code`, and says what is wrong with a body': () => {
      const group = uniqueTopic('peer')
      const ask = `POST /consumers/${group}`
      const told = (status: number) => (answer: { json: object }) =>
        assert.deepEqual(
          Object.keys(answer.json),
          status === 400 ? ['error_code', 'message', 'validation_errors'] : ['error_code', 'message']
        )
      const refused = (body: object, status: number): Row => ({ ask, body, status, code: status, look: told(status) })
      const json = { 'content-type': typeOf('json') }
      const produce = (record: object): Row => ({
        ...refused({ records: [record] }, 400),
        ask: `POST /topics/${topic}`,
        headers: json,
        type: KAFKA_TYPE
      })
      return [
        refused({ name: 'i', unknown: 1 }, 400),
        refused({ name: 'i', format: 'avro' }, 422),
        refused({ name: 'i', 'auto.offset.reset': 'never' }, 422),
        { ask, body: { name: 'i' }, status: 200 },
        refused({ name: 'i' }, 409),
        produce({ key: 'no value' }),
        produce({ value: 1, unknown: 1 }),
        { ...refused({ topics: ['x'], more: 1 }, 400), ask: `${ask}/instances/i/subscription` }
      ]
    },

    'an instance takes all seven settings, and tells its partitions beside its topics once it has them': () => {
      const group = uniqueTopic('peer')
      const base = `/consumers/${group}/instances/i`
      const settings = {
        name: 'i',
        format: 'json',
        'auto.offset.reset': 'earliest',
        'enable.auto.commit': false,
        'fetch.min.bytes': 1,
        'consumer.request.timeout.ms': 30_000,
        'isolation.level': 'read_committed'
      }
      const whole = { topics: [topic], partitions: [{ [topic]: [0, 1, 2] }] }
      return [
        { ask: `POST /consumers/${group}`, body: settings, status: 200 },
        { ask: `POST ${base}/subscription`, body: { topics: [topic] }, status: 204 },
        {
          ask: `GET ${base}/records?timeout=5000`,
          headers: { accept: typeOf('json') },
          status: 200,
          type: typeOf('json')
        },
        { ask: `GET ${base}/subscription`, status: 200, json: whole, type: KAFKA_TYPE },
        { ask: `DELETE ${base}/subscription`, status: 204 },
        { ask: `GET ${base}/subscription`, status: 200, json: { topics: [], partitions: [] } },
        { ask: `GET ${base}/records`, status: 200, json: [] },
        { ask: `DELETE ${base}`, status: 204 }
      ]
    },

    'a poll in another format is 406, and takes nothing away': () => {
      const instance = new Instance(topic)
      const ask = `GET ${instance.base}/records?timeout=5000&max_bytes=1`
      return [
        ...instance.made(1),
        { ask, headers: { accept: typeOf('binary') }, status: 406, code: 406 },
        { ask, headers: { accept: 'text/html' }, status: 406, code: 406 },
        instance.poll([0], 'timeout=5000&max_bytes=1')
      ]
    }
  }
}
