import { uniqueTopic } from '../../../support/gateway.ts'
import { Instance, type Place } from './both-peers.ts'
import { KAFKA_TYPE, type Row, typeOf } from './rows.ts'

const TYPES = [KAFKA_TYPE, ...['binary', 'json', 'avro', 'jsonschema', 'protobuf'].map(typeOf)]

/** What Confluent's document says, and Strimzi's does not or otherwise. */
export function confluentRows({ topic }: Place): Readonly<Record<string, () => Row[]>> {
  return {
    'calls of consumers take every vendor type, and answer with the one that is asked for': () => {
      const group = uniqueTopic('peer')
      const rows = TYPES.map((type, at): Row => {
        const headers = { 'content-type': type, accept: type }
        return { ask: `POST /consumers/${group}`, body: { name: `i${at}` }, headers, status: 200, type }
      })
      const ask = `GET /consumers/${group}/instances/i0/subscription`
      const lists: [string, string][] = [
        [`text/html, ${KAFKA_TYPE};q=0.9, */*;q=0.1`, KAFKA_TYPE],
        [`${KAFKA_TYPE};q=0.9, ${typeOf('json')};q=0.1`, KAFKA_TYPE],
        ['*/*', KAFKA_TYPE]
      ]
      const asked = lists.map(([accept, type]): Row => ({ ask, headers: { accept }, status: 200, type }))
      return [...rows, ...asked, { ask, headers: { accept: 'text/html' }, status: 406, code: 406 }]
    },

    'an error has the type that the records would have had': () => [
      {
        ask: `GET /consumers/${uniqueTopic('peer')}/instances/i/records`,
        headers: { accept: typeOf('binary') },
        status: 404,
        code: 40_403,
        type: typeOf('binary')
      }
    ],

    'records come in the format of the instance; another one is 40601, and takes nothing away': () => {
      const instance = new Instance(topic)
      const ask = `GET ${instance.base}/records?timeout=5000&max_bytes=1`
      const accepting = (accept: string) => ({ ask, headers: { accept } })
      return [
        ...instance.made(1),
        { ...accepting(typeOf('avro')), status: 406, code: 40_601 },
        { ...accepting(typeOf('binary')), status: 406, code: 40_601, names: /json/ },
        { ...accepting(typeOf('json')), status: 200, type: typeOf('json'), text: `[${record(topic, 0)}]` }
      ]
    },

    'a subscription is topics or a pattern, and topics where there are both': () => {
      const group = uniqueTopic('peer')
      const ask = (method: string) => `${method} /consumers/${group}/instances/i/subscription`
      const subscribed = { ask: ask('GET'), status: 200, json: { topics: [topic] } }
      return [
        { ask: `POST /consumers/${group}`, body: { name: 'i' }, status: 200 },
        { ask: ask('GET'), status: 200, json: { topics: [] } },
        { ask: ask('POST'), body: { topics: [topic], topic_pattern: 'none-.*' }, status: 204 },
        subscribed,
        { ask: ask('DELETE'), status: 204 },
        { ask: ask('GET'), status: 200, json: { topics: [] } },
        { ask: ask('POST'), body: { topic_pattern: `${topic.slice(0, -1)}.` }, status: 204 },
        subscribed,
        { ask: ask('POST'), status: 422, code: 422 },
        subscribed
      ]
    },

    'a read may leave its wait to the instance, and old words do for settings; unknown ones are refused by name':
      () => {
        const instance = new Instance(topic)
        const ask = `POST /consumers/${instance.group}`
        const refused = (body: object, names: RegExp): Row => ({ ask, body, status: 422, names })
        return [
          ...instance.made(1, { 'consumer.request.timeout.ms': '1', 'auto.offset.reset': 'latest' }),
          { ask: `GET ${instance.base}/records`, status: 200, json: [] },
          { ask, body: { name: 'old', requestWaitMs: 1, responseMinBytes: -1 }, status: 200 },
          { ...refused({ 'auto.offset.reset': 'never' }, /auto\.offset\.reset/), code: 42_204 },
          refused({ 'topic.metadata.refresh.interval.ms': 1 }, /topic\.metadata\.refresh\.interval\.ms/),
          refused({ format: 'string' }, /format/)
        ]
      },

    'the document’s own examples': () => {
      const { group, base } = new Instance(topic)
      const offsets = [{ topic, partition: 1, offset: 0 }]
      const json = { accept: typeOf('json') }
      return [
        {
          ask: `POST /consumers/${group}`,
          body: { name: 'i', format: 'json', 'auto.offset.reset': 'earliest' },
          status: 200
        },
        { ask: `POST ${base}/assignments`, body: { partitions: [{ topic, partition: 1 }] }, status: 204 },
        {
          ask: `GET ${base}/records?timeout=5000&max_bytes=1`,
          headers: json,
          status: 200,
          text: `[${record(topic, 0)}]`,
          type: typeOf('json')
        },
        { ask: `POST ${base}/offsets`, body: { offsets }, status: 200, text: '[]', type: KAFKA_TYPE },
        {
          ask: `GET ${base}/offsets`,
          body: { partitions: [{ topic, partition: 1 }] },
          status: 200,
          json: { offsets: [{ topic, partition: 1, offset: 1, metadata: '' }] }
        },
        { ask: `POST ${base}/offsets?async=true`, body: { offsets }, status: 200, text: '[]' },
        { ask: `GET ${base}/offsets`, status: 404, code: 40_402 },
        { ask: `POST ${base}/positions`, body: { offsets: [{ ...offsets[0], metadata: 'm' }] }, status: 204 },
        { ask: `POST ${base}/subscription`, body: { topics: [topic] }, status: 409, code: 40_903 },
        { ask: `DELETE ${base}`, status: 204 },
        { ask: `GET ${base}/records`, headers: json, status: 404, code: 40_403 }
      ]
    }
  }
}

function record(topic: string, value: number): string {
  return `{"topic":"${topic}","key":null,"value":${value},"partition":1,"offset":${value}}`
}
