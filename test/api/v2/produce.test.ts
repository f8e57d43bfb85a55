import assert from 'node:assert/strict'
import { type TestContext, suite, test } from 'node:test'
import fc from 'fast-check'
import type { Dialect } from '../../../src/api/v2/record-form.ts'
import { errorCatalogue } from '../../../src/core/error-catalogue.ts'
import { type ErrorCode, GatewayError } from '../../../src/core/errors.ts'
import type { Access } from '../../../src/core/principal.ts'
import { PARTITION, type RecordTable, SPAN_STRIDE } from '../../../src/core/record-table.ts'
import type { ProduceOptions, ProduceOutcome, RecordFailure } from '../../../src/gateway/gateway.ts'
import { Metrics } from '../../../src/telemetry/metrics.ts'
import { authenticator, type FrontSettings, stored } from '../../http/support/front.ts'
import { waitUntil } from '../../http/support/wait-until.ts'
import { speaking } from './support.ts'

const JSON_TYPE = 'application/vnd.kafka.json.v2+json'
const BINARY_TYPE = 'application/vnd.kafka.binary.v2+json'
const TEXT_TYPE = 'application/vnd.kafka.text.v2+json'
const KAFKA_TYPE = 'application/vnd.kafka.v2+json'

interface Sent {
  readonly topic: string
  readonly records: (string | number | null)[][]
  readonly options: ProduceOptions | undefined
}

/** Key, value and partition of each record. */
function recordsOf({ bytes, count, spans }: RecordTable): Sent['records'] {
  const textAt = (at: number) =>
    spans[at] < 0 || spans[at + 1] < 0 ? null : bytes.toString('utf8', spans[at], spans[at] + spans[at + 1])
  return Array.from({ length: count }, (_, record) => {
    const at = record * SPAN_STRIDE
    return [textAt(at), textAt(at + 2), spans[at + PARTITION]]
  })
}

async function producing(context: TestContext, dialect: Dialect, outcome?: ProduceOutcome, more: FrontSettings = {}) {
  const sent: Sent[] = []
  const front = await speaking(context, dialect, {
    ...more,
    gateway: {
      produce(_call, topic, records, released, options) {
        sent.push({ topic, records: recordsOf(records), options })
        released()
        return Promise.resolve(outcome ?? stored(records.count))
      },
      ...more.gateway
    }
  })
  const post = (body: unknown, type = JSON_TYPE, path = '/topics/a', headers: Record<string, string> = {}) =>
    front.ask(
      path,
      { 'content-type': type, ...headers },
      { method: 'POST', body: typeof body === 'string' ? body : JSON.stringify(body) }
    )
  return { ...front, post, sent }
}

const failure = (code: ErrorCode, fate: RecordFailure['stored'] = 'no'): RecordFailure => ({
  code,
  message: `${code}.`,
  retriable: errorCatalogue[code].retriable,
  stored: fate
})

/** The first record is stored, each of the others failed. */
function mixed(...failures: RecordFailure[]): ProduceOutcome {
  const count = failures.length + 1
  return { ...stored(count), failures: new Map(failures.map((each, at) => [at + 1, each])) }
}

