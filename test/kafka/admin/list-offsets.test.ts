import assert from 'node:assert/strict'
import { suite, test, type TestContext } from 'node:test'
import { Deadline } from '../../../src/core/deadline.ts'
import { EARLIEST, LATEST } from '../../../src/kafka/admin/list-offsets-message.ts'
import { OffsetLookup } from '../../../src/kafka/admin/list-offsets.ts'
import { MetadataCache } from '../../../src/kafka/metadata/metadata-cache.ts'
import type { PartitionMetadata, TopicMetadata } from '../../../src/kafka/metadata/topic-metadata.ts'
import { partition, startCluster } from '../metadata/scripted-cluster.ts'
import { silent } from '../transport/scripted-broker.ts'
import { serveOffsets } from './scripted-admin.ts'

const ID = Buffer.alloc(16, 3)
const soon = () => Deadline.after(5000)

/** Two brokers that show topic `t` and offer ListOffsets, and what the gateway knows of the topic. */
async function start(t: TestContext, partitions: readonly PartitionMetadata[], maxVersion?: number) {
  const cluster = await startCluster(t, 2)
  for (const broker of cluster.scripted) serveOffsets(broker, () => null, maxVersion)
  const show = (shown: readonly PartitionMetadata[]) => {
    for (const view of cluster.views) view.topics.set('t', { id: ID, partitions: shown })
  }
  show(partitions)
  const metadata = new MetadataCache(cluster.brokers, silent)
  const topic = (await metadata.topic('t', soon())) as TopicMetadata
  return { ...cluster, show, metadata, topic, lookup: new OffsetLookup(cluster.brokers, metadata) }
}

suite('OffsetLookup', () => {
  test('asks each leader once for all its partitions, with the epoch that is known', async t => {
    const { scripted, topic, lookup } = await start(t, [partition(0, 1, 4), partition(1, 2, 5), partition(2, 1, 6)])
    const asked = scripted.map((broker, index) =>
      serveOffsets(broker, ({ partition: number }) => ({ offset: 100 * (index + 1) + number }))
    )
    const found = await lookup.offsetsOf(topic, [0, 1, 2], LATEST, 1, soon())
    assert.deepEqual(
      [0, 1, 2].map(number => found.get(number)),
      [100, 201, 102]
    )
    assert.deepEqual(asked, [
      [
        { topic: 't', partition: 0, leaderEpoch: 4, timestamp: -1, isolation: 1 },
        { topic: 't', partition: 2, leaderEpoch: 6, timestamp: -1, isolation: 1 }
      ],
      [{ topic: 't', partition: 1, leaderEpoch: 5, timestamp: -1, isolation: 1 }]
    ])
  })

  for (const version of [2, 4, 5, 6, 7, 8]) {
    test(`speaks version ${version} of ListOffsets`, async t => {
      const { scripted, topic, lookup } = await start(t, [partition(0, 1, 4)], version)
      serveOffsets(scripted[0], () => ({ offset: 2 ** 40 }), version)
      assert.deepEqual([...(await lookup.offsetsOf(topic, [0], EARLIEST, 0, soon()))], [[0, 2 ** 40]])
    })
  }

  test('asks where the local part of a log begins; brokers from before tiered storage, where the log begins', async t => {
    for (const [version, timestamp] of [
      [7, -2],
      [8, -4]
    ]) {
      const { scripted, lookup } = await start(t, [partition(0, 1)], version)
      const asked = serveOffsets(scripted[0], () => ({ offset: 5 }), version)
      assert.equal(await lookup.localStart('t', 0, soon()), 5)
      assert.deepEqual([asked.length, asked[0].timestamp], [1, timestamp])
    }
  })

  test('tells the first offset, the last stable one and the end of the log apart', async t => {
    const { scripted, lookup } = await start(t, [partition(0, 1)])
    serveOffsets(scripted[0], ({ timestamp, isolation }) => ({
      offset: timestamp === -2 ? 3 : isolation === 1 ? 7 : 9
    }))
    assert.deepEqual(await lookup.bounds('t', 0, soon()), { earliest: 3, lastStable: 7, logEnd: 9 })
    assert.equal(await lookup.offsetOf('t', 0, 'earliest', soon()), 3)
    assert.equal(await lookup.offsetOf('t', 0, 'latest', soon()), 7)
  })

  for (const errorCode of [3, 5, 6, 74, 75, 78]) {
    test(`after error ${errorCode} it asks the leader that fresh metadata names`, async t => {
      const { scripted, show, topic, lookup } = await start(t, [partition(0, 1, 1)])
      serveOffsets(scripted[0], () => ({ errorCode }))
      serveOffsets(scripted[1], () => ({ offset: 42 }))
      show([partition(0, 2, 2)])
      assert.deepEqual([...(await lookup.offsetsOf(topic, [0], LATEST, 1, soon()))], [[0, 42]])
    })
  }

  test('a leader that is gone is asked no more once another has taken its place', async t => {
    const { scripted, show, topic, lookup } = await start(t, [partition(0, 1, 1)])
    await scripted[0].close()
    serveOffsets(scripted[1], () => ({ offset: 5 }))
    show([partition(0, 2, 2)])
    assert.deepEqual([...(await lookup.offsetsOf(topic, [0], LATEST, 1, soon()))], [[0, 5]])
  })

  test('partitions without a leader are left out, the others answered', async t => {
    const { scripted, topic, lookup } = await start(t, [partition(0, 1), partition(1, -1)])
    serveOffsets(scripted[0], () => ({ offset: 8 }))
    assert.deepEqual([...(await lookup.offsetsOf(topic, [0, 1], LATEST, 1, soon()))], [[0, 8]])
    assert.equal(await lookup.offsetOf('t', 1, 'latest', soon()), null)
    await assert.rejects(lookup.bounds('t', 1, soon()), { kind: 'leaderless' })
  })

  test('a leader that keeps silent is left out at the deadline', async t => {
    const { scripted, topic, lookup } = await start(t, [partition(0, 1), partition(1, 2)])
    serveOffsets(scripted[0], () => null)
    serveOffsets(scripted[1], () => ({ offset: 6 }))
    const startedMs = performance.now()
    assert.deepEqual([...(await lookup.offsetsOf(topic, [0, 1], LATEST, 1, Deadline.after(500)))], [[1, 6]])
    assert.ok(performance.now() - startedMs < 1500)
  })

  test('what Kafka refuses is refused, without its words', async t => {
    const { scripted, topic, lookup } = await start(t, [partition(0, 1)])
    serveOffsets(scripted[0], () => ({ errorCode: 29 }))
    await assert.rejects(lookup.offsetsOf(topic, [0], LATEST, 1, soon()), {
      kind: 'refused',
      message: "Kafka does not permit reading topic 't'."
    })
  })

  test('a topic that is gone does not exist, also when it goes meanwhile', async t => {
    const { scripted, views, topic, lookup } = await start(t, [partition(0, 1)])
    await assert.rejects(lookup.bounds('none', 0, soon()), { kind: 'unknownTopic' })
    await assert.rejects(lookup.offsetOf('none', 0, 'latest', soon()), { kind: 'unknownTopic' })
    serveOffsets(scripted[0], () => ({ errorCode: 3 }))
    for (const view of views) view.topics.clear()
    await assert.rejects(lookup.offsetsOf(topic, [0], LATEST, 1, soon()), { kind: 'unknownTopic' })
  })
})
