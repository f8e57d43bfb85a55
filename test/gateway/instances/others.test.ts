import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { join } from 'node:path'
import { after, before, suite, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { kafkaJars } from '../../../src/dev/kafka/jars.ts'
import { NOT_ASSIGNED } from '../../../src/gateway/instances/assigned.ts'
import { toldError } from '../../../src/gateway/instances/failures.ts'
import { GroupMemory } from '../../../src/gateway/instances/group-memory.ts'
import { GROUP_BYTES, recordBytes, requireRoom } from '../../../src/gateway/instances/group-room.ts'
import { Cluster } from '../../../src/kafka/cluster.ts'
import type { DescribedMember, GroupDescription } from '../../../src/kafka/groups/describe-messages.ts'
import { groupFailure } from '../../../src/kafka/groups/group-failure.ts'
import { soon, watched } from '../../kafka/groups/support.ts'
import { kafkaConfig, silent } from '../../kafka/transport/scripted-broker.ts'
import { alone } from '../../support/alone.ts'
import { sharedBroker, uniqueTopic } from '../../support/gateway.ts'
import { javaClasses } from '../../support/java-classes.ts'
import { callOf, consumersOf, PLAIN, poll } from './support.ts'
import { TwoGateways } from './two-gateways.ts'

await alone()

suite('Rule 11: others in the group', () => {
  const gateways = new TwoGateways()
  const [share, cooperative, newer] = ['share', 'cooperative', 'kip848'].map(uniqueTopic)
  const died: string[] = []
  let topic: string
  let java: ChildProcess

  const described = (group: string) => gateways.clusters[0].groups.describe(group, soon())
  const becomes = async (group: string, isSo: (description: GroupDescription) => boolean) => {
    for (const end = Date.now() + 30_000; !isSo(await described(group)); await sleep(20))
      assert.ok(Date.now() < end && died.length === 0, `${group}: ${died.join()}`)
  }

  before(async () => {
    topic = await gateways.topic(2)
    await gateways.one.create(callOf(), newer, 'i', PLAIN)
    await gateways.one.subscribe(callOf(), newer, 'i', { topics: [topic] })
    const libs = await kafkaJars('.local', () => undefined)
    const classes = await javaClasses(libs, fileURLToPath(new URL('OtherConsumers.java', import.meta.url)))
    const options = ['-Xmx128m', '-Dlog4j2.level=OFF', '-cp', `${classes}:${join(libs, '*')}`]
    const program = ['OtherConsumers', sharedBroker(), topic, share, cooperative, newer]
    java = spawn('java', [...options, ...program], { stdio: ['pipe', 'pipe', 'ignore'] })
    java.stdout?.on('data', (line: Buffer) => died.push(line.toString()))
  })
  after(() => java.stdin?.end())

  test('a group whose members know cooperative assignors only is refused in words, and is left as it was', async () => {
    await becomes(cooperative, ({ state }) => state === 'Stable')
    await assert.rejects(gateways.one.create(callOf(), cooperative, 'i', PLAIN), {
      code: 'GROUP_UNUSABLE',
      message: `Consumer group '${cooperative}': its members use assignors or a protocol that the gateway does not offer.`
    })
    const { state, members } = await described(cooperative)
    assert.deepEqual([state, members.map(({ instanceId }) => instanceId)], ['Stable', [null]])
  })

  test('a share group is refused in words', async () => {
    await becomes(share, ({ kind }) => kind === 'other')
    const expected = {
      code: 'GROUP_UNUSABLE',
      message: `Group '${share}' is a share or streams group, not one of consumers.`
    }
    await assert.rejects(gateways.one.create(callOf(), share, 'i', PLAIN), expected)
    await assert.rejects(poll(gateways.one, share, 'i'), expected)
  })

  test('a group that becomes one of KIP-848 is served by who remembers the instance, and refused in words by others', async () => {
    const { one, other } = gateways
    await becomes(newer, ({ kind, members }) => kind === 'consumer' && members.length === 2)
    const partitions = async () => (await one.assignments(callOf(), newer, 'i')).get(topic) ?? []
    const halved = async () => {
      for (const end = Date.now() + 20_000; (await partitions()).length !== 1; await sleep(20))
        assert.ok(Date.now() < end && died.length === 0, died.join())
    }
    await gateways.alert(newer, halved())
    const [partition] = await partitions()
    await gateways.fill(topic, partition, 'a')
    assert.deepEqual((await poll(one, newer, 'i')).values, ['a'])
    const expected = { code: 'GROUP_UNUSABLE', message: /uses the protocol of KIP-848/ }
    await assert.rejects(poll(other, newer, 'i'), expected)
    await assert.rejects(other.create(callOf(), newer, 'j', PLAIN), expected)
    await gateways.fill(topic, partition, 'b')
    assert.deepEqual((await poll(one, newer, 'i')).values, ['b'])
  })

  test('what Kafka refuses is 403, or says what it is', () => {
    for (const [errorCode, code] of [
      [29, 'KAFKA_REFUSED'],
      [30, 'KAFKA_REFUSED'],
      [23, 'GROUP_UNUSABLE'],
      [69, 'GROUP_UNUSABLE'],
      [35, 'KAFKA_TOO_OLD'],
      [81, 'INSTANCE_LIMIT'],
      [24, 'INVALID_INSTANCE'],
      [25, 'INSTANCE_NOT_FOUND'],
      [27, 'GROUP_BUSY'],
      [82, 'GROUP_BUSY']
    ] as const) {
      const told = toldError('g', 'i', groupFailure('g', errorCode))
      assert.ok(told instanceof Error && 'code' in told)
      assert.equal(told.code, code, String(errorCode))
    }
  })
})

suite('Rule 14: limits', () => {
  const gateways = new TwoGateways()
  const member = (changes: Partial<DescribedMember>): DescribedMember => ({
    memberId: 'm',
    instanceId: null,
    clientId: 'c',
    clientHost: 'h',
    metadata: Buffer.alloc(0),
    assignment: null,
    ...changes
  })
  const settings = { ...PLAIN, ...NOT_ASSIGNED, version: 1, born: 'b', owner: 'o', pattern: null, counts: new Map() }

  test('a group that would not fit into one record of Kafka is 429, judged before anything is joined', async () => {
    const group = uniqueTopic('group')
    const { groups } = gateways.clusters[0]
    const large = watched(groups, group, 'large', { topics: [], userData: 'x'.repeat(GROUP_BYTES - 600) })
    large.member.join()
    assert.ok(await large.member.settled(soon()))
    const expected = { code: 'INSTANCE_LIMIT', message: /would take 70\d{4} bytes; .* the limit is 700000/ }
    await assert.rejects(gateways.one.create(callOf(), group, 'i'.repeat(200), PLAIN), expected)
    await gateways.alert(group, gateways.one.create(callOf(), group, 'i', { ...PLAIN, autoCommit: false }))
    const topics = Array.from({ length: 4 }, (_, index) => `${index}${'t'.repeat(200)}`)
    await gateways.alert(group, assert.rejects(gateways.one.subscribe(callOf(), group, 'i', { topics }), expected))
    assert.deepEqual((await gateways.one.subscription(callOf(), group, 'i')).topics, [])
    await gateways.one.delete(callOf(), group, 'i')
    await large.member.leave(soon())
  })

  test('so is a pattern that brings topics; a poll after that goes on with those it has', async () => {
    const group = uniqueTopic('group')
    const { groups } = gateways.clusters[0]
    const large = watched(groups, group, 'large', { topics: [], userData: 'x'.repeat(GROUP_BYTES - 1100) })
    large.member.join()
    assert.ok(await large.member.settled(soon()))
    const topic = await gateways.topic()
    const subscribed = async () => {
      await gateways.one.create(callOf(), group, 'i', PLAIN)
      await gateways.one.subscribe(callOf(), group, 'i', { pattern: `${topic}.*` })
    }
    await gateways.alert(group, subscribed())
    for (const number of [1, 2]) await gateways.topic(1, `${topic}-${number}-${'t'.repeat(200)}`)
    await assert.rejects(poll(gateways.one, group, 'i'), {
      code: 'INSTANCE_LIMIT',
      message: /would take 70\d{4} bytes/
    })
    await gateways.fill(topic, 0, 'a')
    assert.deepEqual((await gateways.alert(group, poll(gateways.one, group, 'i'))).values, ['a'])
    await gateways.one.delete(callOf(), group, 'i')
    await large.member.leave(soon())
  })

  test('what counts are the metadata and the assignments of all members, each partition once', () => {
    const assignment = new Map([['t', Array.from({ length: 100_000 }, (_, partition) => partition)]])
    const full = [member({ assignment, metadata: Buffer.alloc(250_000) })]
    assert.equal(recordBytes(full), 40 + 3 + 250_000 + (2 + 4 + 2 + 1 + 4 + 400_000 + 4))
    const memory = new GroupMemory()
    const ask = (members: DescribedMember[], state = 'Stable', topics = ['t'], counts = new Map([['t', 100_000]])) =>
      requireRoom('g', { state, members }, memory.recordBytes('g'), { name: 'i', topics, settings, counts })
    const expected = { code: 'INSTANCE_LIMIT' }
    ask(full)
    assert.throws(() => ask([member({ metadata: Buffer.alloc(350_000) })]), expected, 'partitions that nobody has yet')
    ask([member({ metadata: Buffer.alloc(350_000) })], 'Stable', [], new Map())
    ask([member({ instanceId: 'i', metadata: Buffer.alloc(350_000) })])
    assert.throws(() => ask([...full, member({ metadata: Buffer.alloc(60_000) })]), expected)
    const described = {
      errorCode: 0,
      reason: null,
      kind: 'classic',
      protocolType: 'consumer',
      assignor: 'range'
    } as const
    memory.learn('g', { ...described, state: 'Stable', members: [member({ metadata: Buffer.alloc(699_900) })] })
    assert.throws(
      () => ask([member({})], 'PreparingRebalance', []),
      expected,
      'Kafka tells nothing, so what it told last'
    )
  })

  test('a gateway holds so many instances, and so many members of one group, and says which', async t => {
    const few = consumersOf(gateways.clusters[0], { instances: 1 })
    const cluster = new Cluster({ ...kafkaConfig([sharedBroker()]), joinConnections: 1 }, {}, silent)
    await cluster.start()
    const narrow = consumersOf(cluster)
    t.after(() => Promise.all([few.close(), narrow.close().then(() => cluster.close())]))
    const [group, another] = [uniqueTopic('group'), uniqueTopic('group')]
    await few.create(callOf(), group, 'i', PLAIN)
    await narrow.create(callOf(), another, 'i', PLAIN)
    await assert.rejects(few.create(callOf(), group, 'j', PLAIN), {
      code: 'INSTANCE_LIMIT',
      message: 'The gateway holds 1 consumer instances, which is its limit.'
    })
    await assert.rejects(narrow.create(callOf(), another, 'j', PLAIN), {
      code: 'INSTANCE_LIMIT',
      message: `Consumer group '${another}': the gateway holds as many of its members as it may.`
    })
    await assert.rejects(few.subscription(callOf(), another, 'i'), { code: 'INSTANCE_LIMIT' }, 'a takeover too')
  })

  test('what describes an instance takes so many bytes at most, else 422 and it stays as it was', async () => {
    const { clusters, other } = gateways
    const small = consumersOf(clusters[0], { userDataBytes: 240 })
    const topic = await gateways.topic(64)
    const group = uniqueTopic('group')
    await small.create(callOf(), group, 'i', PLAIN)
    const all = Array.from({ length: 64 }, (_, partition) => partition)
    await small.assign(callOf(), group, 'i', new Map([[topic, all]]))
    const odd = all.filter(partition => partition % 2 === 1)
    await assert.rejects(small.assign(callOf(), group, 'i', new Map([[topic, odd]])), {
      code: 'INVALID_INSTANCE',
      message: /^What the instance reads takes \d{3} bytes to describe; the limit is 240 \(consumers.userDataBytes\)\.$/
    })
    assert.deepEqual([...(await other.assignments(callOf(), group, 'i'))], [[topic, all]])
    await small.close()
  })
})

suite('Rule 12: permission is judged at each poll', () => {
  const gateways = new TwoGateways()

  for (const how of ['by name', 'by a pattern'] as const)
    test(`a topic that the caller may no longer read leaves the subscription, made ${how}`, async () => {
      const { one, other } = gateways
      const topic = await gateways.topic()
      const secret = await gateways.topic(1, `${topic}-secret`)
      const group = uniqueTopic('group')
      const access = { allows: (_operation: string, _kind: string, name: string) => name !== secret }
      await one.create(callOf(), group, 'i', PLAIN)
      const to = how === 'by name' ? { topics: [topic, secret] } : { pattern: `${topic}.*` }
      await one.subscribe(callOf(), group, 'i', to)
      await gateways.fill(secret, 0, 'a')
      assert.deepEqual((await poll(one, group, 'i')).values, ['a'])
      await gateways.fill(secret, 0, 'b')
      await gateways.fill(topic, 0, 'c')
      assert.deepEqual((await poll(one, group, 'i', { access })).values, ['c'])
      assert.deepEqual((await one.subscription(callOf(), group, 'i')).topics, [topic])
      assert.deepEqual((await poll(other, group, 'i', { access, waitMs: 100 })).values, [])
      assert.deepEqual([...(await other.assignments(callOf(), group, 'i'))], [[topic, [0]]])
    })

  test('of what an instance assigned itself, nothing is read that its caller may no longer read', async () => {
    const { one } = gateways
    const topic = await gateways.topic()
    const group = uniqueTopic('group')
    await gateways.fill(topic, 0, 'a')
    await one.create(callOf(), group, 'i', PLAIN)
    await one.assign(callOf(), group, 'i', new Map([[topic, [0]]]))
    const access = { allows: () => false }
    assert.deepEqual((await poll(one, group, 'i', { access, waitMs: 100 })).values, [])
    const place = { topic, partition: 0 }
    const call = callOf('alice', 8000, access)
    await assert.rejects(one.commit(call, group, 'i', [{ ...place, offset: 0, metadata: '' }]), {
      code: 'NOT_PERMITTED'
    })
    await assert.rejects(one.seek(call, group, 'i', [{ ...place, to: 0 }]), { code: 'NOT_PERMITTED' })
    await assert.rejects(one.committed(call, group, 'i', new Map([[topic, [0]]])), { code: 'NOT_PERMITTED' })
    assert.deepEqual((await poll(one, group, 'i')).values, ['a'])
  })
})

suite('Rule 13: a topic that is deleted and made again', () => {
  const gateways = new TwoGateways()

  test('drops the position and the commit that its instances remember: `auto.offset.reset` decides', async () => {
    const { one, other, clusters } = gateways
    const topic = await gateways.topic()
    const group = uniqueTopic('group')
    await gateways.fill(topic, 0, 'a', 'b')
    await one.create(callOf(), group, 'i', { ...PLAIN, autoCommit: false })
    await one.subscribe(callOf(), group, 'i', { topics: [topic] })
    assert.deepEqual((await poll(one, group, 'i')).values, ['a', 'b'])
    await one.commit(callOf(), group, 'i', null)
    assert.equal((await gateways.stored(group, topic)).offset, 2)
    await clusters[0].topics.delete(topic, soon())
    await gateways.topic(1, topic)
    await gateways.fill(topic, 0, 'n', 'o', 'p')
    assert.deepEqual((await poll(one, group, 'i', { waitMs: 8000 })).values, ['n', 'o', 'p'])
    assert.equal((await gateways.stored(group, topic)).offset, -1)
    await gateways.fill(topic, 0, 'q')
    assert.deepEqual((await poll(other, group, 'i')).values, ['q'])
    await other.commit(callOf(), group, 'i', null)
    assert.equal((await gateways.stored(group, topic)).offset, 4)
  })

  test('is read on where another gateway was, by one that has yet to hear of the new topic', async () => {
    const { one, other, clusters } = gateways
    const topic = await gateways.topic()
    const group = uniqueTopic('group')
    const old = await clusters[1].metadata.topic(topic, soon())
    await clusters[0].topics.delete(topic, soon())
    await gateways.topic(1, topic)
    await gateways.fill(topic, 0, 'n')
    await one.create(callOf(), group, 'i', { ...PLAIN, autoCommit: false })
    await one.subscribe(callOf(), group, 'i', { topics: [topic] })
    assert.deepEqual((await poll(one, group, 'i')).values, ['n'])
    await gateways.fill(topic, 0, 'o')
    assert.deepEqual(clusters[1].metadata.peek(topic)?.id, old?.id)
    assert.deepEqual((await poll(other, group, 'i')).values, ['o'])
  })
})
