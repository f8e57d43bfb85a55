import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { decodeSubscription } from '../../../src/kafka/groups/consumer-protocol.ts'
import { partition } from '../metadata/scripted-cluster.ts'
import { modelCluster, type AskedOfModel, type ModelCluster } from './model-cluster.ts'
import { calm, joined, partitionsOf, soon, until, type Watched, watched } from './support.ts'

const topics = ['t']
const ALL = ['t-0', 't-1', 't-2', 't-3']

const asked = ({ asked }: ModelCluster, api: AskedOfModel['api']): AskedOfModel[] =>
  asked.filter(each => each.api === api)

suite('A member of a group', { concurrency: true }, () => {
  test('joins, leads, assigns everything to itself, and leaves', async t => {
    const model = await modelCluster(t)
    const { member, assigned, revoked } = await joined(model.gateway(), 'g', 'a', { topics })
    assert.deepEqual(partitionsOf([member]), ALL)
    assert.deepEqual([member.leads, member.generation, assigned.length, revoked], [true, 1, 1, 0])
    assert.equal(await member.leave(soon()), true)
    assert.equal(model.coordinator.group('g').state, 'Empty')
    assert.equal(member.state, 'ended')
    await assert.rejects(member.settled(soon()), { name: 'GroupFailure' })
  })

  test('shares the partitions with members of other gateways; each is asked to give back what it had', async t => {
    const model = await modelCluster(t)
    const first = await joined(model.gateway(), 'g', 'a', { topics })
    const second = await joined(model.gateway(), 'g', 'b', { topics })
    await calm(first, second)
    assert.deepEqual(partitionsOf([first.member, second.member]), ALL)
    assert.deepEqual([first.revoked, second.revoked], [1, 0])
  })

  test('rule 3: is sent an encoded list by our leader even if it gets no partition', async t => {
    const model = await modelCluster(t)
    const gateway = model.gateway()
    const members = await Promise.all(
      ['a', 'b', 'c', 'd', 'e', 'f'].map(name => joined(gateway, 'g', name, { topics }))
    )
    await calm(...members)
    for (const { assignment } of model.coordinator.group('g').members) assert.ok(assignment.length > 0)
    assert.deepEqual(partitionsOf(members.map(({ member }) => member)), ALL)
  })

  test('keeps its partitions and generation when another gateway takes it over, follower or leader; the former holder is told', async t => {
    for (const joinVersion of [9, 7]) {
      const model = await modelCluster(t, { joinVersion })
      const [one, other] = [model.gateway(), model.gateway()]
      const a = await joined(one, 'g', 'a', { topics })
      const b = await joined(one, 'g', 'b', { topics })
      await calm(a, b)
      const { rebalances } = model.coordinator
      for (const holder of [a, b]) {
        const before = partitionsOf([holder.member])
        const taker = await joined(other, 'g', holder.member.instanceId, { topics })
        assert.deepEqual(partitionsOf([taker.member]), before)
        assert.equal(taker.member.leads, holder.member.leads)
        await assert.rejects(holder.member.commit(commitOf(), soon()), { trouble: 'fenced' })
        assert.deepEqual(
          holder.ended.map(({ trouble }) => trouble),
          ['fenced']
        )
      }
      assert.equal(model.coordinator.rebalances, rebalances)
    }
  })

  test('that is handed over takes its own place only: whoever takes it over before or meanwhile is not disturbed', async t => {
    for (const isMeanwhile of [false, true]) {
      const model = await modelCluster(t)
      const [one, other] = [model.gateway(), model.gateway()]
      const taker = watched(other, 'g', 'a', { topics })
      // Without a heartbeat of the former holder, which would tell it.
      const take = async () => {
        taker.member.join()
        await taker.member.settled(soon())
      }
      const leaving = await joined(one, 'g', 'a', isMeanwhile ? { topics, onRevoked: take } : { topics })
      if (!isMeanwhile) await take()
      await assert.rejects(leaving.member.handOver(60_000, soon()), { trouble: 'fenced' })
      await taker.member.heartbeat(soon())
      assert.deepEqual([taker.ended, taker.member.state, leaving.member.state], [[], 'stable', 'ended'])
    }
  })

  test('rule 3: that takes over a leader before JoinGroup 9 assigns nothing in a stable group, and everything in one that is not', async t => {
    const model = await modelCluster(t, { joinVersion: 6, forgetsTakers: true })
    const [one, other] = [model.gateway(), model.gateway()]
    await joined(one, 'g', 'a', { topics })
    const taker = await joined(other, 'g', 'a', { topics })
    const [sync] = asked(model, 'SyncGroup').slice(-1)
    assert.deepEqual(sync.request.assignments, [])
    assert.deepEqual([taker.member.leads, partitionsOf([taker.member])], [true, ALL])
    assert.equal(asked(model, 'DescribeGroups').length, 1)

    // Now its assignments are awaited: the leader's SyncGroup never comes.
    model.next.set(
      'SyncGroup',
      Array.from({ length: 50 }, () => 14)
    )
    const late = watched(one, 'g', 'b', { topics })
    late.member.join()
    await until(() => model.coordinator.group('g').state === 'CompletingRebalance')
    taker.member.abandon()
    model.next.clear()
    const next = await joined(other, 'g', 'a', { topics })
    await calm(next, late)
    assert.deepEqual(partitionsOf([next.member, late.member]), ALL)
  })

  test('rule 3: that is given zero bytes joins again with other metadata, as the same would change nothing (KAFKA-9801)', async t => {
    const model = await modelCluster(t, { joinVersion: 6, forgetsTakers: true })
    const [one, other] = [model.gateway(), model.gateway()]
    const leader = await joined(one, 'g', 'a', { topics })
    const follower = await joined(one, 'g', 'b', { topics })
    await calm(leader, follower)
    // The leader knows the follower by its old id when it assigns.
    const group = model.coordinator.group('g')
    const taken = group.members.find(({ instanceId }) => instanceId === 'b')
    assert.ok(taken !== undefined)
    taken.assignment = Buffer.alloc(0)
    const taker = await joined(other, 'g', 'b', { topics, userData: '{"v":7}' })
    await calm(leader, taker)
    assert.deepEqual(partitionsOf([leader.member, taker.member]), ALL)
    const [first, second] = asked(model, 'JoinGroup')
      .filter(({ request }) => request.groupInstanceId === 'b')
      .slice(-2)
      .map(({ request }) => request.protocols[0].metadata as Buffer)
    assert.equal(first.equals(second), false)
    assert.equal(decodeSubscription(second)?.userData?.toString(), '{"v":7}')
    assert.deepEqual(
      follower.ended.map(({ trouble }) => trouble),
      ['fenced']
    )
  })

  test('without an instance id joins with the id that it is given (KIP-394)', async t => {
    const model = await modelCluster(t)
    const { member } = await joined(model.gateway(), 'g', null, { topics })
    assert.deepEqual(partitionsOf([member]), ALL)
    assert.equal(asked(model, 'JoinGroup')[1].request.memberId, member.memberId)
  })

  test('that the coordinator does not know any more has ended; one that a moving coordinator lost in a rebalance joins anew', async t => {
    const model = await modelCluster(t)
    const [one, other] = [model.gateway(), model.gateway()]
    const removed = await joined(one, 'g', 'a', { topics })
    assert.equal(await other.remove('g', 'a', soon()), true)
    assert.equal(await other.remove('g', 'a', soon()), false)
    await assert.rejects(removed.member.heartbeat(soon()), { trouble: 'unknownMember' })
    assert.deepEqual([removed.member.state, removed.ended.length], ['ended', 1])

    const first = await joined(one, 'g', 'c', { topics })
    const second = watched(one, 'g', 'd', { topics })
    model.next.set(
      'Heartbeat',
      Array.from({ length: 20 }, () => 0)
    )
    second.member.join()
    await until(() => asked(model, 'JoinGroup').some(({ request }) => request.groupInstanceId === 'd'))
    model.move()
    model.next.clear()
    await calm(first, second)
    assert.deepEqual(partitionsOf([first.member, second.member]), ALL)
    assert.equal(second.ended.length, 0)
  })

  test('that is removed while its JoinGroup waits has ended, and does not come back', async t => {
    const model = await modelCluster(t)
    const [one, other] = [model.gateway(), model.gateway()]
    await joined(one, 'g', 'a', { topics })
    model.next.set(
      'Heartbeat',
      Array.from({ length: 20 }, () => 0)
    )
    const waiting = watched(one, 'g', 'b', { topics })
    waiting.member.join()
    await until(() => model.coordinator.group('g').members.length === 2)
    await other.remove('g', 'b', soon())
    await until(() => waiting.ended.length === 1)
    assert.equal(waiting.ended[0].trouble, 'unknownMember')
    assert.deepEqual(
      model.coordinator.group('g').members.map(({ instanceId }) => instanceId),
      ['a']
    )
  })

  test('takes its next request to wherever the coordinator is now, without a word to its owner', async t => {
    const model = await modelCluster(t)
    const gateway = model.gateway()
    const { member, assigned, ended } = await joined(gateway, 'g', 'a', { topics })
    const moved: string[] = []
    gateway.onCoordinatorMoved(group => moved.push(group))
    model.move()
    await member.heartbeat(soon())
    assert.deepEqual(moved, ['g'])
    assert.deepEqual(
      asked(model, 'Heartbeat')
        .map(({ brokerId }) => brokerId)
        .slice(-2),
      [1, 2]
    )
    model.next.set('OffsetCommit', [14, 15, 16, 'hangUp'])
    assert.deepEqual(await member.commit(commitOf(), soon()), new Map([['t', new Map([[0, 0]])]]))
    assert.equal(asked(model, 'OffsetCommit').length, 5)
    assert.deepEqual([assigned.length, ended.length], [1, 0])
  })

  test('that is left before its JoinGroup has arrived is no member once it has', async t => {
    const model = await modelCluster(t)
    const { member, ended } = watched(model.gateway(), 'g', 'a', { topics })
    // The answer to FindCoordinator is on its way, then the JoinGroup on one connection, and the LeaveGroup on another.
    for (const api of ['FindCoordinator', 'JoinGroup', 'SyncGroup'] as const) {
      const told = watched(model.gateway(), 'g', api, { topics })
      told.member.join()
      await until(() => asked(model, api).length > 0)
      await told.member.leave(soon())
      await until(() => model.coordinator.group('g').members.length === 0)
      model.asked.length = 0
    }
    model.delays.set('JoinGroup', 100)
    member.join()
    await until(() => asked(model, 'JoinGroup').length === 1)
    assert.equal(await member.leave(soon()), true)
    await until(() => asked(model, 'LeaveGroup').length === 2)
    await until(() => model.coordinator.group('g').members.length === 0)
    assert.deepEqual([member.state, ended.length], ['ended', 0])
  })

  test('that is let go of while it waits for a connection sends no JoinGroup any more', async t => {
    const model = await modelCluster(t, { joinConnections: 1 })
    const [gateway, other] = [model.gateway(), model.gateway()]
    await joined(other, 'g', 'a', { topics })
    model.next.set(
      'Heartbeat',
      Array.from({ length: 50 }, () => 0)
    )
    const parked = watched(gateway, 'g', 'b', { topics })
    parked.member.join()
    await until(() => model.coordinator.group('g').state === 'PreparingRebalance')
    const waiting = watched(gateway, 'h', 'c', { topics })
    waiting.member.join()
    assert.equal(await waiting.member.settled(soon(50)), null)
    waiting.member.abandon()
    await parked.member.leave(soon())
    await joined(gateway, 'h', 'd', { topics })
    assert.deepEqual(
      model.coordinator.group('h').members.map(({ instanceId }) => instanceId),
      ['d']
    )
  })

  test('joins again though the connections do not suffice for all groups that are rebalanced', async t => {
    const model = await modelCluster(t, { joinConnections: 5 })
    const gateway = model.gateway()
    const groups: Watched[][] = []
    for (const group of ['g', 'h']) {
      const names = ['a', 'b', 'c', 'd']
      groups.push(await Promise.all(names.map(name => joined(gateway, group, name, { topics: [] }))))
      await calm(...groups.flat())
    }
    const firsts = groups.map(([{ member }]) => member)
    for (const member of firsts) member.resubscribe({ topics, userData: Buffer.from('{}') })
    // Both are parked before the others hear of it.
    await until(() => ['g', 'h'].every(group => model.coordinator.group(group).state === 'PreparingRebalance'))
    await until(() => firsts.every(({ assignment }) => assignment?.partitions.get('t')?.length === 4), 4000)
  })

  test('whose JoinGroup is with a frozen broker joins at the next coordinator, once others name that', async t => {
    const model = await modelCluster(t)
    const { member, ended } = await joined(model.gateway(), 'g', 'a', { topics })
    const waiting = watched(model.gateway(), 'g', 'b', { topics })
    model.next.set(
      'Heartbeat',
      Array.from({ length: 50 }, () => 0)
    )
    waiting.member.join()
    await until(() => model.coordinator.group('g').members.length === 2)
    model.next.clear()
    model.freeze()
    await until(() => waiting.member.state === 'stable' && member.state === 'stable', 20_000)
    assert.deepEqual([member.state, ended.length, waiting.ended.length], ['stable', 0, 0])
    assert.equal(asked(model, 'JoinGroup').at(-1)?.brokerId, 2)
  })

  test('that may not join has ended with the reason', async t => {
    const model = await modelCluster(t)
    const gateway = model.gateway()
    for (const [code, trouble, kind] of [
      [23, 'inconsistent', 'refused'],
      [26, 'badSessionTimeout', 'invalidRequest'],
      [30, 'unauthorized', 'refused'],
      [81, 'full', 'busy']
    ] as const) {
      model.next.set('JoinGroup', [code])
      const { member, ended } = watched(gateway, 'g', 'a', { topics })
      member.join()
      await assert.rejects(member.settled(soon()), { trouble, kind, kafkaCode: code })
      assert.equal(ended.length, 1)
    }
    assert.deepEqual(gateway.held('g'), [])
  })

  test('rule 2: waits for a JoinGroup on a connection of its own: no other request stands behind it', async t => {
    const model = await modelCluster(t)
    const gateway = model.gateway()
    const first = await joined(gateway, 'g', 'a', { topics })
    model.next.set(
      'Heartbeat',
      Array.from({ length: 50 }, () => 0)
    )
    const waiting = watched(gateway, 'g', 'b', { topics })
    waiting.member.join()
    await until(() => model.coordinator.group('g').state === 'PreparingRebalance')
    await first.member.commit(commitOf(), soon())
    assert.equal(await waiting.member.settled(soon(50)), null)
    assert.ok(waiting.member.joiningForMs > 0)
    const elsewhere = await joined(gateway, 'h', 'b', { topics })
    assert.deepEqual(partitionsOf([elsewhere.member]), ALL)
  })

  test('rule 2: hears of a rebalance within seconds, from one heartbeat for all members of its gateway', async t => {
    const model = await modelCluster(t)
    const gateway = model.gateway()
    const held = await Promise.all(['a', 'b', 'c', 'd'].map(name => joined(gateway, 'g', name, { topics })))
    await calm(...held)
    const before = asked(model, 'Heartbeat').length
    const newcomer = watched(model.gateway(), 'g', 'e', { topics })
    newcomer.member.join()
    await until(() => newcomer.member.state === 'stable')
    assert.ok(asked(model, 'Heartbeat').length - before <= 2)
    await calm(...held, newcomer)
  })

  test('rule 2: that another one of its gateway told of a rebalance joins in the same moment', async t => {
    const model = await modelCluster(t)
    const [one, other] = [model.gateway(), model.gateway()]
    const held = await Promise.all(['a', 'b', 'c'].map(name => joined(one, 'g', name, { topics })))
    await calm(...held)
    const newcomer = watched(other, 'g', 'd', { topics })
    newcomer.member.join()
    await until(() => model.coordinator.group('g').state === 'PreparingRebalance')
    const before = asked(model, 'Heartbeat').length
    await assert.rejects(held[1].member.heartbeat(soon()), { trouble: 'rebalancing' })
    await until(() => [...held, newcomer].every(({ member }) => member.state === 'stable'))
    assert.equal(asked(model, 'Heartbeat').length - before, 1)
    assert.deepEqual(partitionsOf([...held, newcomer].map(({ member }) => member)), ALL)
  })

  test('rule 7: is joined again only after its owner has committed what it delivered', async t => {
    const model = await modelCluster(t)
    const gateway = model.gateway()
    const order: string[] = []
    const member = gateway.member({
      group: 'g',
      instanceId: 'a',
      subscription: { topics, userData: Buffer.from('1') },
      sessionTimeoutMs: 10_000,
      rebalanceTimeoutMs: 10_000,
      hooks: {
        onAssigned: ({ generation }) => order.push(`assigned ${generation}`),
        onRevoked: async () => {
          order.push('revoked')
          await member.commit(commitOf(), soon())
        },
        onEnded: () => order.push('ended')
      }
    })
    member.join()
    await member.settled(soon())
    member.resubscribe({ topics, userData: Buffer.from('2') })
    await member.settled(soon())
    assert.deepEqual(order, ['assigned 1', 'revoked', 'assigned 2'])
    const apis = model.asked.map(({ api }) => api)
    assert.ok(apis.indexOf('OffsetCommit') < apis.lastIndexOf('JoinGroup'))
    const [{ request }] = asked(model, 'OffsetCommit')
    assert.equal(request.generationIdOrMemberEpoch, 1)
  })

  test('whose subscription changes while it joins joins once more', async t => {
    const model = await modelCluster(t)
    const told = watched(model.gateway(), 'g', 'a', { topics: [] })
    told.member.join()
    await until(() => told.member.state !== 'idle')
    told.member.resubscribe({ topics, userData: Buffer.from('2') })
    await until(() => told.assigned.length === 2)
    assert.deepEqual(partitionsOf([told.member]), ALL)
  })

  test('never changes its topics while it takes over, which no rebalance would follow: it does so under the id it got', async t => {
    const model = await modelCluster(t)
    await joined(model.gateway(), 'g', 'a', { topics: [] })
    const taker = watched(model.gateway(), 'g', 'a', { topics: [] })
    model.next.set('JoinGroup', [14, 14])
    const before = asked(model, 'JoinGroup').length
    taker.member.join()
    await until(() => asked(model, 'JoinGroup').length > before)
    taker.member.resubscribe({ topics, userData: Buffer.from('2') })
    await until(() => partitionsOf([taker.member]).length === 4)
    const sent = asked(model, 'JoinGroup')
      .slice(before)
      .map(({ request }) => [request.memberId === '', decodeSubscription(request.protocols[0].metadata)?.topics])
    assert.deepEqual(sent, [
      [true, []],
      [true, []],
      [true, []],
      [false, topics]
    ])
  })

  test('rule 3: that leads rebalances the group when partitions are added or a topic appears, also after it was taken over', async t => {
    const model = await modelCluster(t)
    const [one, other] = [model.gateway(), model.gateway()]
    await joined(one, 'g', 'a', { topics: ['t', 'new'] })
    const taker = await joined(other, 'g', 'a', { topics: ['t', 'new'] })
    await taker.member.watch()
    assert.equal(taker.assigned.length, 1)
    const five = [0, 1, 2, 3, 4].map(number => partition(number, 1))
    for (const view of model.views)
      view.topics.set('t', { partitions: five }).set('new', { partitions: five.slice(0, 1) })
    // Metadata that is known is refreshed in the background; here by hand. A miss is believed for a second.
    await until(() => {
      void taker.member.watch()
      return taker.assigned.length > 1
    })
    await until(() => partitionsOf([taker.member]).join() === 'new-0,t-0,t-1,t-2,t-3,t-4')
  })

  test('rule 1: is handed over: it commits, and lives on in the group, under another session time-out, in no hands', async t => {
    const model = await modelCluster(t)
    let committed: unknown
    const onRevoked = async () => {
      committed = await member.commit(commitOf(), soon())
    }
    const { member, ended } = await joined(model.gateway(), 'g', 'a', { topics, onRevoked })
    await member.handOver(120_000, soon())
    assert.deepEqual(committed, new Map([['t', new Map([[0, 0]])]]))
    const [, join] = asked(model, 'JoinGroup')
    assert.deepEqual([join.request.memberId, join.request.sessionTimeoutMs], ['', 120_000])
    assert.equal(asked(model, 'LeaveGroup').length, 0)
    const group = model.coordinator.group('g')
    assert.deepEqual([group.state, group.generation, group.members.length], ['Stable', 1, 1])
    const last = model.asked.at(-1)
    assert.deepEqual([last?.api, last?.request.memberId], ['Heartbeat', group.members[0].memberId])
    assert.deepEqual([member.state, ended.length], ['ended', 0])
  })

  test('rule 14: is refused if the gateway holds as many members of the group as it may', async t => {
    const model = await modelCluster(t, { joinConnections: 2 })
    const gateway = model.gateway()
    await Promise.all(['a', 'b'].map(name => joined(gateway, 'g', name, { topics })))
    assert.throws(() => watched(gateway, 'g', 'c', { topics }), { trouble: 'tooManyMembers', kind: 'busy' })
    await joined(gateway, 'h', 'c', { topics })
  })
})

test('rule 2: a member hears at once of a rebalance that another member of its process begins, however far its next heartbeat is', async t => {
  t.mock.timers.enable({ apis: ['setInterval'] })
  const model = await modelCluster(t)
  const gateway = model.gateway()
  const members: Watched[] = []
  for (const name of ['a', 'b', 'c', 'd']) {
    const told = watched(gateway, 'g', name, { topics })
    told.member.join()
    assert.notEqual(await told.member.settled(soon()), null)
    members.push(told)
  }
  members[1].member.resubscribe({ topics: [], userData: Buffer.from('{}') })
  const everyone = members.map(({ member }) => member)
  const isShared = () => partitionsOf(everyone).join() === ALL.join() && partitionsOf([everyone[1]]).length === 0
  await until(() => isShared() && new Set(everyone.map(({ generation }) => generation)).size === 1)
})

function commitOf() {
  return new Map([['t', [{ partition: 0, offset: 7, leaderEpoch: -1, metadata: 'm' }]]])
}