suite('Producing in v2', () => {
  test('answers with an entry for each record, in the form of the dialect', async context => {
    const two = { records: [{ value: 1 }, { key: 'k', value: null }] }
    const confluent = await producing(context, 'confluent')
    const answer = await confluent.post(two)
    assert.deepEqual(
      [answer.status, answer.type, answer.body],
      [
        200,
        KAFKA_TYPE,
        {
          offsets: [
            { partition: 0, offset: 0, error_code: null, error: null },
            { partition: 0, offset: 1, error_code: null, error: null }
          ],
          key_schema_id: null,
          value_schema_id: null
        }
      ]
    )
    const strimzi = await producing(context, 'strimzi')
    const other = await strimzi.post(two)
    const offsets = [0, 1].map(offset => ({ partition: 0, offset }))
    assert.deepEqual([other.status, other.type, other.body], [200, KAFKA_TYPE, { offsets }])
  })

  test('the media type says how keys and values are written', async context => {
    for (const dialect of ['confluent', 'strimzi'] as const) {
      const { post, sent } = await producing(context, dialect)
      const cases: [string, string, (string | null)[]][] = [
        [JSON_TYPE, '{"records":[{"key":"k","value":{"n":1.10}}]}', ['"k"', '{"n":1.10}']],
        [`${JSON_TYPE}; charset=utf-8`, '{"records":[{"value":[1, 2]}]}', [null, '[1, 2]']],
        ['application/json;charset=ISO-8859-1', '{"records":[{"value":false}]}', [null, 'false']],
        ['application/json', '{"records":[{"key":0,"value":""}]}', ['0', '""']],
        [KAFKA_TYPE, '{"records":[{"value":"x"}]}', [null, '"x"']],
        ['application/vnd.kafka.v1+json', '{"records":[{"value":"x"}]}', [null, '"x"']],
        ['application/vnd.kafka.json.v1+json', '{"records":[{"value":"x"}]}', [null, '"x"']],
        ['application/hal+json', '{"records":[{"value":"x"}]}', [null, '"x"']],
        [BINARY_TYPE, '{"records":[{"key":"a2V5","value":"dmFsdWU"}]}', ['key', 'value']],
        ['application/vnd.kafka.binary.v1+json', '{"records":[{"value":"dmFsdWU="}]}', [null, 'value']],
        [TEXT_TYPE, '{"records":[{"key":"k","value":"x\\ny"}]}', ['k', 'x\ny']]
      ]
      for (const [type, body] of cases) assert.equal((await post(body, type)).status, 200, `${dialect} ${type}`)
      assert.deepEqual(
        sent.map(({ records: [[key, value]] }) => [key, value]),
        cases.map(([, , expected]) => expected)
      )
    }
  })

  test('no media type at all means json', async context => {
    const { sent, port } = await producing(context, 'confluent')
    const answer = await fetch(`http://127.0.0.1:${port}/topics/a/`, {
      method: 'POST',
      headers: { authorization: 'Bearer good' },
      body: Buffer.from('{"records":[{"value":"x"}]}')
    })
    assert.equal(answer.status, 200)
    assert.deepEqual(sent[0].records, [[null, '"x"', -1]])
  })

  test('other media types are refused, those with a schema too, and nothing is sent', async context => {
    for (const [dialect, status] of [
      ['confluent', 415],
      ['strimzi', 400]
    ] as const) {
      const { post, sent } = await producing(context, dialect)
      for (const type of [
        'text/plain',
        'application/x-www-form-urlencoded',
        'application/vnd.kafka.avro.v2+json',
        'application/vnd.kafka.protobuf.v2+json',
        'application/vnd.kafka.jsonschema.v1+json'
      ]) {
        const answer = await post({ records: [{ value: 'eA==' }] }, type)
        assert.deepEqual([answer.status, answer.body.error_code], [status, status], type)
        assert.match(answer.body.message, /application\/vnd\.kafka\.json\.v2\+json/)
      }
      assert.deepEqual(sent, [])
    }
  })

  test('an unknown topic is to be created where that is configured, for callers who may create it', async context => {
    const access: Access = { allows: (operation, _kind, name) => operation === 'write' || name === 'mine' }
    const authenticate: typeof authenticator.authenticate = token => {
      const caller = authenticator.authenticate(token)
      return caller instanceof Promise ? caller : { ...caller, access }
    }
    const more = { authenticator: { ...authenticator, authenticate } }
    const creating = await producing(context, 'confluent', undefined, { ...more, speaks: { autoCreateTopics: 'on' } })
    const usual = await producing(context, 'confluent', undefined, more)
    for (const { post } of [creating, usual])
      for (const name of ['mine', 'other'])
        assert.equal((await post({ records: [{ value: 1 }] }, JSON_TYPE, `/topics/${name}`)).status, 200)
    const wishes = ({ sent }: typeof creating) => sent.map(({ options }) => options)
    assert.deepEqual(wishes(creating), [{ eachRecord: true, create: true }, { eachRecord: true }])
    assert.deepEqual(wishes(usual), [{ eachRecord: true }, { eachRecord: true }])
  })

  test('the partition of the path is that of records without one; of the others as the dialect has it', async context => {
    const { post, sent } = await producing(context, 'confluent')
    const body = { records: [{ value: 1 }, { value: 2, partition: 1 }] }
    assert.equal((await post(body, JSON_TYPE, '/topics/a/partitions/3')).status, 200)
    assert.deepEqual(sent[0].records, [
      [null, '1', 3],
      [null, '2', 1]
    ])
    assert.deepEqual(sent[0].options, { partition: 3, eachRecord: true })
    const strimzi = await producing(context, 'strimzi')
    const refused = await strimzi.post(body, JSON_TYPE, '/topics/a/partitions/3')
    assert.deepEqual([refused.status, refused.body.error_code], [400, 400])
    assert.match(refused.body.message, /records\[1\] has a member 'partition'/)
  })

  test('what is wrong with any member of the body is named, with the code of the dialect, and nothing is sent', async context => {
    const cases: [string, string, number, number, RegExp][] = [
      [JSON_TYPE, '', 422, 400, /no member records/],
      [JSON_TYPE, '[]', 400, 400, /must be an object/],
      [JSON_TYPE, '{"records":[{"value":1}]', 400, 400, /ends at byte/],
      [JSON_TYPE, '{}', 422, 400, /no member records/],
      [JSON_TYPE, '{"records":1}', 400, 400, /records must be an array/],
      [JSON_TYPE, '{"records":[1]}', 400, 400, /records\[0\] must be an object/],
      [JSON_TYPE, '{"records":[{"value":1}],"foo":1}', 422, 400, /'foo'/],
      [JSON_TYPE, '{"records":[{"value":1,"foo":1}]}', 422, 400, /records\[0\] has a member 'foo'/],
      [JSON_TYPE, '{"records":[{"value":1,"value":2}]}', 400, 400, /'value' twice/],
      [JSON_TYPE, '{"records":[{"value":1,"partition":-1}]}', 400, 400, /records\[0\]\.partition/],
      [JSON_TYPE, '{"records":[{"value":1,"partition":"x"}]}', 400, 400, /records\[0\]\.partition/],
      [JSON_TYPE, '{"records":[{"value":1,"timestamp":"x"}]}', 400, 400, /records\[0\]\.timestamp/],
      [JSON_TYPE, '{"records":[{"value":1,"headers":{}}]}', 400, 400, /records\[0\]\.headers/],
      [JSON_TYPE, '{"records":[{"value":1,"headers":[{"value":"eA=="}]}]}', 422, 400, /headers\[0\] has no key/],
      [JSON_TYPE, '{"records":[{"value":1,"headers":[{"key":"h","value":"?"}]}]}', 400, 422, /headers\[0\]\.value/],
      [BINARY_TYPE, '{"records":[{"value":"a"},{"value":"%"}]}', 400, 422, /records\[0\]\.value is not base64/],
      [BINARY_TYPE, '{"records":[{"value":1}]}', 400, 422, /records\[0\]\.value must be a string/],
      [BINARY_TYPE, '{"records":[{"key":{},"value":""}]}', 400, 422, /records\[0\]\.key must be a string/],
      [TEXT_TYPE, '{"records":[{"value":1}]}', 400, 422, /records\[0\]\.value must be a string/],
      [TEXT_TYPE, '{"records":[{"value":"\\ud800"}]}', 400, 422, /lone surrogate/]
    ]
    for (const [dialect, column] of [
      ['confluent', 2],
      ['strimzi', 3]
    ] as const) {
      const { post, sent } = await producing(context, dialect)
      for (const each of cases) {
        const [type, body] = each
        const answer = await post(body, type)
        assert.deepEqual([answer.status, answer.body.error_code], [each[column], each[column]], `${dialect} ${body}`)
        assert.match(answer.body.message, each[4])
      }
      assert.deepEqual(sent, [])
    }
  })

  test('a missing value is a tombstone for Confluent, and refused by Strimzi; no records are 422, or nothing to do', async context => {
    const confluent = await producing(context, 'confluent')
    assert.equal((await confluent.post({ records: [{ key: 'k' }] })).status, 200)
    assert.deepEqual(confluent.sent[0].records, [['"k"', null, -1]])
    const none = await confluent.post({ records: [] })
    assert.deepEqual([none.status, none.body.error_code], [422, 422])
    const strimzi = await producing(context, 'strimzi')
    const refused = await strimzi.post({ records: [{ key: 'k' }] })
    assert.deepEqual([refused.status, refused.body.error_code], [400, 400])
    const nothing = await strimzi.post({ records: [] })
    assert.deepEqual([nothing.status, nothing.body], [200, { offsets: [] }])
    assert.deepEqual(strimzi.sent, [])
  })

  test('members of Confluent for schemas are ignored where there is none', async context => {
    const { post, sent } = await producing(context, 'confluent')
    const body = {
      value_schema: '{}',
      value_schema_id: '3',
      key_schema: null,
      key_schema_id: 1,
      records: [{ value: 1 }]
    }
    assert.equal((await post(body)).status, 200)
    assert.equal(sent.length, 1)
  })
})

