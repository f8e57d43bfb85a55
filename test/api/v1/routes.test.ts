import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { TopicSpec } from '../../../src/core/topic-spec.ts'
import type { PartitionInfo } from '../../../src/core/topology.ts'
import type { ReadRequest } from '../../../src/gateway/gateway.ts'
import { codeIn } from '../../http/support/code-in.ts'
import { emptyPage, pageOf, startFront, TOKEN } from '../../http/support/front.ts'

const NAME_249 = 'n'.repeat(249)
const JSON_HEADERS = { authorization: TOKEN, 'content-type': 'application/json' }

const answerOf = async (answer: Response) => [answer.status, await answer.json()]
const codeOf = async (answer: Response) => [answer.status, codeIn(await answer.text())]

test('metadata has the names and the order of v1, whole bodies compared', { timeout: 10_000 }, async t => {
  const up = { id: 1, host: 'kafka', port: 9092, rack: 'r1' }
  const down = { id: 3, host: null, port: null, rack: null }
  const partitions: PartitionInfo[] = [
    { partition: 0, earliestOffset: 0, latestOffset: 42, leader: up, replicas: [up, down], isr: [up] },
    { partition: 1, earliestOffset: null, latestOffset: null, leader: null, replicas: [down], isr: [] }
  ]
  const { call } = await startFront(t, {
    gateway: {
      listBrokers: () => Promise.resolve([up]),
      describePartitions: () => Promise.resolve(partitions),
      describePartition: (_call, _topic, partition) => Promise.resolve(partitions[partition])
    }
  })
  const broker = { hostName: 'kafka', port: 9092, id: 1, rack: 'r1' }
  const missing = { hostName: null, port: null, id: 3, rack: null }
  const expected = [
    {
      partition_id: 0,
      earliest_offset: 0,
      latest_offset: 42,
      leader: broker,
      replicas: [broker, missing],
      isr: [broker]
    },
    { partition_id: 1, earliest_offset: null, latest_offset: null, leader: null, replicas: [missing], isr: [] }
  ]
  assert.deepEqual(await answerOf(await call('/v1/metadata/brokers')), [200, { brokers: [broker] }])
  assert.deepEqual(await answerOf(await call('/v1/metadata/topics')), [200, { topics: ['a', 'b'] }])
  assert.deepEqual(await answerOf(await call('/v1/metadata/topics/a/partitions')), [
    200,
    { topic: 'a', partitions: expected }
  ])
  assert.deepEqual(await answerOf(await call('/v1/metadata/topics/a/partitions/1')), [200, expected[1]])
})

test(
  'a topic is created from a body, from an empty one and from none, under its decoded name',
  { timeout: 10_000 },
  async t => {
    const created: [string, TopicSpec][] = []
    const { call } = await startFront(t, {
      gateway: {
        createTopic(_call, topic, spec) {
          created.push([topic, spec])
          return Promise.resolve()
        }
      }
    })
    const body = JSON.stringify({
      partition_count: 3,
      replication_factor: null,
      topic_properties: { 'retention.ms': 5 }
    })
    assert.deepEqual(await answerOf(await call('/v1/topics/a', { method: 'PUT', headers: JSON_HEADERS, body })), [
      200,
      { topic: 'a' }
    ])
    assert.deepEqual(
      await answerOf(await call('/v1/topics/%62%2Ec', { method: 'PUT', headers: JSON_HEADERS, body: '' })),
      [200, { topic: 'b.c' }]
    )
    assert.equal((await call(`/v1/topics/${NAME_249}`, { method: 'PUT' })).status, 200)
    const nothing = { partitionCount: null, replicationFactor: null, properties: new Map() }
    assert.deepEqual(created, [
      ['a', { partitionCount: 3, replicationFactor: null, properties: new Map([['retention.ms', '5']]) }],
      ['b.c', nothing],
      [NAME_249, nothing]
    ])
  }
)

