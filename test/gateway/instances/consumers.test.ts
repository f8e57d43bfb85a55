import assert from 'node:assert/strict'
import { before, suite, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Cluster } from '../../../src/kafka/cluster.ts'
import { joined, soon } from '../../kafka/groups/support.ts'
import { alone } from '../../support/alone.ts'
import { uniqueTopic } from '../../support/gateway.ts'
import { callOf, Collected, consumersOf, type GatewayUnderTest, PLAIN, poll } from './support.ts'
import { TwoGateways } from './two-gateways.ts'

await alone()

suite('Consumer instances on a real broker', () => {
  const gateways = new TwoGateways()
  const topicOf = (partitionCount = 1) => gateways.topic(partitionCount)
  const fill = (topic: string, partition: number, ...values: string[]) => gateways.fill(topic, partition, ...values)
  let clusters: readonly Cluster[]
  let one: GatewayUnderTest
  let other: GatewayUnderTest
  before(() => ({ clusters, one, other } = gateways))

  test('an instance that subscribes gets the records of its topic, by either gateway, once', async () => {
    const topic = await topicOf(2)
    const group = uniqueTopic('group')
    await fill(topic, 0, 'a', 'b')
    await one.create(callOf(), group, 'i', PLAIN)
    await one.subscribe(callOf(), group, 'i', { topics: [topic] })
    assert.deepEqual((await poll(one, group, 'i')).values, ['a', 'b'])
    await sleep(50)
    await fill(topic, 0, 'c')
    assert.deepEqual((await poll(other, group, 'i')).values, ['c'])
    await fill(topic, 1, 'd')
    assert.deepEqual((await poll(one, group, 'i')).values, ['d'])
    await one.delete(callOf(), group, 'i')
    await assert.rejects(poll(one, group, 'i'), { code: 'INSTANCE_NOT_FOUND' })
    await assert.rejects(poll(other, group, 'i'), { code: 'INSTANCE_NOT_FOUND' })
    await other.create(callOf(), group, 'i', PLAIN)
    assert.deepEqual((await one.subscription(callOf(), group, 'i')).topics, [], 'made again elsewhere')
  })

  test('rule 6: a poll that another gateway fences answers without records at once, and does not take the instance back', async () => {
    const topic = await topicOf()
    const group = uniqueTopic('group')
    await one.create(callOf(), group, 'i', PLAIN)
    await one.subscribe(callOf(), group, 'i', { topics: [topic] })
    assert.deepEqual((await poll(one, group, 'i', { waitMs: 0 })).values, [])
    const waiting = poll(one, group, 'i', { waitMs: 8000 })
    await sleep(200)
    const tookOver = one.counted.tookOver
    const newer = poll(other, group, 'i', { waitMs: 8000 })
    await sleep(200)
    await fill(topic, 0, 'x')
    assert.deepEqual((await newer).values, ['x'])
    assert.deepEqual((await waiting).values, [])
    assert.equal(one.counted.tookOver, tookOver)
  })

  test('rule 6: a batch whose answer was lost is delivered again, by whichever gateway is asked next', async () => {
    const topic = await topicOf()
    const group = uniqueTopic('group')
    await fill(topic, 0, 'a', 'b')
    await one.create(callOf(), group, 'i', { ...PLAIN, autoCommit: false })
    await one.subscribe(callOf(), group, 'i', { topics: [topic] })
    assert.deepEqual((await poll(one, group, 'i', { fate: 'lost' })).values, ['a', 'b'])
    assert.deepEqual((await poll(one, group, 'i', { fate: 'open' })).values, ['a', 'b'])
    // As if the first gateway had been killed before its last byte.
    assert.deepEqual((await poll(other, group, 'i')).values, ['a', 'b'])
    await fill(topic, 0, 'c')
    assert.deepEqual((await poll(other, group, 'i')).values, ['c'])
  })

  test('rule 8: auto commit commits what a poll delivered with the next one, and the last one when the instance is deleted', async () => {
    const topic = await topicOf()
    const group = uniqueTopic('group')
    const committed = () => one.committed(callOf(), group, 'i', new Map([[topic, [0]]]))
    await fill(topic, 0, 'a', 'b')
    await one.create(callOf(), group, 'i', PLAIN)
    await one.subscribe(callOf(), group, 'i', { topics: [topic] })
    await poll(one, group, 'i')
    assert.deepEqual(await committed(), [])
    await fill(topic, 0, 'c')
    assert.deepEqual((await poll(other, group, 'i')).values, ['c'])
    assert.deepEqual(await committed(), [{ topic, partition: 0, offset: 2, metadata: '' }])
    await one.delete(callOf(), group, 'i')
    await one.create(callOf(), group, 'j', PLAIN)
    const last = await one.committed(callOf(), group, 'j', new Map([[topic, [0]]]))
    assert.deepEqual(last, [{ topic, partition: 0, offset: 3, metadata: '' }])
  })

  test('rule 8: without auto commit nothing but the client commits: what it names, or what was delivered; the position is another matter', async () => {
    const topic = await topicOf()
    const group = uniqueTopic('group')
    const committed = () => other.committed(callOf(), group, 'i', new Map([[topic, [0]]]))
    await fill(topic, 0, 'a', 'b', 'c')
    await one.create(callOf(), group, 'i', { ...PLAIN, autoCommit: false })
    await one.subscribe(callOf(), group, 'i', { topics: [topic] })
    await poll(one, group, 'i')
    assert.deepEqual(await committed(), [])
    await one.commit(callOf(), group, 'i', [{ topic, partition: 0, offset: 0, metadata: 'mine' }])
    assert.deepEqual(await committed(), [{ topic, partition: 0, offset: 1, metadata: 'mine' }])
    await fill(topic, 0, 'd')
    assert.deepEqual((await poll(other, group, 'i')).values, ['d'], 'it goes on where it was')
    assert.deepEqual(await committed(), [{ topic, partition: 0, offset: 1, metadata: 'mine' }])
    await other.commit(callOf(), group, 'i', null)
    assert.deepEqual(await committed(), [{ topic, partition: 0, offset: 4, metadata: 'mine' }])
    const strange = { topic, partition: 7, offset: 0, metadata: '' }
    await assert.rejects(one.commit(callOf(), group, 'i', [strange]), { code: 'PARTITION_NOT_FOUND' })
    const long = { topic, partition: 0, offset: 0, metadata: 'm'.repeat(3900) }
    await assert.rejects(one.commit(callOf(), group, 'i', [long]), { code: 'INVALID_INSTANCE' })
  })

  test('partitions that the client assigns are read without a rebalance of its own, and sought to a number, an end or a time', async () => {
    const topic = await topicOf(2)
    const group = uniqueTopic('group')
    await fill(topic, 1, 'a', 'b', 'c')
    await one.create(callOf(), group, 'i', PLAIN)
    await one.assign(callOf(), group, 'i', new Map([[topic, [1]]]))
    assert.deepEqual([...(await other.assignments(callOf(), group, 'i'))], [[topic, [1]]])
    assert.deepEqual((await poll(other, group, 'i')).values, ['a', 'b', 'c'])
    const seek = (to: number | 'earliest' | 'latest' | { sinceMs: number }) =>
      one.seek(callOf(), group, 'i', [{ topic, partition: 1, to }])
    await seek(1)
    assert.deepEqual((await poll(one, group, 'i')).values, ['b', 'c'])
    await seek('earliest')
    assert.deepEqual((await poll(other, group, 'i')).values, ['a', 'b', 'c'])
    await seek({ sinceMs: 0 })
    assert.deepEqual((await poll(one, group, 'i')).values, ['a', 'b', 'c'])
    await seek('latest')
    assert.deepEqual((await poll(one, group, 'i', { waitMs: 100 })).values, [])
    await seek({ sinceMs: Date.now() + 3_600_000 })
    assert.deepEqual((await poll(one, group, 'i', { waitMs: 100 })).values, [])
    await assert.rejects(one.seek(callOf(), group, 'i', [{ topic, partition: 0, to: 0 }]), { code: 'NOT_ASSIGNED' })
    await assert.rejects(one.subscribe(callOf(), group, 'i', { topics: [topic] }), { code: 'INSTANCE_STATE' })
    await one.unsubscribe(callOf(), group, 'i')
    await one.subscribe(callOf(), group, 'i', { topics: [topic] })
    await assert.rejects(one.assign(callOf(), group, 'i', new Map([[topic, [0]]])), { code: 'INSTANCE_STATE' })
  })

  test('rule 7: an instance that is made again under a name has nothing of the one before: position, partitions or settings', async () => {
    const topic = await topicOf(2)
    const group = uniqueTopic('group')
    await fill(topic, 0, 'a', 'b')
    const first = new Map([[topic, [0]]])
    await one.create(callOf(), group, 'i', { ...PLAIN, autoCommit: false })
    for (let change = 0; change < 3; change++) await one.assign(callOf(), group, 'i', first)
    assert.deepEqual((await poll(one, group, 'i')).values, ['a', 'b'])
    await other.delete(callOf(), group, 'i')
    await other.create(callOf(), group, 'i', PLAIN)
    await other.assign(callOf(), group, 'i', new Map([[topic, [0, 1]]]))
    assert.deepEqual([...(await one.assignments(callOf(), group, 'i'))], [[topic, [0, 1]]])
    assert.equal((await one.settings(callOf(), group, 'i')).autoCommit, true)
    assert.deepEqual((await poll(one, group, 'i')).values, ['a', 'b'], 'nothing was committed')
  })

  test('rules 11 and 12: names, owners and strangers: 409 for a name in use, 404 for what another caller made', async () => {
    const group = uniqueTopic('group')
    await one.create(callOf(), group, 'i', PLAIN)
    await assert.rejects(one.create(callOf(), group, 'i', PLAIN), { code: 'INSTANCE_EXISTS' })
    await assert.rejects(other.create(callOf(), group, 'i', PLAIN), { code: 'INSTANCE_EXISTS' })
    await assert.rejects(one.create(callOf(), group, 'a b', PLAIN), { code: 'INVALID_INSTANCE' })
    await assert.rejects(one.create(callOf(), 'x'.repeat(250), 'i', PLAIN), { code: 'INVALID_INSTANCE' })
    await assert.rejects(one.subscription(callOf('bob'), group, 'i'), { code: 'INSTANCE_NOT_FOUND' })
    await assert.rejects(other.subscription(callOf('bob'), group, 'i'), { code: 'INSTANCE_NOT_FOUND' })
    await assert.rejects(other.subscription(callOf(), group, 'nobody'), { code: 'INSTANCE_NOT_FOUND' })
    assert.match(await one.create(callOf(), group, null, PLAIN), /^rest-consumer-[0-9a-f-]{36}$/)
    const java = clusters[0].groups.member({
      group,
      instanceId: 'java',
      subscription: { topics: [], userData: Buffer.alloc(0) },
      sessionTimeoutMs: 10_000,
      rebalanceTimeoutMs: 10_000,
      hooks: { onAssigned: () => undefined, onRevoked: () => undefined, onEnded: () => undefined }
    })
    java.join()
    await gateways.alert(group, java.settled(soon()))
    await assert.rejects(one.create(callOf(), group, 'java', PLAIN), { code: 'INSTANCE_EXISTS' })
    await assert.rejects(poll(one, group, 'java'), { code: 'GROUP_UNUSABLE' })
    await java.heartbeat(soon())
    await java.leave(soon())
  })

  test('rule 9: a second poll ends the first; a seek, a subscription and a delete reach one that waits', async () => {
    const topic = await topicOf()
    const group = uniqueTopic('group')
    await fill(topic, 0, 'a')
    await one.create(callOf(), group, 'i', PLAIN)
    const idle = poll(one, group, 'i', { waitMs: 8000 })
    await sleep(50)
    await one.subscribe(callOf(), group, 'i', { topics: [topic] })
    assert.deepEqual((await idle).values, ['a'], 'subscribed meanwhile')
    const first = poll(one, group, 'i', { waitMs: 8000 })
    await sleep(50)
    const second = poll(one, group, 'i', { waitMs: 8000 })
    assert.deepEqual((await first).values, [])
    await sleep(50)
    await one.seek(callOf(), group, 'i', [{ topic, partition: 0, to: 0 }])
    assert.deepEqual((await second).values, ['a'])
    const third = poll(one, group, 'i', { waitMs: 8000 })
    await sleep(50)
    const gone = assert.rejects(third, { code: 'INSTANCE_NOT_FOUND' })
    await one.delete(callOf(), group, 'i')
    await gone
  })

  test('rule 8: a record that cannot be shown ends a page, is refused by the next poll, and passed after that', async () => {
    const topic = await topicOf()
    const group = uniqueTopic('group')
    const canShow = (value: string) => value !== 'bad'
    await fill(topic, 0, 'a', 'bad', 'b')
    await one.create(callOf(), group, 'i', PLAIN)
    await one.subscribe(callOf(), group, 'i', { topics: [topic] })
    assert.deepEqual((await poll(one, group, 'i', { canShow })).values, ['a'])
    await assert.rejects(poll(other, group, 'i', { canShow }), { code: 'UNREADABLE_RECORD', message: /offset 1 / })
    assert.deepEqual((await poll(one, group, 'i', { canShow })).values, ['b'])
  })

  test('a record that cannot be shown is told at once, though other partitions have records without end', async () => {
    const topic = await topicOf(2)
    const group = uniqueTopic('group')
    const canShow = (value: string) => value !== 'bad'
    await fill(topic, 0, 'bad', 'b')
    await fill(topic, 1, 'a')
    await one.create(callOf(), group, 'i', PLAIN)
    await one.subscribe(callOf(), group, 'i', { topics: [topic] })
    await assert.rejects(poll(one, group, 'i', { canShow }), {
      code: 'UNREADABLE_RECORD',
      message: /^The value of the record at offset 0 of partition 0 of topic .* is not JSON\./
    })
    assert.deepEqual((await poll(one, group, 'i', { canShow })).values.toSorted(), ['a', 'b'])
  })

  test('rule 12: a pattern brings topics that come later, and only those that the caller may read', async () => {
    const topic = await topicOf()
    const secret = `${topic}-secret`
    const later = `${topic}-later`
    const create = (name: string) =>
      clusters[0].topics.create(name, { partitionCount: 1, replicationFactor: 1, properties: new Map() }, soon())
    await create(secret)
    const group = uniqueTopic('group')
    const may = { allows: (_operation: string, _kind: string, name: string) => name !== secret }
    await one.create(callOf(), group, 'i', PLAIN)
    await assert.rejects(one.subscribe(callOf(), group, 'i', { pattern: '(?=x)' }), { code: 'INVALID_INSTANCE' })
    await one.subscribe(callOf('alice', 8000, may), group, 'i', { pattern: `${topic}.*` })
    assert.deepEqual((await one.subscription(callOf(), group, 'i')).topics, [topic])
    await assert.rejects(one.subscribe(callOf('alice', 8000, may), group, 'i', { topics: [secret] }), {
      code: 'NOT_PERMITTED'
    })
    await create(later)
    await fill(later, 0, 'late')
    assert.deepEqual((await poll(other, group, 'i', { access: may })).values, ['late'])
    assert.deepEqual((await other.subscription(callOf(), group, 'i')).topics, [topic, later])
  })

  test('rule 7: `latest` is decided once: what comes between two gateways is not skipped', async () => {
    const topic = await topicOf()
    const group = uniqueTopic('group')
    await fill(topic, 0, 'before')
    await one.create(callOf(), group, 'i', { ...PLAIN, reset: 'latest', autoCommit: false })
    await one.subscribe(callOf(), group, 'i', { topics: [topic] })
    assert.deepEqual((await poll(one, group, 'i', { waitMs: 0 })).values, [])
    await fill(topic, 0, 'between')
    assert.deepEqual((await poll(other, group, 'i')).values, ['between'])
    assert.deepEqual(await one.committed(callOf(), group, 'i', new Map([[topic, [0]]])), [])
  })

  test('rule 7: `none` without a commit is an error of the poll, not a guess', async () => {
    const topic = await topicOf()
    const group = uniqueTopic('group')
    await one.create(callOf(), group, 'i', { ...PLAIN, reset: 'none' })
    await one.subscribe(callOf(), group, 'i', { topics: [topic] })
    await assert.rejects(poll(one, group, 'i'), { code: 'INSTANCE_STATE' })
  })

  test('rule 1: a gateway that stops hands its instances over: no rebalance, no 404, the position kept', async () => {
    const topic = await topicOf()
    const group = uniqueTopic('group')
    const leaving = consumersOf(clusters[0])
    await fill(topic, 0, 'a')
    await leaving.create(callOf(), group, 'i', { ...PLAIN, autoCommit: false })
    await leaving.subscribe(callOf(), group, 'i', { topics: [topic] })
    assert.deepEqual((await poll(leaving, group, 'i')).values, ['a'])
    await leaving.close()
    await fill(topic, 0, 'b')
    assert.deepEqual((await poll(other, group, 'i')).values, ['b'])
    const { members, state } = await clusters[0].groups.describe(group, soon())
    assert.deepEqual([state, members.map(({ instanceId }) => instanceId)], ['Stable', ['i']])
  })

  test('rule 1: a gateway that stops answers who waits only when other gateways may have the instance', async t => {
    const topic = await topicOf()
    const group = uniqueTopic('group')
    const leaving = consumersOf(clusters[0])
    await leaving.create(callOf(), group, 'i', PLAIN)
    await leaving.subscribe(callOf(), group, 'i', { topics: [topic] })
    const sink = new Collected()
    const waits = Promise.withResolvers<void>()
    const waiting = (wait: () => Promise<void>) => {
      waits.resolve()
      return wait()
    }
    const request = { waitMs: 20_000, maxBytes: 1000, signal: new AbortController().signal, sink, waiting }
    const [member] = clusters[0].groups.held(group)
    let isHandedOver = false
    t.mock.method(member, 'handOver', async () => {
      member.abandon()
      await sleep(20)
      isHandedOver = true
    })
    const answered = leaving.poll(callOf(), group, 'i', () => request).then(() => isHandedOver)
    await waits.promise
    await leaving.close()
    assert.equal(await answered, true)
  })

  test('rule 1: an instance that is not called ends by itself; its last batch is committed', async () => {
    const topic = await topicOf()
    const group = uniqueTopic('group')
    const impatient = consumersOf(clusters[0], { instanceTimeoutMs: 1000 })
    await fill(topic, 0, 'a')
    await impatient.create(callOf(), group, 'i', PLAIN)
    await impatient.subscribe(callOf(), group, 'i', { topics: [topic] })
    await poll(impatient, group, 'i')
    await sleep(2500)
    assert.equal(impatient.held, 0)
    await assert.rejects(other.subscription(callOf(), group, 'i'), { code: 'INSTANCE_NOT_FOUND' })
    const stored = await clusters[0].groups.committed(group, new Map([[topic, [0]]]), soon())
    const told = stored.get(topic)?.get(0)
    assert.equal(typeof told === 'object' ? told.offset : told, 1)
    await impatient.close()
  })

  test('rule 14: limits say which they are: instances, polls that wait, bytes of user data', async () => {
    const topic = await topicOf()
    const group = uniqueTopic('group')
    const small = consumersOf(clusters[0], { instances: 1, waits: 1, userDataBytes: 300 })
    await small.create(callOf(), group, 'i', PLAIN)
    await assert.rejects(small.create(callOf(), group, 'j', PLAIN), { code: 'INSTANCE_LIMIT' })
    await small.subscribe(callOf(), group, 'i', { topics: [topic] })
    const waiting = poll(small, group, 'i', { waitMs: 300 })
    await sleep(20)
    await assert.rejects(poll(small, group, 'i'), { code: 'INSTANCE_LIMIT' })
    await waiting
    const pattern = `${topic}|${'x'.repeat(300)}`
    await assert.rejects(small.subscribe(callOf(), group, 'i', { pattern }), { code: 'INVALID_INSTANCE' })
    await small.delete(callOf(), group, 'i')
    await small.close()
  })

  test('rule 7: two instances share the partitions of a topic, and each goes on with what it keeps when the other leaves', async () => {
    const topic = await topicOf(2)
    const group = uniqueTopic('group')
    for (const name of ['i', 'j']) {
      await one.create(callOf(), group, name, { ...PLAIN, autoCommit: false })
      await one.subscribe(callOf(), group, name, { topics: [topic] })
    }
    const sizes = async () => {
      const both = await Promise.all(['i', 'j'].map(name => one.assignments(callOf(), group, name)))
      return both.map(partitions => partitions.get(topic)?.length).join()
    }
    for (const end = Date.now() + 10_000; (await gateways.alert(group, sizes())) !== '1,1' && Date.now() < end;)
      await sleep(20)
    await fill(topic, 0, 'p0')
    await fill(topic, 1, 'p1')
    const [i, j] = await Promise.all([poll(one, group, 'i', { waitMs: 8000 }), poll(one, group, 'j', { waitMs: 8000 })])
    assert.deepEqual([...i.values, ...j.values].sort(), ['p0', 'p1'])
    await sleep(50)
    await one.delete(callOf(), group, 'j')
    // Nothing of j's was committed: it is delivered again, i's own is not.
    const again = gateways.alert(group, poll(other, group, 'i', { waitMs: 8000 }))
    assert.deepEqual((await again).values, j.values)
  })

  test('rule 10: creating, subscribing, assigning and unsubscribing do not wait for a member that holds up the rebalance', async () => {
    const topic = await topicOf()
    const group = uniqueTopic('group')
    const { groups } = clusters[0]
    const slow = await joined(groups, group, 'slow', { topics: [topic], rebalanceTimeoutMs: 60_000 })
    slow.member.abandon()
    const startedMs = Date.now()
    await one.create(callOf(), group, 'i', PLAIN)
    await one.subscribe(callOf(), group, 'i', { topics: [topic] })
    await one.unsubscribe(callOf(), group, 'i')
    await one.assign(callOf(), group, 'i', new Map([[topic, [0]]]))
    assert.deepEqual([...(await one.subscription(callOf(), group, 'i')).partitions], [[topic, [0]]])
    assert.equal((await groups.describe(group, soon())).state, 'PreparingRebalance')
    assert.ok(Date.now() - startedMs < 5000)
    await fill(topic, 0, 'a')
    const waiting = poll(one, group, 'i', { waitMs: 8000 })
    await groups.remove(group, 'slow', soon())
    assert.deepEqual((await waiting).values, ['a'])
  })
})
