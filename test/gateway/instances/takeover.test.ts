import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { decodeSubscription } from '../../../src/kafka/groups/consumer-protocol.ts'
import { soon } from '../../kafka/groups/support.ts'
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
