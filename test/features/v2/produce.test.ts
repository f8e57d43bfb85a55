import assert from 'node:assert/strict'
import { after, before, suite, test } from 'node:test'
import { TestGateway, uniqueTopic } from '../../support/gateway.ts'

const typeOf = (format: string) => ({ 'content-type': `application/vnd.kafka.${format}.v2+json` })

interface Read {
  readonly key: string | null
  readonly value: string | null
  readonly key_encoding?: string
  readonly value_encoding?: string
  readonly timestamp: number
  readonly headers?: object[]
}

for (const dialect of ['confluent', 'strimzi'] as const)
  suite(`Producing to a real Kafka over v2 (${dialect})`, () => {
    let gateway: TestGateway
    before(async () => {
      gateway = await TestGateway.start({ settings: { apis: { v2: dialect } } })
    })
    after(() => gateway.close())

    const post = (path: string, body: object | string, format = 'json', headers: Record<string, string> = {}) =>
      gateway.request('POST', path, {
        body: typeof body === 'string' ? body : JSON.stringify(body),
        headers: { ...typeOf(format), ...headers }
      })
    const topicWith = async (partitions = 1, properties = {}) => {
      const topic = uniqueTopic('v2-produce')
      await gateway.createTopic(topic, { partition_count: partitions, topic_properties: properties })
      return topic
    }
    const stored = async (topic: string, partition = 0) =>
      (await gateway.read(topic, partition, 'earliest')).json.records as Read[]
    const entries = (offsets: Record<string, unknown>[]) =>
      offsets.map(each => [each.partition ?? null, each.offset ?? null, each.error_code ?? null])

    test('bytes, JSON and text arrive as they were sent; null is a tombstone in each', async () => {
      const topic = await topicWith()
      const bodies: [string, string][] = [
        ['json', '{"records":[{"key":{"id":1},"value":{"n":1.10,"big":12345678901234567890}},{"key":0,"value":null}]}'],
        ['json', '{"records":[{"value":""},{"value":false},{"value":[ ]}]}'],
        ['binary', '{"records":[{"key":"a2V5","value":"/wD+"},{"key":"a2V5","value":null},{"value":""}]}'],
        ['text', '{"records":[{"key":"k","value":"\\u00e9\\n"},{"key":"k","value":null}]}']
      ]
      for (const [format, body] of bodies) assert.equal((await post(`/topics/${topic}`, body, format)).status, 200)
      const records = await stored(topic)
      assert.deepEqual(
        records.map(({ key, value, value_encoding }) => [key, value, value_encoding]),
        [
          ['{"id":1}', '{"n":1.10,"big":12345678901234567890}', undefined],
          ['0', null, undefined],
          [null, '""', undefined],
          [null, 'false', undefined],
          [null, '[ ]', undefined],
          ['key', '/wD+', 'base64'],
          ['key', null, undefined],
          [null, '', undefined],
          ['k', 'é\n', undefined],
          ['k', null, undefined]
        ]
      )
    })

    test('headers and timestamps are stored', async () => {
      const topic = await topicWith()
      const record = {
        value: 1,
        timestamp: 1_591_897_790_000,
        headers: [
          { key: 'h', value: 'dmFsdWUx' },
          { key: 'n', value: null }
        ]
      }
      const { json } = await post(`/topics/${topic}`, { records: [record] })
      assert.deepEqual(entries(json.offsets), [[0, 0, null]])
      const [read] = await stored(topic)
      assert.deepEqual(
        [read.timestamp, read.headers],
        [
          1_591_897_790_000,
          [
            { key: 'h', value: 'value1' },
            { key: 'n', value: null }
          ]
        ]
      )
    })

    test('the partition of the path takes all; an unknown one refuses all, at once', async () => {
      const topic = await topicWith(2)
      const { json } = await post(`/topics/${topic}/partitions/1`, { records: [{ value: 1 }, { value: 2 }] })
      assert.deepEqual(entries(json.offsets), [
        [1, 0, null],
        [1, 1, null]
      ])
      const startedMs = Date.now()
      const refused = await post(`/topics/${topic}/partitions/2`, { records: [{ value: 1 }] })
      assert.deepEqual([refused.status, refused.json.error_code], [404, dialect === 'confluent' ? 40402 : 404])
      assert.ok(Date.now() - startedMs < 5000)
      assert.equal((await stored(topic, 1)).length, 2)
    })

    test('an unknown topic refuses all, at once, and is not created', async () => {
      const topic = uniqueTopic('v2-unknown')
      const { status, json } = await post(`/topics/${topic}`, { records: [{ value: 1 }] })
      assert.deepEqual([status, json.error_code], [404, dialect === 'confluent' ? 40401 : 404])
      assert.equal((await gateway.get(`/topics/${topic}`)).status, 404)
    })

    test('a record that names an unknown partition fails alone; its neighbours are stored with what belongs to them', async () => {
      const topic = await topicWith(2)
      const records = [
        { value: 'a', partition: 1, headers: [{ key: 'h', value: 'YQ==' }], timestamp: 1 },
        { value: 'b', partition: 7, headers: [{ key: 'h', value: 'Yg==' }], timestamp: 2 },
        { value: 'c', partition: 1, headers: [{ key: 'h', value: 'Yw==' }], timestamp: 3 },
        { value: 'd', partition: 0 }
      ]
      const { status, json } = await post(`/topics/${topic}`, { records })
      assert.equal(status, 200)
      const code = dialect === 'confluent' ? 40402 : 404
      assert.deepEqual(entries(json.offsets), [
        [1, 0, null],
        [null, null, code],
        [1, 1, null],
        [0, 0, null]
      ])
      assert.match(json.offsets[1].error ?? json.offsets[1].message, /no partition 7; it has 2/)
      const read = await stored(topic, 1)
      assert.deepEqual(
        read.map(({ value, timestamp, headers }) => [value, timestamp, headers]),
        [
          ['"a"', 1, [{ key: 'h', value: 'a' }]],
          ['"c"', 3, [{ key: 'h', value: 'c' }]]
        ]
      )
      const strict = { 'x-kafka-rest-strict': 'true' }
      assert.equal((await post(`/topics/${topic}`, { records }, 'json', strict)).status, 404)
      const none = await post(`/topics/${topic}`, { records: [{ value: 1, partition: 9 }] })
      assert.deepEqual([none.status, entries(none.json.offsets)], [200, [[null, null, code]]])
    })

    test('a record that is too large fails alone', async () => {
      const topic = await topicWith(1, { 'max.message.bytes': 2000 })
      const { status, json } = await post(`/topics/${topic}`, {
        records: [{ value: 'a' }, { value: 'x'.repeat(4000) }, { value: 'b' }]
      })
      assert.equal(status, 200)
      assert.deepEqual(
        json.offsets.map((each: { error_code?: number | null }) => each.error_code ?? null),
        [null, dialect === 'confluent' ? 50002 : 413, null]
      )
      assert.deepEqual(
        (await stored(topic)).map(({ value }) => value),
        ['"a"', '"b"']
      )
    })

    test('a record without a key on a compacted topic is refused by Kafka, and told so', async () => {
      const topic = await topicWith(1, { 'cleanup.policy': 'compact' })
      const { status, json } = await post(`/topics/${topic}`, { records: [{ value: 'a' }] })
      assert.deepEqual([status, json.offsets[0].error_code], [200, dialect === 'confluent' ? 50002 : 400])
      assert.equal((await post(`/topics/${topic}`, { records: [{ key: 'k', value: 'a' }] })).status, 200)
    })

    test('a body with one bad record stores nothing', async () => {
      const topic = await topicWith()
      for (const bad of [{ value: 1, foo: 1 }, { value: 1, partition: -1 }, 1]) {
        const { status } = await post(`/topics/${topic}`, { records: [{ value: 'good' }, bad] })
        assert.ok(status === 400 || status === 422)
      }
      assert.deepEqual(await stored(topic), [])
    })

    test('an unknown topic is created, once, where that is configured and the caller may', async () => {
      const creating = await TestGateway.start({ settings: { apis: { v2: dialect, autoCreateTopics: 'on' } } })
      try {
        const topic = uniqueTopic('v2-created')
        const produce = (name: string, value: number) =>
          creating.request('POST', `/topics/${name}`, {
            body: JSON.stringify({ records: [{ value }] }),
            headers: typeOf('json')
          })
        const answers = await Promise.all([1, 2, 3].map(value => produce(topic, value)))
        assert.deepEqual(
          answers.map(({ status, json }) => [status, json.offsets[0].partition]),
          [1, 2, 3].map(() => [200, 0])
        )
        assert.deepEqual(new Set((await stored(topic)).map(({ value }) => value)), new Set(['1', '2', '3']))
        const missing = await creating.request('POST', `/topics/${topic}-2/partitions/7`, {
          body: '{"records":[{"value":1}]}',
          headers: typeOf('json')
        })
        assert.equal(missing.status, 404)
        assert.equal((await produce('__consumer_offsets', 1)).status, 403)
      } finally {
        await creating.close()
      }
    })

    if (dialect === 'strimzi')
      test('async=true stores all the same', async () => {
        const topic = await topicWith()
        const { status, text } = await post(`/topics/${topic}?async=true`, { records: [{ value: 1 }, { value: 2 }] })
        assert.deepEqual([status, text], [204, ''])
        let found = 0
        for (const end = Date.now() + 5000; found < 2 && Date.now() < end;) found = (await stored(topic)).length
        assert.equal(found, 2)
        const lost = await post(`/topics/${uniqueTopic('v2-nowhere')}?async=true`, { records: [{ value: 1 }] })
        assert.equal(lost.status, 204)
        const told = () => gateway.logged.some(({ message }) => message.includes('async request failed'))
        for (const end = Date.now() + 5000; !told() && Date.now() < end;)
          await new Promise(resolve => setTimeout(resolve, 20))
        assert.ok(told())
      })
  })
