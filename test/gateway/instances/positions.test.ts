import assert from 'node:assert/strict'
import { mock, suite, test } from 'node:test'
import { setImmediate, setTimeout as sleep } from 'node:timers/promises'
import { Instances } from '../../../src/gateway/instances/instances.ts'
import { Offsets } from '../../../src/gateway/instances/offsets.ts'
import { Poll } from '../../../src/gateway/instances/poll.ts'
import { readMetadata } from '../../../src/gateway/instances/position-entry.ts'
import { Subscriptions } from '../../../src/gateway/instances/subscriptions.ts'
import { Rebalance } from '../../../src/kafka/groups/rebalance.ts'
import { soon, watched } from '../../kafka/groups/support.ts'
import { alone } from '../../support/alone.ts'
import { uniqueTopic } from '../../support/gateway.ts'
import { callOf, Collected, contextOf, PLAIN, poll, waiting } from './support.ts'
import { TwoGateways } from './two-gateways.ts'

await alone()

const MANUAL = { ...PLAIN, autoCommit: false }

suite('Rule 7: a position belongs to an instance and a generation', () => {
  const gateways = new TwoGateways()

  /** An instance 'i' at the first gateway, whose client has the one record of its topic. */
  const delivered = async (settings: typeof PLAIN) => {
    const { one } = gateways
    const topic = await gateways.topic()
    const group = uniqueTopic('group')
    await gateways.fill(topic, 0, 'a')
    await one.create(callOf(), group, 'i', settings)
    await one.subscribe(callOf(), group, 'i', { topics: [topic] })
    assert.deepEqual((await poll(one, group, 'i')).values, ['a'])
    await sleep(50)
    return { group, topic }
  }

  test('partitions assigned once more keep their position, which any gateway goes on from', async () => {
    const { one, other } = gateways
    const topic = await gateways.topic(3)
    const group = uniqueTopic('group')
    for (const partition of [0, 1, 2]) await gateways.fill(topic, partition, `a${partition}`)
    const assign = (...partitions: number[]) => one.assign(callOf(), group, 'i', new Map([[topic, partitions]]))
    await one.create(callOf(), group, 'i', MANUAL)
    await assign(0, 1)
    assert.deepEqual((await poll(one, group, 'i')).values.sort(), ['a0', 'a1'])
    await sleep(50)
    await assign(1, 2)
    await one.assignments(callOf(), group, 'i')
    assert.deepEqual((await poll(other, group, 'i')).values, ['a2'])
    await gateways.fill(topic, 1, 'b1')
    assert.deepEqual((await poll(one, group, 'i')).values, ['b1'])
    const { entry } = readMetadata((await gateways.stored(group, topic, 1)).metadata)
    assert.equal(entry?.delivered?.to, 2)
  })

  test('partitions assigned once more keep their position although another gateway is asked at once', async () => {
    const { one, other } = gateways
    const topic = await gateways.topic(2)
    const group = uniqueTopic('group')
    await gateways.fill(topic, 0, 'a')
    await one.create(callOf(), group, 'i', MANUAL)
    await one.assign(callOf(), group, 'i', new Map([[topic, [0]]]))
    assert.deepEqual((await poll(one, group, 'i')).values, ['a'])
    await sleep(50)
    for (let turn = 0; turn < 10; turn++) {
      const [assigning, asked] = turn % 2 === 0 ? [other, one] : [one, other]
      await assigning.assign(callOf(), group, 'i', new Map([[topic, turn % 2 === 0 ? [0, 1] : [0]]]))
      assert.deepEqual((await poll(asked, group, 'i', { waitMs: 0 })).values, [], `turn ${turn}`)
    }
  })

  test('a rebalance that leaves a partition where it is keeps its position although another gateway is asked at once', async () => {
    const { one, other } = gateways
    const { group, topic } = await delivered(MANUAL)
    const second = await gateways.topic()
    for (let turn = 0; turn < 10; turn++) {
      const [changing, asked] = turn % 2 === 0 ? [other, one] : [one, other]
      await changing.subscribe(callOf(), group, 'i', { topics: turn % 2 === 0 ? [topic, second] : [topic] })
      assert.deepEqual((await poll(asked, group, 'i', { waitMs: 0 })).values, [], `turn ${turn}`)
    }
  })

  test('what was delivered is committed though the group is rebalanced twice before its taker has loaded the positions', async t => {
    const { one, other, clusters } = gateways
    const { group, topic } = await delivered(PLAIN)
    const { groups } = clusters[1]
    const ask = groups.committed.bind(groups)
    t.mock.method(groups, 'committed', async (...asked: Parameters<typeof ask>) => {
      const isHeld = groups.held(group).length > 0
      const stored = await ask(...asked)
      if (isHeld) await sleep(200)
      return stored
    })
    const polling = poll(other, group, 'i')
    while (groups.held(group).length === 0) await setImmediate()
    for (const name of ['j', 'k']) await gateways.alert(group, one.create(callOf(), group, name, PLAIN))
    await gateways.fill(topic, 0, 'b')
    assert.deepEqual((await gateways.alert(group, polling)).values, ['b'])
  })

  test('what was delivered is committed though its taker has to join again before it is assigned anything', async t => {
    const { other, clusters } = gateways
    const { group, topic } = await delivered(PLAIN)
    const isTaken = Promise.withResolvers<void>()
    const late = async function (this: Rebalance, ...given: Parameters<Rebalance['sync']>) {
      isTaken.resolve()
      while ((await clusters[0].groups.describe(group, soon())).state === 'Stable') await setImmediate()
      return this.sync(...given)
    }
    t.mock.method(Rebalance.prototype, 'sync', late, { times: 1 })
    const polling = poll(other, group, 'i', { waitMs: 1000 })
    await isTaken.promise
    // The partition goes to whoever is first by name.
    const first = watched(clusters[0].groups, group, 'h', { topics: [topic] })
    first.member.join()
    await first.member.settled(soon())
    assert.deepEqual(first.assigned[0].partitions, new Map([[topic, [0]]]))
    assert.equal((await gateways.stored(group, topic)).offset, 1)
    await first.member.leave(soon())
    assert.deepEqual((await polling).values, [])
  })

  test('an instance that is made again under its name begins at what was committed, not at what its namesake was given', async () => {
    const { one, other } = gateways
    const topic = await gateways.topic()
    const group = uniqueTopic('group')
    await gateways.fill(topic, 0, 'a', 'b')
    const read = {
      assigned: () => one.assign(callOf(), group, 'i', new Map([[topic, [0]]])),
      subscribed: () => one.subscribe(callOf(), group, 'i', { topics: [topic] })
    }
    for (const begin of [read.assigned, read.assigned, read.subscribed, read.subscribed, read.assigned]) {
      await one.create(callOf(), group, 'i', MANUAL)
      await begin()
      assert.deepEqual((await poll(one, group, 'i')).values, ['a', 'b'])
      await other.delete(callOf(), group, 'i')
    }
  })

  test('the start that was chosen counts for every instance of the group, until the group is empty', async () => {
    const { one } = gateways
    const topic = await gateways.topic()
    const group = uniqueTopic('group')
    await gateways.fill(topic, 0, 'a')
    const begin = async (name: string, reset: 'earliest' | 'latest') => {
      await one.create(callOf(), group, name, { ...MANUAL, reset })
      await one.assign(callOf(), group, name, new Map([[topic, [0]]]))
      return (await poll(one, group, name, { waitMs: 0 })).values
    }
    const read = (...given: Parameters<typeof begin>) => gateways.alert(group, begin(...given))
    assert.deepEqual(await read('i', 'latest'), [])
    await gateways.fill(topic, 0, 'b')
    assert.deepEqual(await read('j', 'latest'), ['b'])
    await one.delete(callOf(), group, 'i')
    await one.delete(callOf(), group, 'j')
    assert.deepEqual(await read('k', 'latest'), [])
    await one.delete(callOf(), group, 'k')
    assert.deepEqual(await read('l', 'earliest'), ['a', 'b'])
  })
})

