import assert from 'node:assert/strict'
import { suite, test, type TestContext } from 'node:test'
import { setImmediate, setTimeout as sleep } from 'node:timers/promises'
import { decodeSubscription } from '../../../src/kafka/groups/consumer-protocol.ts'
import { joined, soon, watched } from '../../kafka/groups/support.ts'
import { alone } from '../../support/alone.ts'
import { uniqueTopic } from '../../support/gateway.ts'
import { callOf, PLAIN, poll } from './support.ts'
import { TwoGateways } from './two-gateways.ts'

await alone()

suite('Takeovers and rebalances', () => {
  const gateways = new TwoGateways()

  test('rule 9: a takeover that another one overtakes ends its poll without records, never with an error', async () => {
    const { one, other } = gateways
    const topic = await gateways.topic()
    const group = uniqueTopic('group')
    await one.create(callOf(), group, 'i', PLAIN)
    await one.subscribe(callOf(), group, 'i', { topics: [topic] })
    await poll(one, group, 'i', { waitMs: 0 })
    for (let round = 0; round < 15; round++)
      for (const { values } of await Promise.all([one, other, one].map(each => poll(each, group, 'i', { waitMs: 0 }))))
        assert.deepEqual(values, [])
  })

  test('rule 7: a takeover in a rebalance costs no duplicate: the holder commits first what it delivered', async () => {
    const { one, other } = gateways
    const topic = await gateways.topic(2)
    const group = uniqueTopic('group')
    for (const partition of [0, 1]) await gateways.fill(topic, partition, 'a', 'b')
    await one.create(callOf(), group, 'i', PLAIN)
    await one.subscribe(callOf(), group, 'i', { topics: [topic] })
    await other.create(callOf(), group, 'j', PLAIN)
    await gateways.alert(group, one.assignments(callOf(), group, 'i'))
    const { length } = (await poll(one, group, 'i')).values
    assert.equal(length, 4)
    // The holder has just asked: it hears of the rebalance from its next heartbeat, more than a second from now.
    const [holder] = gateways.clusters[0].groups.held(group)
    for (let beforeMs = 0; beforeMs < 200 || holder.confirmedAgoMs >= beforeMs; await sleep(1))
      beforeMs = holder.confirmedAgoMs
    await other.subscribe(callOf(), group, 'j', { topics: [topic] })
    const again = await poll(other, group, 'i', { waitMs: 500 })
    const rest = await poll(other, group, 'j', { waitMs: 500 })
    assert.deepEqual([again.values, rest.values], [[], []])
  })

  test('rule 7: a rebalance waits for an answer that is on its way, and commits what that delivered', async () => {
    const { one, other } = gateways
    const topic = await gateways.topic(2)
    const group = uniqueTopic('group')
    await one.create(callOf(), group, 'i', PLAIN)
    await one.subscribe(callOf(), group, 'i', { topics: [topic] })
    await other.create(callOf(), group, 'j', PLAIN)
    await gateways.alert(group, one.assignments(callOf(), group, 'i'))
    for (const partition of [0, 1]) await gateways.fill(topic, partition, 'a', 'b')
    const { values, polled } = await poll(one, group, 'i', { fate: 'open' })
    assert.equal(values.length, 4)
    await other.subscribe(callOf(), group, 'j', { topics: [topic] })
    const rest = gateways.alert(group, poll(other, group, 'j', { waitMs: 500 }))
    const [member] = gateways.clusters[0].groups.held(group)
    while (member.state === 'stable') await sleep(1)
    await sleep(50)
    polled.sent()
    assert.deepEqual((await rest).values, [])
  })

  /** An instance 'i' at the first gateway, whose client has the one record of its topic, in a group that another member has joined. */
  const received = async (join: (group: string, topic: string) => Promise<unknown>) => {
    const { one } = gateways
    const [topic, group] = [await gateways.topic(), uniqueTopic('group')]
    await one.create(callOf(), group, 'i', PLAIN)
    await one.subscribe(callOf(), group, 'i', { topics: [topic] })
    await gateways.alert(group, join(group, topic))
    await gateways.alert(group, one.assignments(callOf(), group, 'i'))
    await gateways.fill(topic, 0, 'a')
    assert.deepEqual((await poll(one, group, 'i')).values, ['a'])
    assert.equal((await gateways.stored(group, topic)).offset, -1)
    return { group, topic }
  }

  /** Has the other gateway take 'i' over by a poll; a rebalance begins between its last look at the group and its JoinGroup. */
  const crossed = (t: TestContext, group: string, begin: () => void) => {
    const { groups } = gateways.clusters[1]
    const describe = groups.describe.bind(groups)
    const late = async (...asked: Parameters<typeof describe>) => {
      const described = await describe(...asked)
      assert.equal(described.state, 'Stable')
      begin()
      while ((await describe(group, soon())).state === 'Stable') await setImmediate()
      return described
    }
    t.mock.method(groups, 'describe', late, { times: 1 })
    return poll(gateways.other, group, 'i', { waitMs: 1000 })
  }

  test('rule 7: a takeover that crosses the beginning of a rebalance costs no duplicate among instances', async t => {
    const { other } = gateways
    const { group, topic } = await received(inGroup => other.create(callOf(), inGroup, 'h', PLAIN))
    // The partition goes to whoever is first by name.
    const again = await crossed(t, group, () => void other.subscribe(callOf(), group, 'h', { topics: [topic] }))
    assert.deepEqual([...(await other.assignments(callOf(), group, 'h')).keys()], [topic])
    const rest = await poll(other, group, 'h', { waitMs: 0 })
    assert.deepEqual([again.values, rest.values], [[], []])
    assert.equal((await gateways.stored(group, topic)).offset, 1)
  })

  test('rule 7: nor among other clients, which begin at the commit, if it has to wait for one of them', async t => {
    const [{ groups }, { groups: others }] = gateways.clusters
    const { group, topic } = await received((inGroup, of) => joined(groups, inGroup, 'z', { topics: [of] }))
    const first = watched(others, group, 'a', { topics: [topic] })
    const again = crossed(t, group, () => first.member.join())
    for (const end = soon(); (await gateways.stored(group, topic)).offset !== 1; await sleep(5))
      assert.ok(!end.passed && first.assigned.length === 0, 'assigned before what was received is committed')
    assert.deepEqual((await gateways.alert(group, again)).values, [])
    assert.deepEqual(first.assigned[0].partitions, new Map([[topic, [0]]]))
  })

  test('a deleted instance that a late takeover brings back is deleted again; one that was made again is not', async () => {
    const { one, other, clusters } = gateways
    const [group, topic] = [uniqueTopic('group'), await gateways.topic()]
    const members = async () => (await clusters[0].groups.describe(group, soon())).members
    for (const name of ['late', 'again']) {
      await one.create(callOf(), group, name, PLAIN)
      await one.subscribe(callOf(), group, name, { topics: [topic] })
    }
    const subscriptionOf = async (name: string) => {
      for (;;) {
        const shown = (await members()).find(({ instanceId }) => instanceId === name)
        const subscription = decodeSubscription(shown?.metadata ?? Buffer.alloc(0))
        if (subscription !== null && subscription.userData !== null)
          return { topics: subscription.topics, userData: subscription.userData }
      }
    }
    const subscription = await gateways.alert(group, subscriptionOf('late'))
    await one.delete(callOf(), group, 'again')
    await other.create(callOf(), group, 'again', PLAIN)
    await one.delete(callOf(), group, 'late')
    const [ended, hooks] = [Promise.withResolvers<void>(), { onAssigned: () => undefined, onRevoked: () => undefined }]
    clusters[1].groups
      .member({
        group,
        instanceId: 'late',
        subscription,
        sessionTimeoutMs: 10_000,
        rebalanceTimeoutMs: 10_000,
        hooks: { ...hooks, onEnded: () => ended.resolve() }
      })
      .join()
    await gateways.alert(group, ended.promise)
    assert.deepEqual(
      (await members()).map(({ instanceId }) => instanceId),
      ['again']
    )
  })
})
