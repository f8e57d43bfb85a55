import assert from 'node:assert/strict'
import { after, before, suite, test } from 'node:test'
import { TestGateway, uniqueTopic } from '../../support/gateway.ts'

for (const [dialect, unknownTopic, unknownPartition] of [
  ['confluent', 40403, 40402],
  ['strimzi', 404, 404]
] as const)
  suite(`Topics of a real Kafka over v2 (${dialect})`, () => {
    let gateway: TestGateway
    let topic: string
    before(async () => {
      gateway = await TestGateway.start({ settings: { apis: { v2: dialect } } })
      topic = uniqueTopic('v2-topics')
      await gateway.createTopic(topic, { partition_count: 2, topic_properties: { 'retention.ms': 123_456_000 } })
    })
    after(() => gateway.close())

    const post = (body: object) =>
      gateway.request('POST', '/admin/topics', {
        body: JSON.stringify(body),
        headers: { 'content-type': 'application/vnd.kafka.json.v2+json' }
      })

    test('a topic has its whole configuration, defaults included, and its partitions', async () => {
      const { status, json } = await gateway.get(`/topics/${topic}`)
      assert.deepEqual([status, Object.keys(json), json.name], [200, ['name', 'configs', 'partitions'], topic])
      assert.deepEqual([json.configs['retention.ms'], json.configs['cleanup.policy']], ['123456000', 'delete'])
      assert.ok(Object.keys(json.configs).length > 20)
      const [first] = json.partitions
      const { leader } = first
      assert.deepEqual(first, { partition: 0, leader, replicas: [{ broker: leader, leader: true, in_sync: true }] })
      assert.deepEqual((await gateway.get(`/topics/${topic}/partitions`)).json, json.partitions)
      assert.deepEqual((await gateway.get(`/topics/${topic}/partitions/1`)).json, json.partitions[1])
      assert.deepEqual((await gateway.get('/brokers')).json, { brokers: [leader] })
    })

    test('topics are listed without those of Kafka', async () => {
      const { json } = await gateway.get('/topics')
      assert.ok(json.includes(topic))
      assert.ok(!json.includes('__consumer_offsets'))
    })

    test('offsets are where the partition begins, and where the next record comes', async () => {
      const path = `/topics/${topic}/partitions/1/offsets`
      assert.deepEqual((await gateway.get(path)).json, { beginning_offset: 0, end_offset: 0 })
      await gateway.produce(topic, [
        { value: 'a', partition: 1 },
        { value: 'b', partition: 1 }
      ])
      assert.deepEqual((await gateway.get(path)).json, { beginning_offset: 0, end_offset: 2 })
    })

    test('what is not there has the code of the dialect', async () => {
      const missing = uniqueTopic('v2-missing')
      for (const path of ['', '/partitions', '/partitions/0', '/partitions/0/offsets']) {
        const { status, json } = await gateway.get(`/topics/${missing}${path}`)
        assert.deepEqual([status, json.error_code], [404, unknownTopic], path)
      }
      for (const path of ['/partitions/2', '/partitions/2/offsets']) {
        const { status, json } = await gateway.get(`/topics/${topic}${path}`)
        assert.deepEqual([status, json.error_code], [404, unknownPartition], path)
      }
    })

    test('a topic is created with what is asked for; the same again is 409, and leaves it as it is', async () => {
      const name = uniqueTopic('v2-created')
      const created = await post({ topic_name: name, partitions_count: 3, replication_factor: 1 })
      assert.deepEqual([created.status, created.json], [201, {}])
      const again = await post({ topic_name: name, partitions_count: 5 })
      assert.deepEqual([again.status, again.json.error_code], [409, 409])
      assert.equal((await gateway.get(`/topics/${name}/partitions`)).json.length, 3)
      const plain = uniqueTopic('v2-plain')
      assert.equal((await post({ topic_name: plain })).status, 201)
      assert.equal((await gateway.get(`/topics/${plain}/partitions`)).json.length, 1)
    })

    test('what Kafka refuses is 400, and nothing is created', async () => {
      const name = uniqueTopic('v2-refused')
      const { status, json } = await post({ topic_name: name, replication_factor: 7 })
      assert.deepEqual([status, json.error_code], [400, dialect === 'confluent' ? 40002 : 400])
      assert.equal((await gateway.get(`/topics/${name}`)).status, 404)
    })
  })
