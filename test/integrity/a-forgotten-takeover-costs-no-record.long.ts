import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, suite, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { kafkaJars } from '../../src/dev/kafka/jars.ts'
import { readMetadata } from '../../src/gateway/instances/position-entry.ts'
import type { Cluster } from '../../src/kafka/cluster.ts'
import { produce } from '../gateway/instances/produce.ts'
import { callOf, consumersOf, type GatewayUnderTest, PLAIN, poll } from '../gateway/instances/support.ts'
import { clusterOf, soon } from '../kafka/groups/support.ts'
import { oldLogFlags } from './versions/started-broker.ts'
import { ZooKeeperCluster } from './versions/zookeeper-cluster.ts'

/** Before 2.7 a coordinator writes no takeover down (KAFKA-10284). */
const VERSION = '2.4.1'

suite('Rule 15: a takeover that an old coordinator forgets', () => {
  let broker: ZooKeeperCluster | undefined
  const clusters: Cluster[] = []
  const gateways: GatewayUnderTest[] = []
  const dataDir = mkdtempSync(join(tmpdir(), 'kafka-rest-gateway-forgotten-'))

  before(async () => {
    const libs = await kafkaJars('.local', () => undefined, VERSION)
    broker = await ZooKeeperCluster.start({ libs, dataDir, flags: oldLogFlags(dataDir) })
    for (let gateway = 0; gateway < 2; gateway++) {
      const cluster = await clusterOf(...broker.addresses)
      clusters.push(cluster)
      gateways.push(consumersOf(cluster, { sessionTimeoutMs: 30_000 }))
    }
  })
  after(async () => {
    for (const cluster of clusters) await cluster.close()
    await broker?.stop()
    rmSync(dataDir, { recursive: true, force: true })
  })

  /** When the last batch is known to be with the client. A broker that has just started may not know the topic yet. */
  const restart = async (group: string, topic: string) => {
    const entryOf = async () => {
      const told = (await clusters[1].groups.committed(group, null, soon())).get(topic)?.get(0)
      return typeof told === 'object' ? readMetadata(told.metadata).entry : null
    }
    while ((await entryOf())?.delivered?.openFrom !== null) await sleep(20)
    await broker?.stopBroker(1)
    await broker?.startBroker(1)
    for (const { metadata } of clusters) while ((await metadata.refresh(topic, soon())) === null) await sleep(50)
  }

  for (const autoCommit of [true, false])
    test(`the former holder, valid again, reads where the other one had come to (auto commit ${String(autoCommit)})`, async () => {
      const [one, other] = gateways
      const [topic, group] = [`forgotten-${String(autoCommit)}`, `group-${String(autoCommit)}`]
      await clusters[0].topics.create(topic, { partitionCount: 1, replicationFactor: 1, properties: new Map() }, soon())
      await produce(clusters[0], topic, 0, ['a'])
      await one.create(callOf(), group, 'i', { ...PLAIN, autoCommit })
      await one.subscribe(callOf(), group, 'i', { topics: [topic] })
      assert.deepEqual((await poll(one, group, 'i', { waitMs: 8000 })).values, ['a'])
      const [former] = clusters[0].groups.held(group)
      // It stands still, and is not told.
      former.beat = () => undefined
      await produce(clusters[0], topic, 0, ['b'])
      assert.deepEqual((await poll(other, group, 'i', { waitMs: 8000 })).values, ['b'])
      await restart(group, topic)
      const { members } = await clusters[1].groups.describe(group, soon())
      assert.deepEqual([former.state, members[0].memberId], ['stable', former.memberId], 'the takeover is forgotten')
      await produce(clusters[1], topic, 0, ['c'])
      const offset = () => other.committed(callOf(), group, 'i', new Map([[topic, [0]]]))
      assert.deepEqual((await poll(one, group, 'i', { waitMs: 8000 })).values, ['c'])
      assert.equal(former.state, 'stable', 'nobody took it over')
      assert.deepEqual((await poll(other, group, 'i', { waitMs: 500 })).values, [])
      assert.deepEqual(
        (await offset()).map(({ offset }) => offset),
        autoCommit ? [3] : []
      )
    })

  test('a poll that waits while that happens delivers what comes, once, and nothing that the other one had delivered', async () => {
    const [one, other] = gateways
    const [topic, group] = ['forgotten-waiting', 'group-waiting']
    await clusters[0].topics.create(topic, { partitionCount: 1, replicationFactor: 1, properties: new Map() }, soon())
    await one.create(callOf(), group, 'i', { ...PLAIN, autoCommit: false })
    await one.subscribe(callOf(), group, 'i', { topics: [topic] })
    assert.deepEqual((await poll(one, group, 'i', { waitMs: 0 })).values, [])
    const [former] = clusters[0].groups.held(group)
    former.beat = () => undefined
    await produce(clusters[0], topic, 0, ['a'])
    assert.deepEqual((await poll(other, group, 'i', { waitMs: 8000 })).values, ['a'])
    await restart(group, topic)
    const waiting = poll(one, group, 'i', { waitMs: 20_000 })
    await produce(clusters[1], topic, 0, ['b'])
    assert.deepEqual((await waiting).values, ['b'])
  })
})
