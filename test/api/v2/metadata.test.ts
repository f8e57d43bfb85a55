import assert from 'node:assert/strict'
import { type TestContext, suite, test } from 'node:test'
import type { Dialect } from '../../../src/api/v2/record-form.ts'
import { GatewayError } from '../../../src/core/errors.ts'
import type { Access } from '../../../src/core/principal.ts'
import type { TopicSpec } from '../../../src/core/topic-spec.ts'
import { codeIn } from '../../http/support/code-in.ts'
import { authenticator, startFront } from '../../http/support/front.ts'
import { RawClient, rawRequest } from '../../http/support/raw-client.ts'
import { waitUntil } from '../../http/support/wait-until.ts'
import { type Answered, speaking } from './support.ts'

const KAFKA_TYPE = 'application/vnd.kafka.v2+json'
const JSON_HEADERS = { 'content-type': 'application/json' }
const DIALECTS: readonly Dialect[] = ['confluent', 'strimzi']

const placements = [
  { partition: 0, leader: 1, replicas: [1, 2], isr: [1] },
  { partition: 1, leader: -1, replicas: [2], isr: [] }
]
const views = [
  {
    partition: 0,
    leader: 1,
    replicas: [
      { broker: 1, leader: true, in_sync: true },
      { broker: 2, leader: false, in_sync: false }
    ]
  },
  { partition: 1, leader: -1, replicas: [{ broker: 2, leader: false, in_sync: false }] }
]

const seen = ({ status, type, body }: Answered) => [status, type, body]

suite('Metadata in v2', () => {
  for (const dialect of DIALECTS)
    test(`topics, partitions, offsets and brokers have the form that both share (${dialect})`, async context => {
      const configs = new Map([
        ['retention.ms', '604800000'],
        ['secret', null]
      ])
      const { ask } = await speaking(context, dialect, {
        gateway: {
          listBrokers: () => Promise.resolve([1, 3].map(id => ({ id, host: 'kafka', port: 9092, rack: null }))),
          placements: () => Promise.resolve(placements),
          placement: (_call, _topic, partition) => Promise.resolve(placements[partition]),
          partitionBounds: () => Promise.resolve({ earliest: 10, highWatermark: 50 }),
          topicConfigs: () => Promise.resolve(configs)
        }
      })
      const expected: [string, unknown][] = [
        ['/brokers', { brokers: [1, 3] }],
        ['/topics', ['a', 'b']],
        ['/topics/a', { name: 'a', configs: { 'retention.ms': '604800000', secret: null }, partitions: views }],
        ['/topics/a/partitions', views],
        ['/topics/a/partitions/1', views[1]],
        ['/topics/a/partitions/1/offsets', { beginning_offset: 10, end_offset: 50 }]
      ]
      for (const [path, body] of expected) assert.deepEqual(seen(await ask(path)), [200, KAFKA_TYPE, body], path)
    })

  test('an unknown topic is 40403 where it is described, as Confluent says it, and 404 for Strimzi', async context => {
    const missing = () => Promise.reject(new GatewayError('TOPIC_NOT_FOUND', "Topic 'a' does not exist."))
    const gateway = { placements: missing, placement: missing, partitionBounds: missing }
    for (const [dialect, code] of [
      ['confluent', 40403],
      ['strimzi', 404]
    ] as const) {
      const { ask } = await speaking(context, dialect, { gateway })
      for (const path of [
        '/topics/a',
        '/topics/a/partitions',
        '/topics/a/partitions/0',
        '/topics/a/partitions/0/offsets'
      ]) {
        const body = { error_code: code, message: "Topic 'a' does not exist." }
        assert.deepEqual(seen(await ask(path)), [404, KAFKA_TYPE, body], path)
      }
    }
  })

  test('a partition that is not there is 40402, also if it cannot be; Strimzi calls the latter 400', async context => {
    const missing = () => Promise.reject(new GatewayError('PARTITION_NOT_FOUND', 'No.'))
    const codes = async (dialect: Dialect) => {
      const { ask } = await speaking(context, dialect, { gateway: { placement: missing } })
      const answers = await Promise.all(['7', 'x', '-1', '2147483648'].map(each => ask(`/topics/a/partitions/${each}`)))
      return answers.map(({ status, body }) => [status, body.error_code])
    }
    assert.deepEqual(
      await codes('confluent'),
      Array.from({ length: 4 }, () => [404, 40402])
    )
    assert.deepEqual(await codes('strimzi'), [
      [404, 404],
      [400, 400],
      [400, 400],
      [400, 400]
    ])
  })

  test('a caller sees in lists what they may describe, and no trace of the rest', async context => {
    const access: Access = { allows: (operation, _kind, name) => operation === 'describe' && name === 'b' }
    const authenticate: typeof authenticator.authenticate = token => {
      const caller = authenticator.authenticate(token)
      return caller instanceof Promise ? caller : { ...caller, access }
    }
    const { ask } = await speaking(context, 'confluent', { authenticator: { ...authenticator, authenticate } })
    assert.deepEqual((await ask('/topics')).body, ['b'])
    assert.equal((await ask('/topics/b')).status, 200)
    assert.deepEqual((await ask('/topics/a')).body, { error_code: 40403, message: "Topic 'a' does not exist." })
  })
})

