import assert from 'node:assert/strict'
import { after, before, suite, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import fc from 'fast-check'
import { NOT_ASSIGNED } from '../../../src/gateway/instances/assigned.ts'
import type { InstancesContext } from '../../../src/gateway/instances/context.ts'
import { GroupMemory } from '../../../src/gateway/instances/group-memory.ts'
import { instanceOf } from '../../../src/gateway/instances/known-instance.ts'
import { instanceKey, writeMetadata } from '../../../src/gateway/instances/position-entry.ts'
import { Rescue } from '../../../src/gateway/instances/rescue.ts'
import { encodeSettings } from '../../../src/gateway/instances/settings.ts'
import type { Cluster } from '../../../src/kafka/cluster.ts'
import { decodeSubscription, encodeSubscription } from '../../../src/kafka/groups/consumer-protocol.ts'
import { clusterOf, soon, until, watched, type Watched } from '../../kafka/groups/support.ts'
import { silent } from '../../kafka/transport/scripted-broker.ts'
import { sharedBroker, uniqueTopic } from '../../support/gateway.ts'
import { produce } from './produce.ts'
import { callOf, consumersOf, type GatewayUnderTest, PLAIN, poll } from './support.ts'

const SETTINGS = {
  ...PLAIN,
  version: 1,
  owner: 'alice',
  born: 'b',
  ...NOT_ASSIGNED,
  pattern: null,
  counts: new Map()
}
const OLD = 'Before Kafka 2.6 only gateways that hold a member of the group hear of its rebalance.'
/** Sooner than in production, where the living need some seconds to show that they live: nobody else lives here. */
const SOON = { lookMs: 50, patienceMs: 300, spreadMs: 50 }

suite('What a gateway does for instances that others lose', { concurrency: true }, () => {
  const clusters: Cluster[] = []
  const gateways: GatewayUnderTest[] = []

  before(start)
  after(async () => {
    for (const gateway of gateways) await gateway.close()
    for (const cluster of clusters) await cluster.close()
  })

  async function start() {
    const cluster = await clusterOf(sharedBroker())
    const consumers = consumersOf(cluster, {}, SOON)
    clusters.push(cluster)
    gateways.push(consumers)
    return { cluster, consumers }
  }

  const topicOf = async () => {
    const topic = uniqueTopic('rescue')
    await clusters[0].topics.create(topic, { partitionCount: 2, replicationFactor: 1, properties: new Map() }, soon())
    return topic
  }

  const make = async (consumers: GatewayUnderTest, group: string, name: string, to: readonly string[]) => {
    await consumers.create(callOf(), group, name, { ...PLAIN, autoCommit: false })
    await consumers.subscribe(callOf(), group, name, { topics: to })
    await consumers.assignments(callOf(), group, name)
  }

  /** Starts a rebalance by a member that no gateway made. */
  const rebalance = (cluster: Cluster, group: string, topic: string): Watched => {
    const stranger = watched(cluster.groups, group, null, { topics: [topic], rebalanceTimeoutMs: 60_000 })
    stranger.member.join()
    return stranger
  }

  test('Rule 5: an instance whose gateway is dead is taken over when a rebalance waits for it, and goes on at its commit', async t => {
    const [group, topic] = [uniqueTopic('group'), await topicOf()]
    const [dead, living] = [await start(), await start()]
    if (!(await living.cluster.groups.takeoversLast(group, soon()))) return t.skip(OLD)
    await produce(dead.cluster, topic, 0, ['a'])
    await make(dead.consumers, group, 'i', [topic])
    assert.deepEqual((await poll(dead.consumers, group, 'i')).values, ['a'])
    await dead.consumers.commit(callOf(), group, 'i', null)
    // To see it is enough.
    await assert.rejects(living.consumers.subscription(callOf('bob'), group, 'i'), { code: 'INSTANCE_NOT_FOUND' })
    dead.cluster.groups.close()
    const stranger = rebalance(clusters[0], group, topic)
    assert.equal((await stranger.member.settled(soon()))?.partitions.get(topic)?.length, 1)
    assert.deepEqual([living.consumers.held, living.consumers.counted.tookOver], [1, 0], 'no client called')
    await stranger.member.leave(soon())
    await produce(living.cluster, topic, 0, ['b'])
    assert.deepEqual((await poll(living.consumers, group, 'i', { waitMs: 8000 })).values, ['b'])
  })

  /** Takes the instance over as it was, as a gateway does that has stood still since. */
  const takeOverAs = async (cluster: Cluster, group: string, metadata: Buffer): Promise<Watched> => {
    const subscription = decodeSubscription(metadata)
    assert.ok(subscription !== null)
    const { topics, userData } = subscription
    const stale = watched(cluster.groups, group, 'i', { topics, userData: userData?.toString() ?? '' })
    stale.member.join()
    await stale.member.settled(soon())
    return stale
  }

  test('Rule 4: a change that a client was told of is written again when a gateway has undone it, three times', async () => {
    const [group, topic] = [uniqueTopic('group'), await topicOf()]
    const { cluster, consumers } = await start()
    const shown = async () => {
      const { members, state } = await cluster.groups.describe(group, soon())
      return state === 'Stable' ? members[0].metadata : Buffer.alloc(0)
    }
    await make(consumers, group, 'i', [])
    const before = await shown()
    await consumers.subscribe(callOf(), group, 'i', { topics: [topic] })
    await consumers.assignments(callOf(), group, 'i')
    const after = await shown()
    const told = () => cluster.groups.held(group).forEach(member => member.beat())
    for (let round = 0; round < 3; round++) {
      const stale = await takeOverAs(clusters[0], group, before)
      await until(() => (told(), consumers.held === 0))
      assert.deepEqual(decodeSubscription(await shown())?.topics, [])
      await until(() => (stale.member.beat(), stale.ended.length === 1))
      assert.equal((await consumers.assignments(callOf(), group, 'i')).get(topic)?.length, 2)
      assert.deepEqual(decodeSubscription(await shown())?.userData, decodeSubscription(after)?.userData)
    }
    const fourth = await takeOverAs(clusters[0], group, before)
    await until(() => (told(), consumers.held === 0))
    await sleep(300)
    assert.deepEqual([fourth.ended.length, consumers.held], [0, 0])
    // A call takes it over as the group shows it, and changes it under the id that it gets: else no partition would follow.
    assert.deepEqual((await consumers.subscription(callOf(), group, 'i')).topics, [topic])
    assert.equal((await consumers.assignments(callOf(), group, 'i')).get(topic)?.length, 2)
  })

  test('Rule 4: a taker that finds that more was delivered than it knows of waits for the repair, then answers 503; subscribing again ends that', async () => {
    const [group, topic] = [uniqueTopic('group'), await topicOf()]
    const [dead, other] = [await start(), await start()]
    await make(dead.consumers, group, 'i', [])
    const [{ metadata }] = (await dead.cluster.groups.describe(group, soon())).members
    await dead.consumers.subscribe(callOf(), group, 'i', { topics: [topic] })
    await produce(dead.cluster, topic, 1, ['a'])
    await poll(dead.consumers, group, 'i', { waitMs: 5000 })
    dead.cluster.groups.close()
    await takeOverAs(clusters[0], group, metadata)
    await assert.rejects(poll(other.consumers, group, 'i', { waitMs: 0 }), {
      code: 'GROUP_BUSY',
      headers: { 'Retry-After': '1' }
    })
    await other.consumers.subscribe(callOf(), group, 'i', { topics: [topic] })
    assert.deepEqual((await poll(other.consumers, group, 'i')).values, ['a'])
    assert.equal((await other.consumers.assignments(callOf(), group, 'i')).get(topic)?.length, 2)
  })

  test('Rule 4: what is sent back parses, whatever bytes the group shows of a member', () => {
    const shown = encodeSubscription({ topics: ['t', 'u'], userData: encodeSettings(SETTINGS) })
    assert.ok(instanceOf(shown) !== null)
    const bent = fc.record({ at: fc.nat(shown.length), put: fc.uint8Array({ maxLength: 4 }), cut: fc.nat(4) })
    fc.assert(
      fc.property(fc.oneof(bent, fc.uint8Array()), given => {
        const bytes =
          given instanceof Uint8Array
            ? Buffer.from(given)
            : Buffer.concat([shown.subarray(0, given.at), given.put, shown.subarray(given.at + given.cut)])
        const known = instanceOf(bytes)
        if (known === null) return
        const sent = encodeSubscription({ topics: known.topics, userData: encodeSettings(known.settings) })
        assert.deepEqual(instanceOf(sent), known)
      }),
      { numRuns: 2000 }
    )
  })

  test('Rule 5: a gateway rescues nothing that it holds, never saw, or knows too old, and nothing that was taken over since or shows life; each once', async () => {
    const memory = new GroupMemory()
    const names = ['dead', 'mine', 'old', 'living']
    for (const name of names) memory.remember('g', name, { topics: [], settings: SETTINGS })
    let [isWaiting, looks, describes, movesOnAfter] = [true, 0, 0, Infinity]
    const idOf = (name: string) => (name === 'living' ? `living-${describes}` : name)
    const describe = () => {
      if (++describes === movesOnAfter) queueMicrotask(() => generation++)
      const members = [...names, 'unseen', null].map(name => ({ instanceId: name, memberId: idOf(name ?? 'dynamic') }))
      return Promise.resolve({ kind: 'classic', state: 'PreparingRebalance', members })
    }
    let generation = 1
    const stored = () => {
      const delivered = {
        instance: instanceKey('old', SETTINGS.born),
        generation,
        version: 2,
        to: 5,
        openFrom: null,
        autoCommit: false
      }
      const metadata = writeMetadata({ metadata: '', entry: { topic: '', hour: 0, start: null, delivered } })
      return Promise.resolve(new Map([['t', new Map([[0, { offset: -1, leaderEpoch: -1, metadata }]])]]))
    }
    const rebalancing = () => {
      looks++
      return Promise.resolve(new Set(isWaiting ? ['g', 'strangers'] : []))
    }
    const looked = (times = looks + 2) => until(() => looks >= times)
    const anotherRebalance = async () => {
      isWaiting = false
      await looked()
      isWaiting = true
    }
    const groups = { rebalancing, describe, committed: stored, held: () => [] }
    const held: string[] = []
    const holder = {
      holds: (_group: string, name: string) => name === 'mine',
      hold: (group: string, name: string) => held.push(`${group}/${name}`)
    }
    const context = { groups, memory, log: silent } as unknown as InstancesContext
    const rescue = new Rescue(context, holder, { lookMs: 5, patienceMs: 40, spreadMs: 1 })
    try {
      await until(() => held.length > 0)
      await looked()
      assert.deepEqual([held, describes], [['g/dead'], 2])
      await anotherRebalance()
      await until(() => held.length > 1)
      await looked()
      assert.deepEqual([held, describes], [['g/dead', 'g/dead'], 4])
      // One rebalance after the other, between two looks: each is given its time.
      movesOnAfter = 5
      await anotherRebalance()
      await until(() => held.length > 2)
      assert.deepEqual([held.length, describes], [3, 8])
    } finally {
      rescue.close()
    }
  })
})
