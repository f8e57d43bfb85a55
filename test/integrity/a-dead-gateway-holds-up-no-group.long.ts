import assert from 'node:assert/strict'
import { after, before, suite, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Cluster } from '../../src/kafka/cluster.ts'
import { produce } from '../gateway/instances/produce.ts'
import { callOf, consumersOf, type GatewayUnderTest, PLAIN } from '../gateway/instances/support.ts'
import { JavaConsumer } from '../kafka/groups/java-consumer.ts'
import { clusterOf, soon, until } from '../kafka/groups/support.ts'
import { alone } from '../support/alone.ts'
import { sharedBroker, uniqueTopic } from '../support/gateway.ts'

await alone()

/** Before Kafka 2.6 groups are not listed by state; on 2.4 a takeover does not begin a rebalance while assignments are awaited. */
const OLD = 'This broker tells too little.'
const PARTITIONS = [0, 1, 2, 3, 4, 5, 6, 7]
const LIMIT_MS = 15_000
const START_LIMIT_MS = 30_000
/** Longer than any gateway waits before it rescues. */
const STUCK_MS = 14_000

interface Gateway {
  readonly cluster: Cluster
  readonly consumers: GatewayUnderTest
}

/** Runs against the versions of `npm run test:versions` too. */
suite('A group that waits for a member', () => {
  const gateways: Gateway[] = []
  const java: JavaConsumer[] = []
  let topic: string

  before(async () => {
    const { cluster } = await start()
    topic = uniqueTopic('rescue')
    await cluster.topics.create(
      topic,
      { partitionCount: PARTITIONS.length, replicationFactor: 1, properties: new Map() },
      soon()
    )
  })
  after(async () => {
    for (const consumer of java) consumer.kill()
    for (const { consumers, cluster } of gateways) {
      await consumers.close()
      await cluster.close()
    }
  })

  const start = async (): Promise<Gateway> => {
    // As in production: the session outlives what is waited for here.
    const cluster = await clusterOf(sharedBroker())
    const gateway = { cluster, consumers: consumersOf(cluster, { sessionTimeoutMs: 30_000 }) }
    gateways.push(gateway)
    return gateway
  }

  /** Nobody in the group is told. */
  const kill = ({ cluster }: Gateway) => {
    cluster.groups.close()
    cluster.reads.close()
  }

  const startJava = async (group: string) => {
    const consumer = await JavaConsumer.start(sharedBroker(), group, topic)
    java.push(consumer)
    return consumer
  }

  const held = ({ cluster }: Gateway, group: string) => cluster.groups.held(group).map(({ instanceId }) => instanceId)

  const make = async ({ consumers }: Gateway, group: string, ...names: string[]) => {
    for (const name of names) {
      await consumers.create(callOf(), group, name, { ...PLAIN, autoCommit: false })
      await consumers.subscribe(callOf(), group, name, { topics: [topic] })
    }
  }

  const untilShared = async (group: string, consumers: readonly JavaConsumer[], ...holders: Gateway[]) => {
    const sum = () => [
      ...consumers.flatMap(({ partitions }) => partitions ?? []),
      ...holders.flatMap(({ cluster }) =>
        cluster.groups.held(group).flatMap(({ assignment }) => assignment?.partitions.get(topic) ?? [])
      )
    ]
    await until(
      () => sum().length === PARTITIONS.length && consumers.every(({ partitions }) => (partitions ?? []).length > 0),
      START_LIMIT_MS
    )
    // What all members subscribe to is seen half a second later.
    await sleep(1000)
    if (sum().length < PARTITIONS.length) await untilShared(group, consumers, ...holders)
  }

  for (const [what, memory] of [
    ['holds another instance of the group', 'holder'],
    ['has only seen it', 'witness']
  ])
    test(`Rule 5: a dead gateway's instance is taken over by one that ${what}: a Java co-member stands still for less than 15 s`, async t => {
      const group = uniqueTopic('group')
      const [dead, living] = [await start(), await start()]
      if (memory === 'witness' && !(await living.cluster.groups.takeoversLast(group, soon()))) return t.skip(OLD)
      await make(dead, group, 'i')
      if (memory === 'holder') await make(living, group, 'j')
      const first = await startJava(group)
      await untilShared(group, [first], dead, living)
      await produce(dead.cluster, topic, 0, ['a'])
      if (memory === 'witness') {
        await living.consumers.subscription(callOf(), group, 'i')
        await dead.consumers.subscription(callOf(), group, 'i')
        await until(() => held(living, group).length === 0)
      }
      const callbacks = first.lines.length
      kill(dead)
      await startJava(group)
      await until(() => first.lines.length > callbacks, START_LIMIT_MS)
      const stoppedMs = performance.now()
      assert.match(first.lines[callbacks], /^revoked/)
      await until(() => first.partitions !== null, 60_000)
      const stoodMs = performance.now() - stoppedMs
      t.diagnostic(`Java stood still for ${(stoodMs / 1000).toFixed(1)} s`)
      assert.ok(stoodMs < LIMIT_MS, `${stoodMs} ms`)
      assert.ok(held(living, group).includes('i'))
      const { topics } = await living.consumers.subscription(callOf(), group, 'i')
      assert.deepEqual(topics, [topic])
    })

  test('Rule 5: a gateway that dies while it assigns the partitions, as the leader, holds up a Java co-member for less than 15 s', async t => {
    const group = uniqueTopic('group')
    const [dead, living] = [await start(), await start()]
    if (!(await living.cluster.groups.takeoversLast(group, soon()))) return t.skip(OLD)
    await make(dead, group, 'i')
    await make(living, group, 'j')
    const first = await startJava(group)
    await untilShared(group, [first], dead, living)
    assert.ok(dead.cluster.groups.held(group)[0].leads)
    // The leader thinks for longer than anybody waits here.
    const thought = Promise.withResolvers<null>()
    dead.cluster.metadata.refresh = () => thought.promise
    await make(living, group, 'k')
    await until(() => dead.cluster.groups.held(group)[0]?.state === 'syncing')
    const stoppedMs = performance.now()
    kill(dead)
    const { state } = await living.cluster.groups.describe(group, soon())
    assert.deepEqual([state, first.partitions], ['CompletingRebalance', null])
    await until(() => first.partitions !== null, 60_000).finally(() => thought.resolve(null))
    const stoodMs = performance.now() - stoppedMs
    t.diagnostic(`Java stood still for ${(stoodMs / 1000).toFixed(1)} s`)
    assert.ok(stoodMs < LIMIT_MS, `${stoodMs} ms`)
    assert.deepEqual(new Set(held(living, group)), new Set(['i', 'j', 'k']))
  })

  test('Rule 5: gateways that have seen the same instances leave those of the living alone, however long a Java member keeps them waiting', async () => {
    const group = uniqueTopic('group')
    const [one, other, witness] = [await start(), await start(), await start()]
    await make(one, group, 'i', 'j')
    await make(other, group, 'k', 'l')
    const slow = await startJava(group)
    await untilShared(group, [slow], one, other)
    await witness.consumers.subscription(callOf(), group, 'i')
    await one.consumers.subscription(callOf(), group, 'i')
    await until(() => held(witness, group).length === 0)
    slow.freeze()
    await make(one, group, 'm')
    await sleep(STUCK_MS)
    const { state, members } = await one.cluster.groups.describe(group, soon())
    assert.deepEqual([state, members.length], ['PreparingRebalance', 6])
    assert.deepEqual(new Set(held(one, group)), new Set(['i', 'j', 'm']))
    assert.deepEqual(new Set(held(other, group)), new Set(['k', 'l']))
    assert.deepEqual(held(witness, group), [])
    slow.thaw()
    await untilShared(group, [slow], one, other)
    assert.equal(slow.died, undefined)
    assert.equal((await one.cluster.groups.describe(group, soon())).members.length, 6)
  })
})