suite('Rule 6: a batch is open until the client has it', () => {
  const gateways = new TwoGateways()

  test('what follows at once, a poll of another partition or a commit, leaves no batch open that the client has', async () => {
    const { one, other } = gateways
    const topic = await gateways.topic(3)
    const group = uniqueTopic('group')
    await one.create(callOf(), group, 'i', MANUAL)
    await one.assign(callOf(), group, 'i', new Map([[topic, [0, 1, 2]]]))
    assert.deepEqual((await poll(one, group, 'i', { waitMs: 0 })).values, [])
    await gateways.fill(topic, 0, 'a')
    assert.deepEqual((await poll(one, group, 'i')).values, ['a'])
    const next = poll(one, group, 'i')
    await gateways.fill(topic, 1, 'b')
    assert.deepEqual((await next).values, ['b'])
    await one.commit(callOf(), group, 'i', [{ topic, partition: 2, offset: 0, metadata: '' }])
    await sleep(50)
    assert.deepEqual((await poll(other, group, 'i', { waitMs: 200 })).values, [])
  })
})

suite('Rule 8: commits', () => {
  const gateways = new TwoGateways()

  /** An instance that is assigned the only partition of a topic, without the use cases around it. */
  const heldOne = async (settings: typeof PLAIN, nowMs = Date.now) => {
    const context = contextOf(gateways.clusters[0], {}, nowMs)
    const topic = await gateways.topic()
    const group = uniqueTopic('group')
    const instances = new Instances(context)
    await instances.create(callOf(), group, 'i', settings)
    const instance = await instances.of(callOf(), group, 'i')
    const { principal } = callOf()
    await new Subscriptions(context).assign(instance, new Map([[topic, [0]]]), principal, soon())
    await instance.ready(soon())
    const read = async () => {
      const sink = new Collected()
      const request = { waitMs: 0, maxBytes: 1000, signal: new AbortController().signal, sink, waiting }
      const polled = await new Poll(context, instance, callOf(), request).run()
      polled.sent()
      return sink.values
    }
    const offsets = new Offsets(context)
    return { instances, instance, topic, group, read, offsets, stored: () => gateways.stored(group, topic) }
  }

  test('what is kept is written anew once a day: offsets expire of topics that nobody is subscribed to', async () => {
    const startMs = Date.UTC(2026, 0, 1)
    let nowMs = startMs
    const { instances, topic, read, stored } = await heldOne(PLAIN, () => nowMs)
    await gateways.fill(topic, 0, 'a')
    await read()
    await read()
    const first = await stored()
    assert.equal(first.offset, 1)
    for (const [hours, expected] of [
      [23, 0],
      [24, 24],
      [47, 24],
      [48, 48]
    ]) {
      nowMs = startMs + hours * 3_600_000
      await instances.refresh()
      const { offset, metadata } = await stored()
      const { entry } = readMetadata(metadata)
      assert.deepEqual([hours, offset, entry?.delivered?.to], [hours, 1, 1])
      assert.equal((entry?.hour ?? 0) - startMs / 3_600_000, expected, `after ${hours} hours`)
    }
    await instances.close()
  })

  test('a commit of what polls before the last delivered that does not get to Kafka is made again within 5 s', async () => {
    const { instances, instance, topic, read, stored } = await heldOne(PLAIN)
    await gateways.fill(topic, 0, 'a')
    assert.deepEqual(await read(), ['a'])
    await instance.write([], soon())
    const lost = mock.method(instance.member, 'commit', () => Promise.reject(new Error('lost')))
    assert.deepEqual(await read(), [])
    assert.ok(lost.mock.callCount() > 0)
    lost.mock.restore()
    assert.equal((await stored()).offset, -1)
    await instances.refresh()
    assert.equal((await stored()).offset, 1)
    await instances.close()
  })

  test('a commit that Kafka refuses is told, and is not made later by itself', async () => {
    const { instances, instance, topic, group, offsets, stored } = await heldOne(MANUAL)
    const place = { topic, partition: 0, offset: 6, metadata: 'mine' }
    for (const [errorCode, code] of [
      [29, 'KAFKA_REFUSED'],
      [30, 'KAFKA_REFUSED'],
      [12, 'INVALID_INSTANCE'],
      [3, 'TOPIC_NOT_FOUND']
    ] as const) {
      const refused = mock.method(instance.member, 'commit', () =>
        Promise.resolve(new Map([[topic, new Map([[0, errorCode]])]]))
      )
      await assert.rejects(offsets.commit(instance, [place], soon()), { code })
      refused.mock.restore()
    }
    await instances.refresh()
    assert.equal((await stored()).offset, -1)
    await offsets.commit(instance, [place], soon())
    assert.deepEqual(
      [(await stored()).offset, await gateways.one.committed(callOf(), group, 'i', new Map([[topic, [0]]]))],
      [7, [{ topic, partition: 0, offset: 7, metadata: 'mine' }]]
    )
    await instances.close()
  })

  test('a record that a poll moved behind because it cannot be shown counts as delivered', async () => {
    const { one, other } = gateways
    const topic = await gateways.topic()
    const group = uniqueTopic('group')
    const canShow = (value: string) => value !== 'bad'
    await gateways.fill(topic, 0, 'a', 'bad')
    await one.create(callOf(), group, 'i', MANUAL)
    await one.assign(callOf(), group, 'i', new Map([[topic, [0]]]))
    await poll(one, group, 'i', { canShow })
    await assert.rejects(poll(one, group, 'i', { canShow }), { code: 'UNREADABLE_RECORD' })
    await other.commit(callOf(), group, 'i', null)
    assert.equal((await gateways.stored(group, topic)).offset, 2)
  })

  test('of a partition that was taken away nothing is delivered or committed any more', async () => {
    const { one, other } = gateways
    const topic = await gateways.topic(2)
    const group = uniqueTopic('group')
    await gateways.fill(topic, 0, 'a')
    await gateways.fill(topic, 1, 'b')
    await one.create(callOf(), group, 'i', MANUAL)
    await one.assign(callOf(), group, 'i', new Map([[topic, [0, 1]]]))
    assert.deepEqual((await poll(one, group, 'i')).values.sort(), ['a', 'b'])
    const waiting = poll(one, group, 'i')
    await one.assign(callOf(), group, 'i', new Map([[topic, [1]]]))
    await gateways.fill(topic, 0, 'c')
    await gateways.fill(topic, 1, 'd')
    assert.deepEqual((await waiting).values, ['d'])
    await other.commit(callOf(), group, 'i', null)
    const both = await other.committed(callOf(), group, 'i', new Map([[topic, [0, 1]]]))
    assert.deepEqual(both, [{ topic, partition: 1, offset: 2, metadata: '' }])
  })
})