suite('Media types in v2', () => {
  test('an answer has the type that its client asked for; what is not JSON is 406, and says what there is', async context => {
    const { ask } = await speaking(context, 'confluent')
    const types: [string, string][] = [
      ['*/*', KAFKA_TYPE],
      ['application/*', KAFKA_TYPE],
      ['', KAFKA_TYPE],
      ['application/json', 'application/json'],
      [
        'application/vnd.kafka.v1+json, application/vnd.kafka+json; q=0.9, application/json; q=0.8',
        'application/vnd.kafka.v1+json'
      ],
      ['text/html, application/vnd.kafka.v2+json;q=0.1', KAFKA_TYPE],
      ['Application/JSON; charset=utf-8', 'application/json'],
      ['application/hal+json', 'application/hal+json'],
      ['application/vnd.kafka.avro.v1+json', 'application/vnd.kafka.avro.v1+json']
    ]
    for (const [accept, type] of types) {
      const answer = await ask('/topics', { accept })
      assert.deepEqual([answer.status, answer.type], [200, type], accept)
    }
    for (const accept of ['text/html', 'application/xml', 'application/json;q=0', 'image/*;q=0.5']) {
      const { status, body } = await ask('/topics', { accept })
      assert.deepEqual([status, body.error_code], [406, 406], accept)
      assert.match(body.message, /application\/vnd\.kafka\.v2\+json, application\/json/)
    }
  })

  test('an error has the type that the answer would have had', async context => {
    const { ask } = await speaking(context, 'confluent')
    const wrong = { accept: 'application/json' }
    assert.equal((await ask('/topics/a/partitions/x', wrong)).type, 'application/json')
    assert.equal((await ask('/topics/a/b/c', wrong)).type, KAFKA_TYPE)
  })

  test('a slash at the end, a body and a type of GET change nothing', async context => {
    const { ask, port } = await speaking(context, 'strimzi')
    for (const path of [
      '/topics/',
      '/topics/a/',
      '/topics/a/partitions/',
      '/topics/a/partitions/0/offsets/',
      '/brokers/'
    ])
      assert.equal((await ask(path, { 'content-type': 'text/plain' })).status, 200, path)
    const client = new RawClient(port)
    client.send(rawRequest('GET /topics', [`Content-Type: ${KAFKA_TYPE}`, 'Content-Length: 2'], '{}'))
    assert.equal((await client.answer()).status, 200)
    client.close()
  })
})

