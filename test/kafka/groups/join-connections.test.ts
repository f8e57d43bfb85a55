import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { setImmediate } from 'node:timers/promises'
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

  test('is there for all members of a group that join together, or for none of them yet', async t => {
    const { brokers } = await startCluster(t, 1)
    const joins = new JoinConnections(brokers, 4)
    const order: string[] = []
    const come = (group: string, together: number) =>
      Array.from({ length: together }, async () => {
        const connection = await joins.take(1, group, together)
        order.push(group)
        return connection
      })
    const [g, h] = [come('g', 3), come('h', 3)]
    await setImmediate()
    assert.deepEqual(order, ['g', 'g', 'g'])
    for (const connection of await Promise.all(g.slice(1))) connection.release()
    await setImmediate()
    assert.equal(order.length, 6)
    await Promise.all(h)
  })

  test('is not kept for members that do not come after all', async t => {
    const { brokers } = await startCluster(t, 1)
    const joins = new JoinConnections(brokers, 4)
    const only = await joins.take(1, 'g', 4)
    const other = joins.take(1, 'h', 2)
    only.release()
    await other
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
