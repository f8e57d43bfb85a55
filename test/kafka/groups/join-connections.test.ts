import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import fc from 'fast-check'
import { JoinConnections, type JoinConnection } from '../../../src/kafka/groups/join-connections.ts'
import { startCluster } from '../metadata/scripted-cluster.ts'

suite('Rule 2: a connection for requests that are parked', () => {
  test('is used by one at a time; the one given back last is used again first', async t => {
    const { brokers } = await startCluster(t, 2)
    const joins = new JoinConnections(brokers, 10)
    const [one, two] = [await joins.take(1, 'g', 1), await joins.take(1, 'g', 1)]
    assert.notEqual(one.channel, two.channel)
    assert.notEqual((await joins.take(2, 'g', 1)).channel.port, one.channel.port)
    two.release()
    one.release()
    assert.equal((await joins.take(1, 'g', 1)).channel, one.channel)
  })

  test('beyond the limit is waited for, in the order of asking', async t => {
    const { brokers } = await startCluster(t, 1)
    const joins = new JoinConnections(brokers, 2)
    const taken = [await joins.take(1, 'g', 1), await joins.take(1, 'g', 1)]
    const order: string[] = []
    const waiting = ['third', 'fourth'].map(name =>
      joins.take(1, 'g', 1).then((connection): JoinConnection => {
        order.push(name)
        return connection
      })
    )
    await setImmediate()
    assert.deepEqual(order, [])
    taken[1].release()
    assert.equal((await waiting[0]).channel, taken[1].channel)
    assert.deepEqual(order, ['third'])
    taken[0].release()
    await waiting[1]
    assert.deepEqual(order, ['third', 'fourth'])
  })

  test('is kept back where two groups with a part of them each would wait for each other', async t => {
    const { brokers } = await startCluster(t, 1)
    const joins = new JoinConnections(brokers, 4)
    const order: string[] = []
    const come = async (group: string) => {
      const connection = await joins.take(1, group, 3)
      order.push(group)
      return connection
    }
    const all = ['g', 'h', 'h', 'g', 'g', 'h'].map(come)
    await setImmediate()
    assert.deepEqual(order, ['g', 'h', 'h', 'h'])
    for (const taken of [all[1], all[2], all[5]]) (await taken).release()
    await Promise.all(all)
  })

  test('is not kept for members that do not come after all', async t => {
    const { brokers } = await startCluster(t, 1)
    const joins = new JoinConnections(brokers, 4)
    const only = await joins.take(1, 'g', 4)
    const others = ['h', 'h'].map(group => joins.take(1, group, 4))
    await setImmediate()
    only.release()
    await Promise.all(others)
  })

  test('is had beside that of a request that is parked if one is free, and never waited for', async t => {
    const { brokers } = await startCluster(t, 1)
    const joins = new JoinConnections(brokers, 3)
    assert.equal(joins.takeSpare(1, 'g'), undefined)
    const parked = await joins.take(1, 'g', 2)
    const spare = joins.takeSpare(1, 'g')
    assert.notEqual(spare?.channel, parked.channel)
    await joins.take(1, 'g', 2)
    assert.equal(joins.takeSpare(1, 'g'), undefined)
    spare?.release()
    assert.equal(joins.takeSpare(1, 'g')?.channel, spare?.channel)
  })

  test('is had in the end by every member, in whatever order those of several groups come', async t => {
    const { brokers } = await startCluster(t, 1)
    const limit = 5
    const size = fc
      .record({ known: fc.integer({ min: 1, max: limit }), newcomers: fc.nat({ max: limit }) })
      .map(({ known, newcomers }) => ({ known, newcomers: Math.min(newcomers, limit - known) }))
    const sizes = fc.array(size, { minLength: 1, maxLength: 5 })
    const inSomeOrder = sizes.chain(list => {
      const members = list.flatMap(({ known, newcomers }, group) =>
        Array.from({ length: known + newcomers }, (_member, index) => ({ group, isNew: index >= known }))
      )
      return fc.record({ list: fc.constant(list), order: fc.shuffledSubarray(members, { minLength: members.length }) })
    })
    await fc.assert(
      fc.asyncProperty(inSomeOrder, async ({ list, order }) => {
        const joins = new JoinConnections(brokers, limit)
        const come = async ({ group, isNew }: { group: number; isNew: boolean }) =>
          joins.take(1, `g${group}`, list[group].known, isNew)
        const all = order.map(member => ({ ...member, taken: come(member) }))
        let most = 0
        let now = 0
        for (const { taken } of all) void taken.then(() => (most = Math.max(most, ++now)))
        // Nobody's request is answered before each member that the coordinator knows has sent one.
        const answered = list.map(async (_size, number) =>
          Promise.all(all.filter(({ group, isNew }) => group === number && !isNew).map(({ taken }) => taken))
        )
        const ended = all.map(async ({ group, taken }) => {
          const connection = await taken
          await answered[group]
          now--
          connection.release()
        })
        await Promise.all(ended)
        assert.ok(most <= limit)
      })
    )
  })

  test('is for members that the coordinator waits for, before those that it does not know yet', async t => {
    const { brokers } = await startCluster(t, 1)
    const joins = new JoinConnections(brokers, 6)
    const order: string[] = []
    const come = async (group: string, known: number, isNew = false) => {
      const connection = await joins.take(1, group, known, isNew)
      order.push(isNew ? `new ${group}` : group)
      return connection
    }
    const first = [come('g', 4), come('g', 4), come('g', 4), come('h', 2)]
    const late = [come('g', 4, true), come('g', 4, true), come('h', 2), come('g', 4)]
    await setImmediate()
    assert.deepEqual(order, ['g', 'g', 'g', 'h', 'new g', 'h'])
    for (const taken of [first[3], late[2]]) (await taken).release()
    await setImmediate()
    assert.deepEqual(order.slice(6), ['g', 'new g'])
    await Promise.all(late)
  })

  test('is found for a group with more members than there are connections, as they become free', async t => {
    const { brokers } = await startCluster(t, 1)
    const joins = new JoinConnections(brokers, 2)
    const all = Array.from({ length: 5 }, () => joins.take(1, 'g', 5).then(taken => taken.release()))
    await Promise.all(all)
  })

  test('to a broker that is not known is none, and takes no place', async t => {
    const { brokers } = await startCluster(t, 1)
    const joins = new JoinConnections(brokers, 1)
    for (let turn = 0; turn < 3; turn++)
      await assert.rejects(joins.take(9, 'g', 1), { name: 'TransportError', sent: false })
  })
})