const anything = fc.oneof(
  fc.constantFrom(null, true, 0, -1, 1.5, 2 ** 31, '', 'QQ==', '?', [], {}),
  fc.jsonValue({ maxDepth: 2 })
)
const optional = (usual: fc.Arbitrary<unknown>) =>
  fc.oneof(
    { weight: 8, arbitrary: usual },
    { weight: 1, arbitrary: anything },
    { weight: 4, arbitrary: fc.constant(undefined) }
  )
const record = fc.record({
  key: optional(fc.constantFrom('QQ==', null)),
  value: optional(fc.constantFrom('QUJD', null)),
  partition: optional(fc.nat(3)),
  timestamp: optional(fc.nat()),
  headers: optional(
    fc.array(fc.record({ key: optional(fc.string()), value: optional(fc.constant('QQ==')) }), { maxLength: 2 })
  ),
  more: fc.oneof({ weight: 20, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary: anything })
})

test('whatever the body is, it is stored whole or refused whole, by an error of the caller', async context => {
  for (const dialect of ['confluent', 'strimzi'] as const) {
    const { post, sent } = await producing(context, dialect)
    const seen = { stored: 0, refused: 0 }
    await fc.assert(
      fc.asyncProperty(
        fc.record({
          records: optional(
            fc.array(fc.oneof({ weight: 15, arbitrary: record }, { weight: 1, arbitrary: anything }), { maxLength: 3 })
          )
        }),
        fc.constantFrom(JSON_TYPE, BINARY_TYPE, TEXT_TYPE),
        async (body, type) => {
          sent.length = 0
          const { status, body: answer } = await post(body, type)
          if (status === 200) {
            assert.deepEqual(
              sent.map(({ records }) => records.length),
              answer.offsets.length === 0 ? [] : [answer.offsets.length]
            )
            seen.stored++
          } else {
            assert.ok([400, 422].includes(status), `${status} ${answer.message}`)
            assert.deepEqual(sent, [])
            seen.refused++
          }
        }
      ),
      { numRuns: 300 }
    )
    assert.ok(seen.stored > 20 && seen.refused > 20, JSON.stringify(seen))
  }
})

