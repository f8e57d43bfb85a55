import assert from 'node:assert/strict'
import { performance } from 'node:perf_hooks'
import { after, before, suite, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Deadline } from '../../../src/core/deadline.ts'
import type { Cluster } from '../../../src/kafka/cluster.ts'
import { decodeSubscription } from '../../../src/kafka/groups/consumer-protocol.ts'
import { GroupFailure } from '../../../src/kafka/groups/group-failure.ts'
import { Groups } from '../../../src/kafka/groups/groups.ts'
import { MetadataCache } from '../../../src/kafka/metadata/metadata-cache.ts'
import type { TopicMetadata } from '../../../src/kafka/metadata/topic-metadata.ts'
import { AnyBroker } from '../../../src/kafka/transport/any-broker.ts'
import { Brokers } from '../../../src/kafka/transport/brokers.ts'
import { alone } from '../../support/alone.ts'
import { sharedBroker, uniqueTopic } from '../../support/gateway.ts'
import { kafkaConfig, silent } from '../transport/scripted-broker.ts'
import { JavaConsumer } from './java-consumer.ts'
import { calm, clusterOf, joined, partitionsOf, soon, until, watched, type Watched } from './support.ts'

await alone()

const TAKEOVERS = 40

/** Runs against the versions of `npm run test:versions` too: what old brokers do differently is part of it. */
suite('Members of a group on a real broker', { concurrency: true }, () => {
  let one: Cluster
  let other: Cluster
  let topic: string
  const java: JavaConsumer[] = []

  before(async () => {
    one = await clusterOf(sharedBroker())
    other = await clusterOf(sharedBroker())
    topic = uniqueTopic('groups')
    await one.topics.create(topic, { partitionCount: 6, replicationFactor: 1, properties: new Map() }, soon())
  })
  after(async () => {
    for (const consumer of java) consumer.kill()
    await one.close()
    await other.close()
  })

  const all = () => [0, 1, 2, 3, 4, 5].map(number => `${topic}-${number}`)
  const ours = (...members: Watched[]) => partitionsOf(members.map(({ member }) => member))
  const leave = (...members: Watched[]) => Promise.all(members.map(({ member }) => member.leave(soon())))

  const startJava = async (group: string, ...settings: string[]): Promise<JavaConsumer> => {
    const consumer = await JavaConsumer.start(sharedBroker(), group, topic, ...settings)
    java.push(consumer)
    return consumer
  }

  /** Waits until each partition has exactly one of these members. */
  const shared = async (consumers: readonly JavaConsumer[], ...members: Watched[]) => {
    const sum = () => [...consumers.flatMap(({ partitions }) => partitions ?? []), ...ours(...members)].sort()
    try {
      await until(() => sum().join() === all().join(), 30_000)
    } finally {
      assert.deepEqual(sum(), all())
    }
    for (const consumer of consumers) assert.equal(consumer.died, undefined)
  }

  test('share all partitions of their topics, and again when one comes or goes', async () => {
    const group = uniqueTopic('share')
    const first = await joined(one.groups, group, 'a', { topics: [topic] })
    assert.deepEqual(ours(first), all())
    const second = await joined(other.groups, group, 'b', { topics: [topic] })
    await calm(first, second)
    assert.deepEqual(ours(first), all().slice(0, 3))
    assert.deepEqual(ours(second), all().slice(3))
    assert.equal(await second.member.leave(soon()), true)
    await until(() => ours(first).length === 6)
    await leave(first)
    await until(() => first.member.state === 'ended')
    assert.equal(first.ended.length, 0)
  })

  test('are taken over without a rebalance while the group is stable, and the former holder is fenced at once', async t => {
    const group = uniqueTopic('takeover')
    const bystander = await joined(one.groups, group, 'bystander', { topics: [topic] })
    for (const name of ['follower', 'bystander']) {
      let holder = name === 'bystander' ? bystander : await joined(one.groups, group, name, { topics: [topic] })
      await calm(holder, ...(holder === bystander ? [] : [bystander]))
      const before = ours(holder)
      const { generation } = holder.member
      const times: number[] = []
      for (let turn = 0; turn < TAKEOVERS; turn++) {
        const { groups } = turn % 2 === 0 ? other : one
        const startedMs = performance.now()
        const { members } = await groups.describe(group, soon())
        const described = members.find(({ instanceId }) => instanceId === name)
        const { userData } = decodeSubscription(described?.metadata ?? Buffer.alloc(0)) ?? {}
        const taker = await joined(groups, group, name, { topics: [topic], userData: userData?.toString() ?? '' })
        await groups.committed(group, taker.member.assignment?.partitions ?? new Map(), soon())
        times.push(performance.now() - startedMs)
        assert.equal(userData?.toString(), '{}')
        await assert.rejects(holder.member.commit(commitOf(topic, 0, turn), soon()), { trouble: 'fenced' })
        assert.deepEqual([holder.member.state, holder.ended.length], ['ended', 1])
        assert.deepEqual([taker.member.generation, ours(taker)], [generation, before])
        holder = taker
      }
      const sorted = times.toSorted((a, b) => a - b)
      const [median, last] = [sorted[TAKEOVERS / 2], sorted[TAKEOVERS - 1]].map(ms => ms.toFixed(1))
      t.diagnostic(`${TAKEOVERS} takeovers of the ${name}: median ${median} ms, slowest ${last} ms`)
      if (name === 'follower') assert.deepEqual([bystander.ended.length, bystander.member.state], [0, 'stable'])
    }
  })

  test('taken over by four at once have one holder: only its commits are taken', async () => {
    const group = uniqueTopic('race')
    await joined(one.groups, group, 'a', { topics: [topic] })
    for (let round = 0; round < 10; round++) {
      const takers = [one, other, one, other].map(({ groups }) => watched(groups, group, 'a', { topics: [topic] }))
      for (const { member } of takers) member.join()
      await Promise.all(takers.map(({ member }) => member.settled(soon()).catch(() => null)))
      const commits = await Promise.all(
        takers.map(({ member }) =>
          member.commit(commitOf(topic, 0, round), soon()).then(
            results => results.get(topic)?.get(0),
            (error: unknown) => (error instanceof GroupFailure ? error.trouble : error)
          )
        )
      )
      assert.deepEqual(
        commits.filter(told => told !== 0),
        ['fenced', 'fenced', 'fenced']
      )
      const holders = takers.filter(({ member }) => member.state === 'stable')
      assert.equal(holders.length, 1)
      assert.equal((await one.groups.describe(group, soon())).members[0].memberId, holders[0].member.memberId)
    }
  })

  test('commit with metadata, and read it again; nothing committed is offset −1', async () => {
    const group = uniqueTopic('offsets')
    const { member } = await joined(one.groups, group, 'a', { topics: [topic] })
    const results = await member.commit(
      new Map([
        [
          topic,
          [
            { partition: 0, offset: 7, leaderEpoch: 0, metadata: 'm€\0' },
            { ...nothing, partition: 1 }
          ]
        ],
        ['no-such-topic', [{ ...nothing, partition: 0 }]]
      ]),
      soon()
    )
    assert.deepEqual(results.get(topic), new Map(committedBoth))
    assert.deepEqual(results.get('no-such-topic'), new Map([[0, 3]]))
    const committed = await other.groups.committed(group, new Map([[topic, [0, 1, 2]]]), soon())
    assert.deepEqual(
      [0, 1, 2].map(number => committed.get(topic)?.get(number)),
      [
        { offset: 7, leaderEpoch: 0, metadata: 'm€\0' },
        { offset: -1, leaderEpoch: -1, metadata: 'position' },
        { offset: -1, leaderEpoch: -1, metadata: '' }
      ]
    )
    await member.leave(soon())
    const results2 = await other.groups.commit(group, commitOf(topic, 2, 9), soon())
    assert.equal(results2.get(topic)?.get(2), 0)
    const every = await other.groups.committed(group, null, soon())
    assert.deepEqual(every.get(topic)?.get(2), { offset: 9, leaderEpoch: -1, metadata: 'm' })
  })

  test('are taken over in the middle of a rebalance, by which nobody is left without partitions', async () => {
    const group = uniqueTopic('middle')
    const brokers = new Brokers(kafkaConfig([sharedBroker()], { requestTimeoutMs: 10_000 }), {}, silent)
    const metadata = new SlowMetadata(brokers, silent)
    const slow = new Groups(brokers, new AnyBroker(brokers), metadata, silent, { joinConnections: 9 })
    const joinsWhileLeaderThinks = async (leader: Watched, name: string): Promise<Watched> => {
      metadata.slowMs = 1500
      const told = watched(one.groups, group, name, { topics: [topic] })
      told.member.join()
      await until(() => told.member.joiningForMs > 0)
      while (told.member.state === 'joining') {
        leader.member.beat()
        await sleep(20)
      }
      metadata.slowMs = 0
      assert.equal(told.member.state, 'syncing')
      return told
    }
    try {
      const leader = await joined(slow, group, 'leader', { topics: [topic] })
      const follower = await joinsWhileLeaderThinks(leader, 'follower')
      const taker = await joined(other.groups, group, 'follower', { topics: [topic] })
      await calm(leader, taker)
      assert.deepEqual(ours(leader, taker), all())
      assert.deepEqual([leader.ended.length, follower.ended[0].trouble], [0, 'fenced'])
      // The same with the leader.
      const third = await joinsWhileLeaderThinks(leader, 'third')
      const next = await joined(other.groups, group, 'leader', { topics: [topic] })
      await calm(next, taker, third)
      assert.deepEqual(ours(next, taker, third), all())
      await leave(next, taker, third)
    } finally {
      slow.close()
      await brokers.close()
    }
  })

  test('are described with what they sent; a group that nobody uses is none', async () => {
    const group = uniqueTopic('described')
    assert.equal((await one.groups.describe(group, soon())).kind, 'none')
    const { member } = await joined(one.groups, group, 'a', { topics: [topic], userData: '{"v":1}' })
    const { kind, state, assignor, members } = await other.groups.describe(group, soon())
    assert.deepEqual([kind, state, assignor, members.length], ['classic', 'Stable', 'range', 1])
    // Of the versions that are tested those with topic ids are the ones that write takeovers down.
    assert.equal(await one.groups.takeoversLast(group, soon()), one.metadata.peek(topic)?.id !== null)
    const [{ memberId, instanceId, metadata, assignment }] = members
    assert.deepEqual([memberId, instanceId], [member.memberId, 'a'])
    assert.equal(decodeSubscription(metadata)?.userData?.toString(), '{"v":1}')
    assert.deepEqual(assignment, new Map([[topic, [0, 1, 2, 3, 4, 5]]]))
    assert.equal(await other.groups.remove(group, 'a', soon()), true)
    await assert.rejects(member.heartbeat(soon()), { trouble: 'unknownMember' })
  })

  test('that are removed while they wait for a rebalance end, and do not come back', async () => {
    const group = uniqueTopic('removed')
    const first = await joined(one.groups, group, 'a', { topics: [topic] })
    first.member.abandon()
    const waiting = watched(one.groups, group, 'b', { topics: [topic], rebalanceTimeoutMs: 60_000 })
    waiting.member.join()
    assert.equal(await waiting.member.settled(soon(1000)), null)
    await other.groups.remove(group, 'b', soon())
    await until(() => waiting.ended.length === 1)
    assert.equal(waiting.ended[0].trouble, 'unknownMember')
    const { members } = await one.groups.describe(group, soon())
    assert.deepEqual(
      members.map(({ instanceId }) => instanceId),
      ['a']
    )
    await one.groups.remove(group, 'a', soon())
  })

  test('live on in the group after a hand-over, in no hands', async () => {
    const group = uniqueTopic('handover')
    const { member } = await joined(one.groups, group, 'a', { topics: [topic] })
    const { generation } = member
    await member.handOver(20_000, soon())
    const next = await joined(other.groups, group, 'a', { topics: [topic] })
    assert.deepEqual([next.member.generation, ours(next)], [generation, all()])
    await leave(next)
  })

  test('that lead rebalance their group when partitions are added', async () => {
    const group = uniqueTopic('partitions')
    const growing = uniqueTopic('growing')
    await one.topics.create(growing, { partitionCount: 1, replicationFactor: 1, properties: new Map() }, soon())
    const told = await joined(one.groups, group, 'a', { topics: [growing, `${growing}-later`] })
    const spec = { partitionCount: 2, replicationFactor: 1, properties: new Map<string, string>() }
    await one.topics.create(`${growing}-later`, spec, soon())
    await told.member.watch()
    await until(() => ours(told).length === 3)
    assert.deepEqual(ours(told), [`${growing}-0`, `${growing}-later-0`, `${growing}-later-1`])
    await leave(told)
  })

  for (const [what, ...settings] of [
    ['its default assignors'],
    ['roundrobin', 'partition.assignment.strategy=org.apache.kafka.clients.consumer.RoundRobinAssignor'],
    ['static membership', 'group.instance.id=java']
  ])
    test(`share partitions with Apache's Java consumer (${what}), whoever leads, comes and goes`, async () => {
      const group = uniqueTopic('java')
      // Ours leads: the first member of a group does.
      const a = await joined(one.groups, group, 'a', { topics: [topic] })
      const b = await joined(other.groups, group, 'b', { topics: [topic] })
      const first = await startJava(group, ...settings)
      await shared([first], a, b)
      assert.ok(a.member.leads || b.member.leads)
      const callbacks = first.lines.length
      const taker = await joined(other.groups, group, 'a', { topics: [topic] })
      await shared([first], taker, b)
      assert.equal(first.lines.length, callbacks)
      await leave(taker, b)
      await shared([first])
      // Now Java leads.
      const c = await joined(one.groups, group, 'c', { topics: [topic] })
      await shared([first], c)
      assert.equal(c.member.leads, false)
      const again = await joined(other.groups, group, 'c', { topics: [topic] })
      await shared([first], again)
      await first.leave()
      if (settings[0] === 'group.instance.id=java') await one.groups.remove(group, 'java', soon())
      await shared([], again)
      assert.ok(again.member.leads)
      await leave(again)
    })

  test('join a group of KIP-848 and are taken over in it; nobody can read what they sent there', async t => {
    const group = uniqueTopic('kip848')
    const consumer = await startJava(group, 'group.protocol=consumer')
    await until(() => consumer.partitions !== null || consumer.died !== undefined, 30_000)
    if (consumer.died !== undefined) return t.skip(`This broker has no such groups: ${consumer.died}`)
    await shared([consumer])
    const a = await joined(one.groups, group, 'a', { topics: [topic] })
    await shared([consumer], a)
    const { kind, members } = await one.groups.describe(group, soon())
    assert.deepEqual([kind, members.length, members[0].metadata.length], ['consumer', 2, 0])
    const taker = await joined(other.groups, group, 'a', { topics: [topic] })
    await assert.rejects(a.member.heartbeat(soon()), { trouble: 'fenced' })
    await shared([consumer], taker)
    await consumer.leave()
    await shared([], taker)
    await leave(taker)
  })

  test('are refused by a group of Java consumers that have no assignor in common with ours, and say so', async () => {
    const group = uniqueTopic('cooperative')
    const strategy = 'org.apache.kafka.clients.consumer.CooperativeStickyAssignor'
    const consumer = await startJava(group, `partition.assignment.strategy=${strategy}`)
    await shared([consumer])
    const { member } = watched(one.groups, group, 'a', { topics: [topic] })
    member.join()
    await assert.rejects(member.settled(soon()), { trouble: 'inconsistent', kafkaCode: 23 })
    await consumer.leave()
  })
})

/** Lets a leader think for a while before it assigns. */
class SlowMetadata extends MetadataCache {
  slowMs = 0

  override async refresh(name: string, deadline: Deadline): Promise<TopicMetadata | null> {
    await sleep(this.slowMs)
    return super.refresh(name, deadline)
  }
}

const committedBoth = [
  [0, 0],
  [1, 0]
] as const

const nothing = { offset: -1, leaderEpoch: -1, metadata: 'position' }

function commitOf(topic: string, partition: number, offset: number) {
  return new Map([[topic, [{ partition, offset, leaderEpoch: -1, metadata: 'm' }]]])
}
