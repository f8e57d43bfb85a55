import assert from 'node:assert/strict'
import { after, before, suite, test } from 'node:test'
import { TestGateway, uniqueTopic } from '../../support/gateway.ts'

suite('Topics over HTTPS', () => {
  let gateway: TestGateway
  before(async () => {
    gateway = await TestGateway.start()
  })
  after(() => gateway.close())

  test('a created topic is listed, described and written to at once', async () => {
    const topic = uniqueTopic('create')
    const body =
      '{"partition_count":3,"replication_factor":1,"topic_properties":{"retention.ms":604800000,"min.insync.replicas":"1","cleanup.policy":"compact"}}'
    const created = await gateway.request('PUT', `/v1/topics/${topic}`, { body })
    assert.deepEqual([created.status, created.json], [200, { topic }])
    const { topics } = (await gateway.get('/v1/metadata/topics')).json
    assert.ok(topics.includes(topic))
    assert.deepEqual(topics, topics.toSorted())
    assert.ok(!topics.includes('__consumer_offsets'))
    const described = await gateway.get(`/v1/metadata/topics/${topic}/partitions`)
    assert.equal(described.json.topic, topic)
    assert.deepEqual(
      described.json.partitions.map((each: { partition_id: number }) => each.partition_id),
      [0, 1, 2]
    )
    const { brokers } = (await gateway.get('/v1/metadata/brokers')).json
    assert.deepEqual(described.json.partitions[0], {
      partition_id: 0,
      earliest_offset: 0,
      latest_offset: 0,
      leader: brokers[0],
      replicas: brokers,
      isr: brokers
    })
    assert.deepEqual((await gateway.produce(topic, [{ key: 'k', value: 1, partition: 2 }])).json, {
      offsets: [{ partition: 2, offset: 0 }]
    })
  })

  test('properties reach Kafka, numbers as they were written', async () => {
    const topic = uniqueTopic('properties')
    await gateway.createTopic(topic, { topic_properties: { 'max.message.bytes': 2000, preallocate: true } })
    const large = await gateway.produce(topic, [{ value: 'x'.repeat(3000) }])
    assert.equal(large.status, 413)
    assert.equal(large.json.code, 'RECORD_TOO_LARGE')
  })

  test('an empty body leaves everything to the cluster', async () => {
    const topic = uniqueTopic('empty')
    assert.equal((await gateway.request('PUT', `/v1/topics/${topic}`)).status, 200)
    assert.equal((await gateway.get(`/v1/metadata/topics/${topic}/partitions`)).json.partitions.length, 1)
  })

  test('null members count as absent', async () => {
    const body = '{"partition_count":null,"replication_factor":null,"topic_properties":null}'
    assert.equal((await gateway.request('PUT', `/v1/topics/${uniqueTopic('nulls')}`, { body })).status, 200)
  })

  test('a topic that exists is 409, and nothing changes', async () => {
    const topic = uniqueTopic('twice')
    await gateway.createTopic(topic, { partition_count: 2 })
    const again = await gateway.request('PUT', `/v1/topics/${topic}`, { body: '{"partition_count":5}' })
    assert.deepEqual(again.json, {
      error_code: 40901,
      code: 'TOPIC_EXISTS',
      message: `Topic '${topic}' exists already.`,
      retriable: false
    })
    assert.equal((await gateway.get(`/v1/metadata/topics/${topic}/partitions`)).json.partitions.length, 2)
  })

  for (const [body, code] of [
    ['{"replication_factor":3}', 'INVALID_REPLICATION_FACTOR'],
    ['{"topic_properties":{"no.such":1}}', 'INVALID_TOPIC_PROPERTY'],
    ['{"topic_properties":{"retention.ms":"soon"}}', 'INVALID_TOPIC_PROPERTY'],
    ['{"partition_count":0}', 'INVALID_BODY'],
    ['{"partition_count":1.5}', 'INVALID_BODY'],
    ['{"partitions":1}', 'INVALID_BODY'],
    ['{"partition_count":1,"partition_count":2}', 'INVALID_BODY'],
    ['{"topic_properties":{"a":{}}}', 'INVALID_BODY'],
    ['{"partition_count":1', 'MALFORMED_JSON']
  ]) {
    test(`a create with ${body} is refused as ${code}, and creates nothing`, async () => {
      const topic = uniqueTopic('refused')
      const { status, json } = await gateway.request('PUT', `/v1/topics/${topic}`, { body })
      assert.deepEqual([status, json.code], [400, code], json.message)
      assert.equal((await gateway.get(`/v1/metadata/topics/${topic}/partitions`)).status, 404)
    })
  }

  test('a property that is too long for a request to Kafka is refused, and costs nobody a connection', async () => {
    const create = (length: number) =>
      gateway.request('PUT', `/v1/topics/${uniqueTopic('long')}`, {
        body: JSON.stringify({
          topic_properties: { 'leader.replication.throttled.replicas': '1:2,'.repeat(length / 4) }
        })
      })
    const logged = gateway.logged.length
    const { status, json } = await create(32_768)
    assert.deepEqual([status, json.code], [400, 'INVALID_BODY'])
    assert.match(json.message, /^topic_properties\.leader\.replication\.throttled\.replicas is longer than 32767 bytes/)
    assert.notEqual((await create(32_764)).json.code, 'DEADLINE_EXCEEDED')
    assert.deepEqual(gateway.logged.slice(logged), [])
  })

  test("Kafka's own reason is in the message", async () => {
    const { json } = await gateway.request('PUT', `/v1/topics/${uniqueTopic('reason')}`, {
      body: '{"topic_properties":{"retention.ms":"soon"}}'
    })
    assert.match(json.message, /retention\.ms/)
  })

  test('names that Kafka does not allow: 400 to create, 404 for all else', async () => {
    for (const name of ['a%2Fb', 'a%20b', 'x'.repeat(250), 'a%00b', '%C3%A4']) {
      const put = await gateway.request('PUT', `/v1/topics/${name}`, { body: '{}' })
      assert.deepEqual([put.status, put.json?.code], [400, 'INVALID_TOPIC_NAME'], name)
      assert.equal((await gateway.get(`/v1/metadata/topics/${name}/partitions`)).json.code, 'TOPIC_NOT_FOUND')
    }
  })

  test('a name of 249 characters works from end to end', async () => {
    const topic = uniqueTopic('long').padEnd(249, 'x')
    await gateway.createTopic(topic)
    assert.equal((await gateway.produce(topic, [{ value: 'v' }])).status, 200)
    assert.equal((await gateway.read(topic, 0, 0)).json.records.length, 1)
    assert.equal((await gateway.request('DELETE', `/v1/topics/${topic}`)).status, 200)
  })

  test('a deleted topic is gone for every call, and can be created again empty', async () => {
    const topic = uniqueTopic('delete')
    await gateway.createTopic(topic)
    await gateway.produce(topic, [{ value: 'old' }])
    const deleted = await gateway.request('DELETE', `/v1/topics/${topic}`)
    assert.deepEqual([deleted.status, deleted.json], [200, { topic }])
    assert.ok(!(await gateway.get('/v1/metadata/topics')).json.topics.includes(topic))
    for (const answer of [
      await gateway.request('DELETE', `/v1/topics/${topic}`),
      await gateway.produce(topic, [{ value: 1 }]),
      await gateway.read(topic, 0, 0),
      await gateway.get(`/v1/metadata/topics/${topic}/partitions/0`)
    ]) {
      assert.deepEqual(answer.json, {
        error_code: 40401,
        code: 'TOPIC_NOT_FOUND',
        message: `Topic '${topic}' does not exist.`,
        retriable: false
      })
    }
    await gateway.createTopic(topic)
    assert.deepEqual((await gateway.produce(topic, [{ value: 'new' }])).json, {
      offsets: [{ partition: 0, offset: 0 }]
    })
    assert.equal((await gateway.read(topic, 0, 0)).json.records[0].value, 'new')
  })

  test('a topic that another client creates or deletes is seen at once', async () => {
    const other = await TestGateway.start()
    const topic = uniqueTopic('other')
    assert.equal((await gateway.read(topic, 0, 0)).status, 404)
    await other.createTopic(topic)
    assert.equal((await gateway.produce(topic, [{ value: 1 }])).status, 200)
    await other.request('DELETE', `/v1/topics/${topic}`)
    assert.equal((await gateway.get(`/v1/metadata/topics/${topic}/partitions`)).status, 404)
    assert.equal((await gateway.produce(topic, [{ value: 1 }])).status, 404)
    await other.close()
  })

  test('nothing is ever created by reading or producing', async () => {
    const topic = uniqueTopic('never')
    assert.equal((await gateway.produce(topic, [{ value: 1 }])).status, 404)
    assert.equal((await gateway.read(topic, 0, 0)).status, 404)
    assert.ok(!(await gateway.get('/v1/metadata/topics')).json.topics.includes(topic))
  })

  test("Kafka's own topics can be neither read, written, described nor deleted, the log of remote segments included", async () => {
    for (const topic of ['__consumer_offsets', '__transaction_state', '__share_group_state', '__remote_log_metadata']) {
      for (const answer of [
        await gateway.produce(topic, [{ value: 1 }]),
        await gateway.read(topic, 0, 0),
        await gateway.get(`/v1/metadata/topics/${topic}/partitions`),
        await gateway.get(`/v1/metadata/topics/${topic}/partitions/0`),
        await gateway.request('DELETE', `/v1/topics/${topic}`)
      ]) {
        assert.deepEqual([answer.status, answer.json.code], [403, 'INTERNAL_TOPIC'])
      }
    }
  })

  test('a partition that the topic lacks is 404, one that no topic can have 400', async () => {
    const topic = uniqueTopic('partition')
    await gateway.createTopic(topic)
    const path = `/v1/metadata/topics/${topic}/partitions`
    assert.equal((await gateway.get(`${path}/1`)).json.code, 'PARTITION_NOT_FOUND')
    for (const partition of ['-1', 'x', '2147483648', '1.0'])
      assert.equal((await gateway.get(`${path}/${partition}`)).json.code, 'INVALID_PARTITION')
    assert.equal((await gateway.get(`${path}/0`)).json.partition_id, 0)
  })
})