suite('Creating a topic in v2', () => {
  const creating = async (context: TestContext, dialect: Dialect = 'strimzi') => {
    const created: [string, TopicSpec][] = []
    const audit: string[] = []
    const front = await speaking(context, dialect, {
      audit: line => void audit.push(line),
      gateway: { createTopic: (_call, topic, spec) => Promise.resolve(void created.push([topic, spec])) }
    })
    const post = (body: string, type = 'application/vnd.kafka.json.v2+json') =>
      front.ask('/admin/topics', { 'content-type': type }, { method: 'POST', body })
    return { ...front, post, created, audit }
  }

  test('takes the name and, as numbers or text, partitions and replicas', async context => {
    const { post, created, audit } = await creating(context)
    const bodies = [
      { topic_name: 'a' },
      { topic_name: 'b', partitions_count: 3, replication_factor: 2 },
      { topic_name: 'c', partitions_count: '12', replication_factor: null }
    ]
    for (const body of bodies) assert.deepEqual(seen(await post(JSON.stringify(body))), [201, KAFKA_TYPE, {}])
    assert.deepEqual(
      created.map(([name, { partitionCount, replicationFactor }]) => [name, partitionCount, replicationFactor]),
      [
        ['a', null, null],
        ['b', 3, 2],
        ['c', 12, null]
      ]
    )
    await waitUntil(() => audit.length === 3)
    assert.deepEqual(
      audit.map(line => (JSON.parse(line) as { topic: string }).topic),
      ['a', 'b', 'c']
    )
  })

  test('refuses what is wrong with any member, names it, and creates nothing', async context => {
    const { post, created } = await creating(context)
    const cases: [string, RegExp][] = [
      ['', /has no member 'topic_name'/],
      ['[]', /must be an object/],
      ['{"topic_name":', /ends at byte/],
      ['{}', /has no member 'topic_name'/],
      ['{"topic_name":1}', /topic_name must be a string/],
      ['{"topic_name":"a","topic_name":"b"}', /'topic_name' twice/],
      ['{"topic_name":"a b"}', /A topic name has/],
      ['{"topic_name":""}', /A topic name has/],
      ['{"topic_name":"a","partitions_count":0}', /partitions_count must be a whole number/],
      ['{"topic_name":"a","partitions_count":1.5}', /partitions_count must be a whole number/],
      ['{"topic_name":"a","partitions_count":"x"}', /partitions_count must be a whole number/],
      ['{"topic_name":"a","partitions_count":"9999999999"}', /partitions_count must be a whole number/],
      ['{"topic_name":"a","replication_factor":true}', /replication_factor must be a whole number/],
      ['{"topic_name":"a","replication_factor":32768}', /replication_factor must be a whole number/],
      ['{"topic_name":"a","configs":{}}', /'configs', which is not known/]
    ]
    for (const [body, message] of cases) {
      const answer = await post(body)
      assert.deepEqual([answer.status, answer.body.error_code], [400, 400], body)
      assert.match(answer.body.message, message)
    }
    assert.equal((await post('{"topic_name":"a"}', 'text/plain')).status, 400)
    assert.deepEqual(created, [])
  })

  test('says 409 of a topic that is there', async context => {
    const there = () => Promise.reject(new GatewayError('TOPIC_EXISTS', "Topic 'a' exists already."))
    for (const dialect of DIALECTS) {
      const { ask } = await speaking(context, dialect, { gateway: { createTopic: there } })
      const { status, body } = await ask('/admin/topics', JSON_HEADERS, { method: 'POST', body: '{"topic_name":"a"}' })
      assert.deepEqual([status, body], [409, { error_code: 409, message: "Topic 'a' exists already." }])
    }
  })

  test('needs permission to create that topic', async context => {
    const access: Access = { allows: (_operation, _kind, name) => name === 'mine' }
    const authenticate: typeof authenticator.authenticate = token => {
      const caller = authenticator.authenticate(token)
      return caller instanceof Promise ? caller : { ...caller, access }
    }
    const { ask } = await speaking(context, 'confluent', { authenticator: { ...authenticator, authenticate } })
    const create = (name: string) =>
      ask('/admin/topics', JSON_HEADERS, { method: 'POST', body: JSON.stringify({ topic_name: name }) })
    assert.equal((await create('mine')).status, 201)
    const { status, body } = await create('yours')
    assert.deepEqual([status, body.error_code], [403, 40301])
  })
})