test('a delete needs no body and minds none', { timeout: 10_000 }, async t => {
  const deleted: string[] = []
  const { call } = await startFront(t, {
    gateway: {
      deleteTopic(_call, topic) {
        deleted.push(topic)
        return Promise.resolve()
      }
    }
  })
  assert.deepEqual(await answerOf(await call('/v1/topics/a', { method: 'DELETE', headers: JSON_HEADERS })), [
    200,
    { topic: 'a' }
  ])
  assert.equal((await call('/v1/topics/b', { method: 'DELETE', headers: JSON_HEADERS, body: '{}' })).status, 200)
  assert.deepEqual(deleted, ['a', 'b'])
})

test(
  'a name that Kafka cannot have is a 400 to create and a 404 elsewhere; a malformed escape is a 400',
  { timeout: 10_000 },
  async t => {
    const { call } = await startFront(t)
    for (const name of ['n'.repeat(250), 'a%2Fb', 'a%20b', '%2E%2E%2E%2F', 'a%252Fb', '%C3%A5']) {
      assert.deepEqual(
        await codeOf(await call(`/v1/topics/${name}`, { method: 'PUT' })),
        [400, 'INVALID_TOPIC_NAME'],
        name
      )
      const calls: [string, RequestInit][] = [
        [`/v1/topics/${name}`, { method: 'DELETE', headers: JSON_HEADERS }],
        [`/v1/metadata/topics/${name}/partitions`, {}],
        [`/v1/metadata/topics/${name}/partitions/0`, {}],
        [`/v1/producer/topics/${name}`, { method: 'POST', headers: JSON_HEADERS, body: '{"records":[{"value":1}]}' }],
        [`/v1/consumer/topics/${name}/partitions/0/offsets/0`, {}]
      ]
      for (const [path, init] of calls)
        assert.deepEqual(await codeOf(await call(path, init)), [404, 'TOPIC_NOT_FOUND'], path)
    }
    for (const path of ['/v1/topics/%', '/v1/topics/%zz', '/v1/topics/%ff']) {
      assert.deepEqual(await codeOf(await call(path, { method: 'PUT' })), [400, 'BAD_REQUEST'], path)
    }
  }
)

test('a read hands on where to begin and how many, and answers with NextOffset', { timeout: 10_000 }, async t => {
  const reads: ReadRequest[] = []
  const { call } = await startFront(t, {
    gateway: {
      consume(_call, read) {
        reads.push(read)
        return Promise.resolve(read.from === 'latest' ? emptyPage(42) : pageOf(Buffer.from('text')))
      }
    }
  })
  const path = (rest: string) => call(`/v1/consumer/topics/a/partitions/2/offsets/${rest}`)
  const record = {
    key: null,
    value: 'text',
    partition: 0,
    offset: 7,
    timestamp: 1_700_000_000_000,
    timestampType: 'CREATE_TIME'
  }
  const first = await path('7')
  assert.equal(first.headers.get('nextoffset'), '8')
  assert.deepEqual(await answerOf(first), [200, { records: [record] }])
  const forced = await path('9007199254740991?count=2147483647&value_encoding=base64&unknown=1')
  assert.deepEqual(await answerOf(forced), [
    200,
    { records: [{ ...record, value: 'dGV4dA==', value_encoding: 'base64' }] }
  ])
  const last = await path('latest')
  assert.equal(last.headers.get('nextoffset'), '42')
  assert.deepEqual(await answerOf(last), [200, { records: [] }])
  await path('earliest?count=1')
  await path('9007199254740992')
  await path('9223372036854775807')
  assert.deepEqual(reads, [
    { topic: 'a', partition: 2, from: 7, count: 1 },
    { topic: 'a', partition: 2, from: 9_007_199_254_740_991, count: 2_147_483_647 },
    { topic: 'a', partition: 2, from: 'latest', count: 1 },
    { topic: 'a', partition: 2, from: 'earliest', count: 1 },
    { topic: 'a', partition: 2, from: 9_007_199_254_740_992n, count: 1 },
    { topic: 'a', partition: 2, from: 9_223_372_036_854_775_807n, count: 1 }
  ])
})

