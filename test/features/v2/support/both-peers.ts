import assert from 'node:assert/strict'
import type { Dialect } from '../../../../src/api/v2/record-form.ts'
import { uniqueTopic } from '../../../support/gateway.ts'
import { KAFKA_TYPE, type Look, type Row, typeOf } from './rows.ts'

/** A topic with three partitions: of {@link seeded}, those that {@link records} wants, and one that is empty. */
export interface Place {
  readonly topic: string
  readonly dialect: Dialect
}

const UUID = /^rest-consumer-[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/
/** When the first record of partition 1 was made; each other one a second later. */
const FIRST_MS = Date.now() - 60_000
const timeOf = (record: number) => new Date(FIRST_MS + record * 1000).toISOString()

/** An instance with partitions of its own, which no rebalance has to give it. */
export class Instance {
  readonly group = uniqueTopic('peer')
  readonly name = 'i'
  readonly base: string
  readonly topic: string

  constructor(topic: string) {
    this.topic = topic
    this.base = `/consumers/${this.group}/instances/i`
  }

  made(partition: number, settings: object = {}): Row[] {
    const body = { name: this.name, format: 'json', 'auto.offset.reset': 'earliest', ...settings }
    return [
      { ask: `POST /consumers/${this.group}`, body, status: 200 },
      { ask: `POST ${this.base}/assignments`, body: this.at(partition), status: 204 }
    ]
  }

  at(partition: number) {
    return { partitions: [{ topic: this.topic, partition }] }
  }

  poll(values: readonly unknown[], query = 'timeout=5000'): Row {
    const look: Look = ({ json }) =>
      assert.deepEqual(
        json.map(({ value }: { value: unknown }) => value),
        values
      )
    return { ask: `GET ${this.base}/records?${query}`, status: 200, look }
  }

  committed(partition: number, offset: number | undefined, metadata = ''): Row {
    const offsets = offset === undefined ? [] : [{ topic: this.topic, partition, offset, metadata }]
    return { ask: `GET ${this.base}/offsets`, body: this.at(partition), status: 200, json: { offsets } }
  }
}

/** What both documents say alike. */
export function sharedRows({ topic, dialect }: Place): Readonly<Record<string, () => Row[]>> {
  const isConfluent = dialect === 'confluent'
  const committing = isConfluent ? { status: 200, json: [] } : { status: 204 }
  const conflict = { status: 409, code: isConfluent ? 40_903 : 409 }
  const elsewhere = isConfluent ? conflict : { status: 404, code: 404 }
  const gone = { status: 404, code: isConfluent ? 40_403 : 404 }
  return {
    'nothing is known of an instance that was not made, by none of its calls': () => {
      const base = `/consumers/${uniqueTopic('peer')}/instances/i`
      const partitions = { partitions: [{ topic, partition: 0 }] }
      const offsets = { offsets: [{ topic, partition: 0, offset: 0 }] }
      const rows: [string, unknown?][] = [
        [`DELETE ${base}`],
        [`POST ${base}/subscription`, { topics: [topic] }],
        [`GET ${base}/subscription`],
        [`DELETE ${base}/subscription`],
        [`POST ${base}/assignments`, partitions],
        [`GET ${base}/assignments`],
        [`GET ${base}/records`],
        [`POST ${base}/offsets`, offsets],
        [`POST ${base}/offsets`],
        [`GET ${base}/offsets`, partitions],
        [`POST ${base}/positions`, offsets],
        [`POST ${base}/positions/beginning`, partitions],
        [`POST ${base}/positions/end`, partitions]
      ]
      return [
        ...rows.map(([ask, body]): Row => ({ ask, body, status: gone.status, code: gone.code, names: /instance/i })),
        { ask: `PUT ${base}`, status: 405, code: 405 },
        { ask: `GET ${base}/nothing`, status: 404, code: 404 }
      ]
    },

    'an instance has the name that it was given, else one of its own, and an address that works': () => {
      const group = uniqueTopic('peer')
      const ask = `POST /consumers/${group}`
      const named =
        (name: string): Look =>
        answer => {
          assert.equal(answer.json.instance_id, name)
          assert.match(
            answer.json.base_uri,
            new RegExp(`^https://localhost:\\d+/consumers/${group}/instances/${name}$`)
          )
        }
      const unnamed: Look = answer => {
        assert.match(answer.json.instance_id, UUID)
        named(answer.json.instance_id)(answer)
      }
      return [
        { ask, body: { name: 'a' }, status: 200, look: named('a'), type: KAFKA_TYPE },
        { ask, body: { name: 'b', id: 'c' }, status: 200, look: named('c') },
        { ask, body: {}, status: 200, look: unnamed },
        { ask, status: 200, look: unnamed },
        { ask, body: { name: 'a' }, status: 409, code: isConfluent ? 40_902 : 409, names: /a/ },
        { ask: `DELETE /consumers/${group}/instances/a`, status: 204 },
        { ask: `DELETE /consumers/${group}/instances/a`, ...gone },
        { ask, body: { name: 'a' }, status: 200, look: named('a') }
      ]
    },

    'each format shows what is stored, null as null, and JSON byte for byte': () => {
      const rows: Row[] = []
      for (const [format, lines] of Object.entries(shown(topic, dialect))) {
        const instance = new Instance(topic)
        const ask = `GET ${instance.base}/records?timeout=5000`
        const more = { status: 200, type: typeOf(format), text: `[${lines.join(',')}]` }
        rows.push(...instance.made(0, { format }), { ask, headers: { accept: typeOf(format) }, ...more })
      }
      return rows
    },

    'polls that are cut have no gap, and commit without a body is exactly what they returned': () => {
      const instance = new Instance(topic)
      const { base, group } = instance
      const commit = { ask: `POST ${base}/offsets`, ...committing }
      const manual = isConfluent ? { 'auto.commit.enable': 'false' } : { 'enable.auto.commit': false }
      const given = { offsets: [{ topic, partition: 1, offset: 3, metadata: 'mine' }] }
      return [
        ...instance.made(1, manual),
        instance.committed(1, undefined),
        instance.poll([0], 'timeout=5000&max_bytes=1'),
        commit,
        instance.committed(1, 1),
        instance.poll([1, 2], 'timeout=5000&max_bytes=2'),
        { ...commit, body: {} },
        instance.committed(1, 3),
        instance.poll([3], 'timeout=5000&max_bytes=1'),
        instance.poll([4], 'timeout=-1&max_bytes=-1'),
        instance.poll([], 'timeout=0'),
        { ...commit, body: given },
        instance.committed(1, isConfluent ? 4 : 3, 'mine'),
        { ask: `DELETE ${base}`, status: 204 },
        // Whoever comes next goes on there.
        { ask: `POST /consumers/${group}`, body: { name: 'i', format: 'json', ...manual }, status: 200 },
        { ask: `POST ${base}/assignments`, body: instance.at(1), status: 204 },
        instance.poll(isConfluent ? [4] : [3, 4])
      ]
    },

    'a seek counts at once: to an offset, a time, either end, and past the last record; only where the instance reads':
      () => {
        const instance = new Instance(topic)
        const { base } = instance
        const positions = { ask: `POST ${base}/positions`, status: 204 }
        const time = (timestamp: string) => ({ timestamps: [{ topic, partition: 1, timestamp }] })
        const offset = (at: number, partition = 1) => ({ offsets: [{ topic, partition, offset: at }] })
        return [
          ...instance.made(1),
          instance.poll([0], 'timeout=5000&max_bytes=1'),
          { ...positions, body: offset(3) },
          instance.poll([3], 'timeout=5000&max_bytes=1'),
          { ...positions, body: time(timeOf(2)) },
          instance.poll([2], 'timeout=5000&max_bytes=1'),
          { ...positions, body: time(timeOf(3.5)) },
          instance.poll([4]),
          { ...positions, body: time('2099-10-30T19:39:45Z') },
          instance.poll([], 'timeout=0'),
          { ask: `POST ${base}/positions/beginning`, body: instance.at(1), status: 204 },
          instance.poll([0], 'timeout=5000&max_bytes=1'),
          { ask: `POST ${base}/positions/end`, body: instance.at(1), status: 204 },
          instance.poll([], 'timeout=0'),
          { ask: `POST ${base}/positions`, body: offset(0, 2), ...elsewhere },
          { ask: `POST ${base}/positions/beginning`, body: instance.at(2), ...elsewhere },
          { ask: `POST ${base}/positions/end`, body: instance.at(2), ...elsewhere }
        ]
      },

    'a record that its format cannot show is passed: the good ones before it, a refusal, those behind it': () => {
      const instance = new Instance(topic)
      const seek = { ask: `POST ${instance.base}/positions`, status: 204 }
      const offsets = [{ topic, partition: 2, offset: 0 }]
      const place = new RegExp(`offset 1 of partition 2 of topic '${topic}'`)
      return [
        ...instance.made(2),
        instance.poll(['before']),
        { ask: `GET ${instance.base}/records?timeout=5000`, status: 422, code: 422, names: place },
        instance.poll(['behind']),
        { ...seek, body: { offsets } },
        instance.poll(['before'])
      ]
    },

    'to subscribe and to assign exclude each other, until one of them ends': () => {
      const instance = new Instance(topic)
      const { base, group } = instance
      const subscribe = { ask: `POST ${base}/subscription`, body: { topics: [topic] } }
      const assign = { ask: `POST ${base}/assignments`, body: instance.at(0) }
      return [
        { ask: `POST /consumers/${group}`, body: { name: 'i' }, status: 200 },
        { ask: `DELETE ${base}/subscription`, status: 204 },
        { ...assign, status: 204 },
        { ask: `GET ${base}/assignments`, status: 200, json: instance.at(0), type: KAFKA_TYPE },
        { ...subscribe, ...conflict },
        { ask: assign.ask, body: { partitions: [] }, status: 204 },
        { ask: `GET ${base}/assignments`, status: 200, json: { partitions: [] } },
        { ...subscribe, status: 204 },
        { ...assign, ...conflict },
        { ask: subscribe.ask, body: { topics: [] }, status: 204 },
        { ...assign, status: 204 },
        { ask: `DELETE ${base}`, status: 204 }
      ]
    }
  }
}

/** Records of the peers' examples, and those that the others lose: falsy values, numbers of many digits, tombstones. */
const VALUES = ['{"n": 1.10}', '0', 'false', '""', '{}', '12345678901234567890', 'null']

/** What a poll shows of {@link VALUES}, by format. */
function shown(topic: string, dialect: Dialect): Readonly<Record<string, string[]>> {
  const base64 = (text: string) => JSON.stringify(Buffer.from(text).toString('base64'))
  const line = (offset: number, key: string, value: string) => {
    const [first, ...others] = [
      `{"topic":"${topic}","key":${key},"value":${value},"partition":0,"offset":${offset}`,
      ...(dialect === 'strimzi' ? [`"timestamp":${FIRST_MS + offset * 1000}`] : []),
      ...(dialect === 'strimzi' && offset === 0 ? ['"headers":[{"key":"h","value":"dmFsdWUx"}]'] : [])
    ]
    return `${[first, ...others].join()}}`
  }
  const by = (form: (text: string) => string) =>
    VALUES.map((value, offset) =>
      line(offset, offset === 0 ? form('"k"') : 'null', value === 'null' ? value : form(value))
    )
  return { json: by(text => text), binary: by(base64), text: by(text => JSON.stringify(text)) }
}

/** Stores what the rows above read. */
export function seeding({ topic, dialect }: Place): Row[] {
  const stored =
    (count: number, partition: number): Look =>
    ({ json }) => {
      const each = (offset: number) => ({
        partition,
        offset,
        ...(dialect === 'confluent' && { error_code: null, error: null })
      })
      assert.deepEqual(
        json.offsets,
        Array.from({ length: count }, (_, offset) => each(offset))
      )
      if (dialect === 'confluent') assert.deepEqual([json.key_schema_id, json.value_schema_id], [null, null])
      assert.deepEqual(Object.keys(json).length, dialect === 'confluent' ? 3 : 1)
    }
  const json = { 'content-type': typeOf('json') }
  const record = (value: string, at: number) =>
    `{"value":${value},"timestamp":${FIRST_MS + at * 1000}${at === 0 ? ',"key":"k","headers":[{"key":"h","value":"dmFsdWUx"}]' : ''}}`
  // Clients of Confluent send them as text, too, and where no schema is needed.
  const schemas = dialect === 'confluent' ? { value_schema_id: '3', key_schema: null } : {}
  const numbers = Array.from({ length: 5 }, (_, value) => ({ value, timestamp: FIRST_MS + value * 1000 }))
  const strange = ['"before"', '{no JSON', '"behind"'].map(value => ({ value: Buffer.from(value).toString('base64') }))
  const path = `POST /topics/${topic}/partitions`
  return [
    {
      ask: `${path}/0`,
      body: `{"records":[${VALUES.map(record).join()}]}`,
      headers: json,
      status: 200,
      look: stored(VALUES.length, 0),
      type: KAFKA_TYPE
    },
    { ask: `${path}/1`, body: { ...schemas, records: numbers }, headers: json, status: 200, look: stored(5, 1) },
    {
      ask: `${path}/2`,
      body: { records: strange },
      headers: { 'content-type': typeOf('binary') },
      status: 200,
      look: stored(3, 2)
    }
  ]
}