suite('What is spoken', () => {
  test('each says at / what it is, and is probed without a token', async context => {
    const about = async (dialect: Dialect) => {
      const { call } = await speaking(context, dialect, { gateway: { ready: () => dialect === 'strimzi' } })
      const get = await call('/', { headers: {} })
      const post = await call('/', { headers: {}, method: 'POST', body: '{}' })
      const probes = await Promise.all(['/healthy', '/ready', '/healthy/'].map(path => call(path, { headers: {} })))
      assert.deepEqual(await Promise.all(probes.map(each => each.text())), ['', '', ''])
      return [await get.json(), await post.json(), ...probes.map(({ status }) => status)]
    }
    assert.deepEqual(await about('confluent'), [{}, {}, 200, 500, 200])
    const version = { bridge_version: '1.1.0' }
    assert.deepEqual(await about('strimzi'), [version, version, 200, 200, 200])
  })

  test('what is off is 404, with a token; the other is there all the same', async context => {
    const { call } = await startFront(context, { speaks: { v2: 'off' } })
    for (const path of [
      '/topics',
      '/topics/a',
      '/brokers',
      '/admin/topics',
      '/healthy',
      '/openapi',
      '/openapi/v2.json',
      '/'
    ]) {
      const answer = await call(path)
      assert.deepEqual([answer.status, codeIn(await answer.text())], [404, 'ROUTE_NOT_FOUND'], path)
    }
    assert.equal((await call('/v1/metadata/topics')).status, 200)
    const { call: callOther } = await startFront(context, { speaks: { v1: 'off' } })
    assert.equal((await callOther('/v1/metadata/topics')).status, 404)
    assert.equal((await callOther('/topics')).status, 200)
    const both = await startFront(context, { speaks: { v1: 'off', v2: 'off' } })
    assert.equal((await both.call('/openapi.json')).status, 404)
    assert.equal((await both.call('/health/live')).status, 200)
  })

  test('a path that only begins like one of its own belongs to nobody', async context => {
    const { call } = await startFront(context)
    for (const path of ['/topicsx', '/topics.json', '/brokersx'])
      assert.equal(codeIn(await (await call(path)).text()), 'ROUTE_NOT_FOUND', path)
    assert.equal((await call('/topics?x=1')).status, 200)
  })

  test('the descriptions name the public address, if there is one', async context => {
    const serversOf = async (publicUrl?: string) => {
      const speaks = publicUrl === undefined ? {} : { publicUrl }
      const { call } = await startFront(context, { speaks })
      const texts = ['/openapi.json', '/openapi/v2.json'].map(async path => (await call(path, { headers: {} })).text())
      return (await Promise.all(texts)).map(text => (JSON.parse(text) as { servers: { url: string }[] }).servers[0].url)
    }
    assert.deepEqual(await serversOf(), ['/', '/'])
    const address = 'https://gateway.example/kafka'
    assert.deepEqual(await serversOf(address), [address, address])
  })

  test('the description of v2 is where either looks for it', async context => {
    const { call } = await startFront(context)
    const [own, ...others] = await Promise.all(
      ['/openapi/v2.json', '/openapi', '/openapi/v3'].map(async path => (await call(path, { headers: {} })).text())
    )
    assert.match(own, /"title":"kafka-rest-gateway, v2"/)
    for (const other of others) assert.equal(other, own)
    const [first, v1] = await Promise.all(
      ['/openapi.json', '/openapi/v1.json'].map(async path => (await call(path, { headers: {} })).text())
    )
    assert.doesNotMatch(first, /kafka-rest-gateway, v2/)
    assert.equal(v1, first, 'the description without a version is that of v1')
  })
})