test('partition, offset, count and encoding are judged by their own codes', { timeout: 10_000 }, async t => {
  const { call } = await startFront(t)
  const refused: [string, string][] = [
    ['partitions/x/offsets/0', 'INVALID_PARTITION'],
    ['partitions/-1/offsets/0', 'INVALID_PARTITION'],
    ['partitions/2147483648/offsets/0', 'INVALID_PARTITION'],
    ['partitions/1.0/offsets/0', 'INVALID_PARTITION'],
    ['partitions/0/offsets/-x', 'INVALID_OFFSET'],
    ['partitions/0/offsets/@x', 'INVALID_OFFSET'],
    ['partitions/0/offsets/9223372036854775808', 'INVALID_OFFSET'],
    ['partitions/0/offsets/99999999999999999999', 'INVALID_OFFSET'],
    ['partitions/0/offsets/Latest', 'INVALID_OFFSET'],
    ['partitions/0/offsets/1e3', 'INVALID_OFFSET'],
    ...['0', '-1', '', 'x', '1.5', '2147483648', '%2B1'].map((count): [string, string] => [
      `partitions/0/offsets/0?count=${count}`,
      'INVALID_COUNT'
    ]),
    ['partitions/0/offsets/0?key_encoding=hex', 'INVALID_ENCODING'],
    ['partitions/0/offsets/0?value_encoding=', 'INVALID_ENCODING']
  ]
  for (const [rest, code] of refused) {
    assert.deepEqual(await codeOf(await call(`/v1/consumer/topics/a/${rest}`)), [400, code], rest)
  }
  assert.deepEqual(await codeOf(await call('/v1/metadata/topics/a/partitions/x')), [400, 'INVALID_PARTITION'])
})

test(
  'a produce answers in the order sent, and with the worst failure where a record is not stored',
  { timeout: 10_000 },
  async t => {
    let failing = false
    const { call } = await startFront(t, {
      gateway: {
        produce(_call, _topic, { count }, released) {
          released()
          const outcome = { count, partitions: Int32Array.of(0, 1), offsets: Float64Array.of(7, failing ? -1 : 9) }
          const failure = {
            code: 'OUTCOME_UNKNOWN',
            message: 'Not known.',
            retriable: false,
            stored: 'unknown'
          } as const
          return Promise.resolve(failing ? { ...outcome, failures: new Map([[1, failure]]) } : outcome)
        }
      }
    })
    const produce = () =>
      call('/v1/producer/topics/a', {
        method: 'POST',
        headers: JSON_HEADERS,
        body: '{"records":[{"value":1},{"value":2}]}'
      })
    const offsets = [
      { partition: 0, offset: 7 },
      { partition: 1, offset: 9 }
    ]
    assert.deepEqual(await answerOf(await produce()), [200, { offsets }])
    failing = true
    const told = { error_code: 50401, code: 'OUTCOME_UNKNOWN', message: 'Not known.', retriable: false }
    const failed = await produce()
    assert.equal(failed.headers.get('retry-after'), null)
    assert.deepEqual(await answerOf(failed), [
      504,
      { ...told, offsets: [offsets[0], { partition: 1, ...told, stored: 'unknown' }] }
    ])
  }
)

test('every use case gets the caller and the time that is left to it', { timeout: 10_000 }, async t => {
  const { call } = await startFront(t, {
    limits: { requestTimeoutMs: 1500 },
    gateway: {
      listTopics({ principal, deadline }) {
        return Promise.resolve([
          principal.id,
          deadline.remainingMs <= 1500 && deadline.remainingMs > 1000 ? 'in time' : 'late'
        ])
      }
    }
  })
  assert.deepEqual(await answerOf(await call('/v1/metadata/topics')), [200, { topics: ['caller-1', 'in time'] }])
})
