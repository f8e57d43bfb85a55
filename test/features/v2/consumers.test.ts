import assert from 'node:assert/strict'
import { after, before, suite, test } from 'node:test'
import { alone } from '../../support/alone.ts'
import { TestGateway, type TestResponse, uniqueTopic } from '../../support/gateway.ts'

await alone()

const KAFKA_TYPE = 'application/vnd.kafka.v2+json'

for (const dialect of ['confluent', 'strimzi'] as const)
  suite(`Consumer instances over v2, behind two gateways (${dialect})`, () => {
    let gateways: TestGateway[]
    let turn = 0
    before(async () => {
      const settings = { apis: { v2: dialect }, auth: { mode: 'none' }, kafka: {} }
      gateways = await Promise.all([TestGateway.start({ settings }), TestGateway.start({ settings })])
    })
    after(() => Promise.all(gateways.map(gateway => gateway.close())))

    /** Each call goes to the other gateway. */
    const call = (method: string, path: string, body?: object | string, headers: Record<string, string> = {}) => {
      if (body === undefined) return gateways[turn++ % 2].request(method, path, { headers })
      const text = typeof body === 'string' ? body : JSON.stringify(body)
      // A client of Node sends no length with GET by itself.
      const framing = { 'content-type': KAFKA_TYPE, 'content-length': String(Buffer.byteLength(text)) }
      return gateways[turn++ % 2].request(method, path, { body: text, headers: { ...framing, ...headers } })
    }
    const topicWith = async (values: readonly unknown[], partitions = 1) => {
      const topic = uniqueTopic('v2-consumers')
      await gateways[0].createTopic(topic, { partition_count: partitions })
      if (values.length > 0) await store(topic, ...values)
      return topic
    }
    const store = async (topic: string, ...values: unknown[]) => {
      const { status } = await call(
        'POST',
        `/topics/${topic}`,
        { records: values.map(value => ({ value })) },
        {
          'content-type': 'application/vnd.kafka.json.v2+json'
        }
      )
      assert.equal(status, 200)
    }
    const shown = ({ status, json }: TestResponse) => [
      status,
      Array.isArray(json) ? json.map(({ value, offset }) => [value, offset]) : json
    ]
    const commit = dialect === 'confluent' ? { 'auto.commit.enable': 'false' } : { 'enable.auto.commit': false }

    test('an instance lives through its whole life, whichever gateway is asked', async () => {
      const topic = await topicWith([{ n: 1 }, 1.5, 'x'])
      const group = uniqueTopic('group')
      const made = await call('POST', `/consumers/${group}`, {
        name: 'i',
        format: 'json',
        'auto.offset.reset': 'earliest',
        ...commit
      })
      const base = `/consumers/${group}/instances/i`
      assert.equal(made.status, 200)
      assert.equal(made.json.instance_id, 'i')
      assert.ok(String(made.json.base_uri).endsWith(base))
      assert.equal((await call('POST', `/consumers/${group}`, { name: 'i' })).status, 409)
      assert.equal((await call('POST', `${base}/subscription`, { topics: [topic] })).status, 204)
      const { json: subscription } = await call('GET', `${base}/subscription`)
      assert.deepEqual(subscription.topics, [topic])
      const records = `${base}/records?timeout=5000`
      const page = await call('GET', records)
      assert.deepEqual(shown(page), [
        200,
        [
          [{ n: 1 }, 0],
          [1.5, 1],
          ['x', 2]
        ]
      ])
      assert.equal(page.headers['content-type'], 'application/vnd.kafka.json.v2+json')
      assert.equal('timestamp' in page.json[0], dialect === 'strimzi')

      const n = dialect === 'confluent' ? 1 : 0
      // Some clients send numbers as text.
      const offsets = [{ topic, partition: '0', offset: '1' }]
      assert.equal((await call('POST', `${base}/offsets`, { offsets })).status, n === 1 ? 200 : 204)
      const expected = { offsets: [{ topic, partition: 0, offset: 1 + n, metadata: '' }] }
      const partitions = [{ topic, partition: 0 }]
      assert.deepEqual((await call('GET', `${base}/offsets?topic=${topic}&partition=0`)).json, expected)
      assert.deepEqual((await call('GET', `${base}/offsets`, { partitions })).json, expected)
      assert.deepEqual((await call('POST', `${base}/offsets/committed`, { partitions })).json, expected)
      assert.equal((await call('GET', `${base}/offsets`)).status, 404)
      assert.equal((await call('POST', `${base}/offsets`)).status, n === 1 ? 200 : 204)
      assert.equal((await call('GET', `${base}/offsets`, { partitions })).json.offsets[0].offset, 3)

      await store(topic, 'y')
      assert.deepEqual(shown(await call('GET', records)), [200, [['y', 3]]])
      assert.equal((await call('POST', `${base}/positions/beginning`, { partitions })).status, 204)
      assert.deepEqual(shown(await call('GET', `${records}&max_bytes=1`)), [200, [[{ n: 1 }, 0]]])
      assert.equal(
        (await call('POST', `${base}/positions`, { offsets: [{ topic, partition: 0, offset: 3 }] })).status,
        204
      )
      assert.deepEqual(shown(await call('GET', records)), [200, [['y', 3]]])
      const timestamps = [{ topic, partition: 0, timestamp: '2020-01-01T00:00:00Z' }]
      assert.equal((await call('POST', `${base}/positions`, { timestamps })).status, 204)
      assert.equal((await call('GET', records)).json[0].offset, 0)
      assert.equal((await call('POST', `${base}/positions/end`, { partitions })).status, 204)
      assert.deepEqual(shown(await call('GET', `${base}/records?timeout=50`)), [200, []])
      const strange = await call('POST', `${base}/positions/end`, { partitions: [{ topic, partition: 9 }] })
      assert.equal(strange.status, dialect === 'confluent' ? 409 : 404)

      assert.equal((await call('POST', `${base}/assignments`, { partitions })).status, 409)
      assert.equal((await call('DELETE', `${base}/subscription`)).status, 204)
      assert.equal((await call('POST', `${base}/assignments`, { partitions })).status, 204)
      assert.deepEqual((await call('GET', `${base}/assignments`)).json, { partitions })
      assert.equal((await call('DELETE', base)).status, 204)
      const { status, json } = await call('GET', records)
      assert.deepEqual([status, json.error_code], [404, dialect === 'confluent' ? 40_403 : 404])
    })

    test('the words of the body say whose client it is, and the instance keeps to that', async () => {
      const topic = await topicWith(['x'])
      for (const [name, word, status] of [
        ['c', { 'auto.commit.enable': true }, 200],
        ['s', { 'enable.auto.commit': 'true' }, 204]
      ] as const) {
        const { json } = await call('POST', `/consumers/${topic}-${name}`, { name, format: 'JSON', ...word })
        assert.equal(json.instance_id, name)
        const offsets = [{ topic, partition: 0, offset: 0 }]
        assert.equal(
          (await call('POST', `/consumers/${topic}-${name}/instances/${name}/offsets`, { offsets })).status,
          status
        )
      }
      const partitions = [{ topic, partition: 0 }]
      const { json } = await call('POST', `/consumers/${topic}-s/instances/s/offsets/committed`, { partitions })
      assert.equal(json.offsets[0].offset, 0, "the last that was committed, in Strimzi's way")
    })

    test('a record that the format cannot show is told with its place; headers and timestamps stand where they are wanted', async () => {
      const topic = await topicWith([])
      const headers = [{ key: 'h', value: 'dmFsdWUx' }]
      const records = [
        { key: 'a2V5', value: 'MQ==' },
        { value: 'Mg==', headers, timestamp: 1_591_897_790_000 }
      ]
      const type = { 'content-type': 'application/vnd.kafka.binary.v2+json' }
      assert.equal((await call('POST', `/topics/${topic}`, { records }, type)).status, 200)
      const group = uniqueTopic('group')
      await call('POST', `/consumers/${group}`, { name: 'i', format: 'json', 'auto.offset.reset': 'earliest' })
      const base = `/consumers/${group}/instances/i`
      await call('POST', `${base}/subscription`, { topics: [topic] })
      const poll = `${base}/records?timeout=5000&include=timestamp,headers`
      const { status, json } = await call('GET', poll)
      assert.deepEqual([status, json.error_code], [422, 422])
      assert.equal(
        json.message,
        `The key of the record at offset 0 of partition 0 of topic '${topic}' is not JSON. The next poll begins behind it.`
      )
      const record = { topic, key: null, value: 2, partition: 0, offset: 1 }
      assert.deepEqual((await call('GET', poll)).json, [{ ...record, timestamp: 1_591_897_790_000, headers }])
    })

    test('what bodies and calls leave open is as the dialects have it', async () => {
      const topic = await topicWith(['x', 'y'])
      const group = uniqueTopic('group')
      const { json } = await call('POST', `/consumers/${group}`, {
        format: 'json',
        'auto.offset.reset': 'earliest',
        ...commit
      })
      assert.match(json.instance_id, /^rest-consumer-[0-9a-f-]{36}$/)
      const base = `/consumers/${group}/instances/${json.instance_id}`
      const startedMs = Date.now()
      assert.deepEqual(
        shown(await call('GET', `${base}/records?timeout=300`)),
        [200, []],
        'of an instance without topics'
      )
      assert.ok(Date.now() - startedMs >= 300)
      await call('POST', `${base}/subscription`, { topic_pattern: `${topic}.*` })
      assert.deepEqual((await call('GET', `${base}/subscription`)).json.topics, [topic])
      const poll = `${base}/records?timeout=5000`
      assert.equal((await call('GET', poll)).json.length, 2)
      assert.equal((await call('POST', `${base}/offsets`, {})).status, dialect === 'confluent' ? 200 : 204)
      const committed = await call('GET', `${base}/offsets?topic=${topic}`)
      assert.equal(committed.json.offsets[0].offset, 2, 'the next one, in both dialects')
      const beyond = { offsets: [{ topic, partition: 0, offset: 99 }] }
      assert.equal((await call('POST', `${base}/positions`, beyond)).status, 204)
      assert.deepEqual(shown(await call('GET', poll))[1], [
        ['x', 0],
        ['y', 1]
      ])
      const late = { timestamps: [{ topic, partition: 0, timestamp: '2999-01-01T00:00:00Z' }] }
      assert.equal((await call('POST', `${base}/positions`, late)).status, 204)
      assert.deepEqual(shown(await call('GET', `${base}/records?timeout=0`)), [200, []])
      for (const body of [{}, undefined])
        assert.equal((await call('POST', `${base}/positions`, body)).status, 204, 'a seek that names nothing')
    })

    test('`Accept` must fit the format of the instance; what says nothing fits', async () => {
      const topic = await topicWith(['x'])
      const group = uniqueTopic('group')
      const { json } = await call('POST', `/consumers/${group}`, { format: 'json' })
      const base = `/consumers/${group}/instances/${json.instance_id}`
      await call('POST', `${base}/assignments`, { partitions: [{ topic, partition: 0 }] })
      for (const [accept, type] of [
        ['*/*', 'application/vnd.kafka.json.v2+json'],
        ['application/json', 'application/json'],
        [KAFKA_TYPE, KAFKA_TYPE],
        ['application/vnd.kafka.json.v2+json, text/html', 'application/vnd.kafka.json.v2+json'],
        ['application/hal+json', 'application/hal+json']
      ]) {
        const answer = await call('GET', `${base}/records?timeout=0`, undefined, { accept })
        assert.deepEqual([answer.status, answer.headers['content-type']], [200, type])
      }
      for (const format of ['binary', 'avro']) {
        const accept = `application/vnd.kafka.${format}.v2+json`
        const refused = await call('GET', `${base}/records`, undefined, { accept })
        assert.deepEqual([refused.status, refused.json.error_code], [406, dialect === 'confluent' ? 40_601 : 406])
      }
    })

    test('bad input is refused with the member that is wrong, and makes no instance', async () => {
      const group = uniqueTopic('group')
      const bad = dialect === 'confluent' ? 422 : 400
      for (const [body, status, word] of [
        [{ name: 7 }, 400, /name/],
        [{ unknown: 1 }, bad, /unknown/],
        [{ name: 'a b' }, 422, /name/],
        [{ format: 'avro' }, 422, /format/],
        [{ 'auto.offset.reset': 'never' }, 422, /auto.offset.reset/],
        [{ 'fetch.min.bytes': 'x' }, 400, /fetch.min.bytes/],
        [{ 'auto.commit.enable': true, 'enable.auto.commit': true }, 422, /auto.commit/],
        ['{', 400, /byte 1/]
      ] as const) {
        const answer = await call('POST', `/consumers/${group}`, body)
        assert.deepEqual([answer.status, word.test(answer.json.message)], [status, true], answer.text)
      }
      const base = `/consumers/${group}/instances/i`
      assert.equal((await call('GET', `${base}/subscription`)).status, 404)
      await call('POST', `/consumers/${group}`, { name: 'i' })
      for (const [path, body, status] of [
        ['subscription', {}, bad],
        ['subscription', { topics: 'x' }, 400],
        ['subscription', { topic_pattern: '(?=a)' }, 422],
        ['assignments', {}, bad],
        ['assignments', { partitions: [{ topic: 'nobody-has-it', partition: 0 }] }, 404],
        ['offsets', { offsets: [{ topic: 'x', partition: -1, offset: 0 }] }, 400],
        ['positions', { timestamps: [{ topic: 'x', partition: 0, timestamp: 'now' }] }, bad]
      ] as const)
        assert.equal((await call('POST', `${base}/${path}`, body)).status, status, path)
      assert.equal((await call('GET', `${base}/records?timeout=x`)).status, 400)
      assert.equal((await call('DELETE', base)).status, 204)
    })
  })