suite('Records of v2 that failed', () => {
  const outcome = mixed(
    failure('LEADER_NOT_AVAILABLE'),
    failure('RECORD_TOO_LARGE'),
    failure('PARTITION_NOT_FOUND'),
    failure('OUTCOME_UNKNOWN', 'unknown')
  )
  const body = { records: Array.from({ length: 5 }, () => ({ value: 1 })) }

  test('are told one by one, and the status is 200 all the same', async context => {
    const confluent = await (await producing(context, 'confluent', outcome)).post(body)
    assert.equal(confluent.status, 200)
    const failed = (error_code: number, error: string) => ({ partition: null, offset: null, error_code, error })
    assert.deepEqual(confluent.body.offsets, [
      { partition: 0, offset: 0, error_code: null, error: null },
      failed(50003, 'LEADER_NOT_AVAILABLE.'),
      failed(50002, 'RECORD_TOO_LARGE.'),
      failed(40402, 'PARTITION_NOT_FOUND.'),
      failed(50002, 'OUTCOME_UNKNOWN.')
    ])
    const strimzi = await (await producing(context, 'strimzi', outcome)).post(body)
    assert.equal(strimzi.status, 200)
    assert.deepEqual(strimzi.body.offsets, [
      { partition: 0, offset: 0 },
      { error_code: 503, message: 'LEADER_NOT_AVAILABLE.' },
      { error_code: 413, message: 'RECORD_TOO_LARGE.' },
      { error_code: 404, message: 'PARTITION_NOT_FOUND.' },
      { error_code: 500, message: 'OUTCOME_UNKNOWN.' }
    ])
  })

  test('give the request the status of the worst one, for a client that asks or for all', async context => {
    const strict = { 'x-kafka-rest-strict': 'true' }
    const statuses: [ProduceOutcome, number, number][] = [
      [outcome, 500, 500],
      [mixed(failure('RECORD_TOO_LARGE')), 413, 413],
      [mixed(failure('LEADER_NOT_AVAILABLE')), 500, 503],
      [mixed(failure('PARTITION_NOT_FOUND')), 404, 404],
      [stored(1), 200, 200]
    ]
    for (const [each, confluent, strimzi] of statuses) {
      const first = await producing(context, 'confluent', each)
      assert.equal((await first.post(body, JSON_TYPE, '/topics/a', strict)).status, confluent)
      const second = await producing(context, 'strimzi', each, { speaks: { v2Status: 'strict' } })
      const answer = await second.post(body)
      assert.equal(answer.status, strimzi)
      assert.equal(answer.body.offsets.length, each.count)
    }
  })

  test('that Kafka does not let the gateway write make it 403 for Confluent, as they do there', async context => {
    const refused = mixed(failure('KAFKA_REFUSED'), failure('LEADER_NOT_AVAILABLE'))
    const confluent = await (await producing(context, 'confluent', refused)).post(body)
    assert.deepEqual([confluent.status, confluent.body.offsets[1].error_code], [403, 40301])
    const strimzi = await (await producing(context, 'strimzi', refused)).post(body)
    assert.deepEqual([strimzi.status, strimzi.body.offsets[1].error_code], [200, 403])
  })

  test('an error of the whole request has the form of all errors', async context => {
    const gateway = { produce: () => Promise.reject(new GatewayError('TOPIC_NOT_FOUND', "Topic 'a' does not exist.")) }
    const answer = await (
      await producing(context, 'confluent', undefined, { gateway })
    ).post({ records: [{ value: 1 }] })
    assert.deepEqual([answer.status, answer.body], [404, { error_code: 40401, message: "Topic 'a' does not exist." }])
  })
})

