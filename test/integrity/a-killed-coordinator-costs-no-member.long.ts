import assert from 'node:assert/strict'
import { after, before, suite, test, type TestContext } from 'node:test'
import { Deadline } from '../../src/core/deadline.ts'
import type { Cluster } from '../../src/kafka/cluster.ts'
import { findCoordinator } from '../../src/kafka/messages/find-coordinator.ts'
import { Brokers } from '../../src/kafka/transport/brokers.ts'
import { exchange } from '../../src/kafka/transport/exchange.ts'
import { calm, clusterOf, joined, partitionsOf, type Watched } from '../kafka/groups/support.ts'
import { kafkaConfig, silent } from '../kafka/transport/scripted-broker.ts'
import { alone } from '../support/alone.ts'
import { FaultCluster } from './support/cluster.ts'
import { minutes } from './support/minutes.ts'

await alone()

const TOPIC = 'watched'
const PARTITIONS = 6
const GROUPS = ['g1', 'g2', 'g3']
const NAMES = ['a', 'b', 'c']

suite('A killed coordinator costs no member of a group', () => {
  let cluster: FaultCluster
  let gateways: Cluster[]
  let brokers: Brokers
  const members = new Map<string, Watched>()

  before(async () => {
    cluster = await FaultCluster.start({ properties: { 'offsets.topic.num.partitions': '8' } })
    await cluster.operator.createTopic(TOPIC, PARTITIONS)
    gateways = await Promise.all([0, 1].map(() => clusterOf(...cluster.bootstrapServers)))
    brokers = new Brokers(kafkaConfig([...cluster.bootstrapServers]), {}, silent)
    for (const group of GROUPS)
      for (const [index, name] of NAMES.entries())
        members.set(`${group}/${name}`, await joined(gateways[index % 2].groups, group, name, { topics: [TOPIC] }))
    for (const group of GROUPS) await calm(...of(group))
  })
  after(async () => {
    for (const gateway of gateways) await gateway.close()
    await brokers.close()
    await cluster.close()
  })

  const of = (group: string) => NAMES.flatMap(name => members.get(`${group}/${name}`) ?? [])

  const coordinatorOf = async (group: string): Promise<number> => {
    for (const channel of brokers.anyChannels())
      try {
        const request = { keyType: 0, coordinatorKeys: [group] }
        const { coordinators } = await exchange(channel, { ...findCoordinator, min: 4, max: 4 }, request)
        if (coordinators[0].errorCode === 0) return coordinators[0].nodeId
      } catch {
        // Another one may answer.
      }
    throw new Error(`Nobody names the coordinator of ${group}`)
  }

  /** Every member commits, is taken over by the other gateway, and shares the partitions as before, all in one generation. */
  const judge = async (t: TestContext, offset: number): Promise<void> => {
    const startedMs = performance.now()
    for (const group of GROUPS) {
      const before = of(group).map(({ member }) => member.generation)
      for (const [index, name] of NAMES.entries()) {
        const told = members.get(`${group}/${name}`)
        assert.ok(told !== undefined)
        assert.deepEqual(told.ended, [], `${group}/${name}`)
        const commits = new Map([[TOPIC, [{ partition: index, offset, leaderEpoch: -1, metadata: name }]]])
        const results = await told.member.commit(commits, Deadline.after(30_000))
        assert.equal(results.get(TOPIC)?.get(index), 0)
        if (index === 0) t.diagnostic(`${group}: committed after ${Math.round(performance.now() - startedMs)} ms`)
        const other = gateways.find(({ groups }) => !groups.held(group).includes(told.member))
        assert.ok(other !== undefined)
        const taker = await joined(other.groups, group, name, { topics: [TOPIC] })
        await assert.rejects(told.member.heartbeat(Deadline.after(30_000)), { trouble: 'fenced' })
        members.set(`${group}/${name}`, taker)
      }
      await calm(...of(group))
      assert.deepEqual(
        of(group).map(({ member }) => member.generation),
        before
      )
      assert.equal(partitionsOf(of(group).map(({ member }) => member)).length, PARTITIONS)
      const committed = await gateways[0].groups.committed(group, null, Deadline.after(30_000))
      for (const index of NAMES.keys())
        assert.deepEqual(committed.get(TOPIC)?.get(index), { offset, leaderEpoch: -1, metadata: NAMES[index] })
    }
  }

  for (const [what, fault, repair] of [
    ['killed', (id: number) => cluster.broker(id).kill(), (id: number) => cluster.broker(id).start()],
    ['frozen', (id: number) => cluster.broker(id).freeze(), (id: number) => cluster.broker(id).thaw()]
  ] as const)
    test(`that is ${what}: members stay, commits and takeovers go to the next one, and no group is rebalanced`, async t => {
      let rounds = 0
      for (const end = Date.now() + minutes() * 60_000; rounds < 2 || Date.now() < end; rounds++) {
        const id = await coordinatorOf(GROUPS[rounds % GROUPS.length])
        await fault(id)
        await judge(t, rounds + 1)
        await repair(id)
        await cluster.operator.untilInSync()
      }
    })
})
