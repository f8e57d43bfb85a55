import assert from 'node:assert/strict'
import { after, before, suite, test } from 'node:test'
import { Deadline } from '../../../src/core/deadline.ts'
import type { TopicSpec } from '../../../src/core/topic-spec.ts'
import { LATEST } from '../../../src/kafka/admin/list-offsets-message.ts'
import { OffsetLookup } from '../../../src/kafka/admin/list-offsets.ts'
import { TopicAdmin } from '../../../src/kafka/admin/topic-admin.ts'
import { askTopicProperty } from '../../../src/kafka/admin/topic-messages.ts'
import { MetadataCache } from '../../../src/kafka/metadata/metadata-cache.ts'
import type { TopicMetadata } from '../../../src/kafka/metadata/topic-metadata.ts'
import { Brokers } from '../../../src/kafka/transport/brokers.ts'
import { sharedBroker, uniqueTopic } from '../../support/gateway.ts'
import { kafkaConfig, silent } from '../transport/scripted-broker.ts'

const soon = () => Deadline.after(8000)
const spec = (partitionCount: number | null, replicationFactor: number | null, properties = {}): TopicSpec => ({
  partitionCount,
  replicationFactor,
  properties: new Map(Object.entries(properties))
})

suite('Topics and offsets of a real broker', () => {
  let brokers: Brokers
  let metadata: MetadataCache
  let offsets: OffsetLookup
  let admin: TopicAdmin

  before(() => {
    brokers = new Brokers(kafkaConfig([sharedBroker()], { requestTimeoutMs: 10_000 }), {}, silent)
    metadata = new MetadataCache(brokers, silent)
    offsets = new OffsetLookup(brokers, metadata)
    admin = new TopicAdmin(brokers, metadata, offsets, silent)
  })
  after(() => brokers.close())

  test('a topic is created, led and empty at once, then deleted and gone', async () => {
    const name = uniqueTopic('admin')
    await admin.create(name, spec(3, 1, { 'max.message.bytes': '12345' }), soon())
    const topic = metadata.peek(name) as TopicMetadata
    assert.deepEqual(
      topic.partitions.map(({ partition, leader, replicas }) => [partition, leader >= 0, replicas.length]),
      [
        [0, true, 1],
        [1, true, 1],
        [2, true, 1]
      ]
    )
    assert.equal(topic.id?.length, 16)
    const ends = await offsets.offsetsOf(topic, [0, 1, 2], LATEST, 1, soon())
    assert.deepEqual(
      [0, 1, 2].map(number => ends.get(number)),
      [0, 0, 0]
    )
    assert.deepEqual(await offsets.bounds(name, 2, soon()), { earliest: 0, lastStable: 0, logEnd: 0 })
    const [channel] = brokers.anyChannels()
    const other = uniqueTopic('admin')
    await admin.create(other, spec(1, 1, { 'max.message.bytes': '54321' }), soon())
    assert.deepEqual(
      await askTopicProperty(channel, [other, `${name}-none`, name], 'max.message.bytes'),
      new Map([
        [other, '54321'],
        [name, '12345']
      ])
    )
    await assert.rejects(admin.create(name, spec(null, null), soon()), { kind: 'topicExists' })
    await admin.delete(name, soon())
    assert.equal(metadata.peek(name), undefined)
    assert.equal(await metadata.refresh(name, soon()), null)
    assert.deepEqual(await askTopicProperty(channel, [name], 'max.message.bytes'), new Map())
    await assert.rejects(admin.delete(name, soon()), { kind: 'unknownTopic' })
  })

  test('a topic created anew under its name has another id, and the cache follows', async () => {
    const name = uniqueTopic('anew')
    await admin.create(name, spec(2, 1), soon())
    const first = metadata.peek(name)
    await admin.delete(name, soon())
    await admin.create(name, spec(1, 1), soon())
    const second = metadata.peek(name)
    assert.notDeepEqual(second?.id, first?.id)
    assert.equal(second?.partitions.length, 1)
  })

  test('asking, refreshing and looking up create nothing', async () => {
    const name = uniqueTopic('never')
    assert.equal(await metadata.topic(name, soon()), null)
    assert.equal(await metadata.refresh(name, soon()), null)
    await assert.rejects(offsets.bounds(name, 0, soon()), { kind: 'unknownTopic' })
    assert.equal((await metadata.everything(soon())).topics.has(name), false)
  })

  for (const [what, name, wanted, kind, reason] of [
    ['a name with a blank', 'a b', spec(1, 1), 'invalidTopic', /a b/],
    ['no partitions', uniqueTopic('none'), spec(0, 1), 'invalidPartitionCount', /partition/i],
    ['more replicas than brokers', uniqueTopic('many'), spec(1, 9), 'invalidReplicationFactor', /9/],
    ['an unknown property', uniqueTopic('odd'), spec(1, 1, { nonsense: '1' }), 'invalidConfig', /nonsense/],
    ['a bad value', uniqueTopic('bad'), spec(1, 1, { 'retention.ms': 'x' }), 'invalidConfig', /retention/]
  ] as const) {
    test(`${what}: refused in Kafka's own words, and nothing is created`, async () => {
      await assert.rejects(admin.create(name, wanted, soon()), { kind, message: reason })
      assert.equal(await metadata.refresh(name, soon()), null)
    })
  }
})