suite('async=true', () => {
  test('is of Strimzi: 204 at once, without a body, once the body is known to be valid', async context => {
    let answer = () => undefined as void
    const gateway: FrontSettings['gateway'] = {
      produce: (_call, _topic, records, released) =>
        new Promise(resolve => {
          answer = () => {
            released()
            resolve(stored(records.count))
          }
        })
    }
    const { post, budget } = await producing(context, 'strimzi', undefined, { gateway })
    const path = '/topics/a?async=true'
    const { status, type, headers, body } = await post({ records: [{ value: 1 }] }, JSON_TYPE, path)
    assert.deepEqual([status, type, headers.get('content-length'), body], [204, null, null, ''])
    assert.ok(budget.usedBytes > 0)
    answer()
    await waitUntil(() => budget.usedBytes === 0)
    assert.equal((await post({ records: [{}] }, JSON_TYPE, path)).status, 400)
    const confluent = await producing(context, 'confluent')
    assert.equal((await confluent.post({ records: [{ value: 1 }] }, JSON_TYPE, path)).status, 200)
  })

  test('what fails then is counted and logged', async context => {
    const meter = new Metrics(0)
    const has = (line: string) => meter.registry.text('prometheus').includes(`\nkafka_rest_${line}\n`)
    const rejected = { produce: () => Promise.reject(new GatewayError('TOPIC_NOT_FOUND', 'No such topic.')) }
    const one = await producing(context, 'strimzi', undefined, { meter, gateway: rejected })
    assert.equal((await one.post({ records: [{ value: 1 }] }, JSON_TYPE, '/topics/a?async=true')).status, 204)
    await waitUntil(() => has('errors_total{code="TOPIC_NOT_FOUND"} 1'))
    assert.ok(has('produce_records_total{outcome="not_stored"} 1'))
    const line = one.log.find(({ level }) => level === 'warn')
    assert.match(line?.message ?? '', /async request failed: No such topic/)
    assert.deepEqual([line?.fields.topic, line?.fields.records], ['a', 1])
    const two = await producing(context, 'strimzi', mixed(failure('RECORD_TOO_LARGE')), { meter })
    await two.post({ records: [{ value: 1 }, { value: 2 }] }, JSON_TYPE, '/topics/a?async=true')
    await waitUntil(() => has('errors_total{code="RECORD_TOO_LARGE"} 1'))
    assert.equal(two.log.find(({ level }) => level === 'warn')?.fields.records, 1)
  })
})
