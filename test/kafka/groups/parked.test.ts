import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { modelCluster } from './model-cluster.ts'
import { joined, soon, until, watched } from './support.ts'

const topics = ['t']

/** They wait for 3 s each. */
suite('Rule 5: a member that is kept waiting', { concurrency: true }, () => {
  test('changes its member id once, so that others see that it lives, and goes on as what it was', async t => {
    const model = await modelCluster(t)
    const [one, other] = [model.gateway(), model.gateway()]
    const living = await joined(one, 'g', 'living', { topics, userData: 'v1' })
    const dead = await joined(other, 'g', 'dead', { topics })
    dead.member.abandon()
    const before = living.member.memberId
    living.member.resubscribe({ topics, userData: Buffer.from('v2') })
    const group = model.coordinator.group('g')
    const idOf = (name: string) => group.members.find(({ instanceId }) => instanceId === name)?.memberId
    const deadId = idOf('dead')
    await until(() => idOf('living') !== before)
    assert.deepEqual([group.state, living.member.state, living.ended.length], ['PreparingRebalance', 'joining', 0])
    const joins = model.asked.filter(({ api, request }) => api === 'JoinGroup' && request.groupInstanceId === 'living')
    assert.deepEqual(
      joins.slice(-2).map(({ request }) => [request.memberId, textIn(request)]),
      [
        [before, 'v2'],
        ['', 'v2']
      ]
    )
    assert.equal(idOf('dead'), deadId)
    const rescuer = watched(other, 'g', 'dead', { topics })
    rescuer.member.join()
    await living.member.settled(soon())
    await rescuer.member.settled(soon())
    assert.equal(living.member.memberId, idOf('living'))
    assert.equal(living.ended.length + rescuer.ended.length, 0)
  })

  test('has ended if it was fenced meanwhile: it does not take itself back', async t => {
    const model = await modelCluster(t)
    const [one, other] = [model.gateway(), model.gateway()]
    const waiting = await joined(one, 'g', 'a', { topics })
    const dead = await joined(other, 'g', 'dead', { topics })
    dead.member.abandon()
    waiting.member.resubscribe({ topics, userData: Buffer.from('v2') })
    await until(() => model.coordinator.group('g').state === 'PreparingRebalance')
    const taker = watched(other, 'g', 'a', { topics })
    taker.member.join()
    await until(() => waiting.ended.length === 1)
    const joins = () => model.asked.filter(({ api }) => api === 'JoinGroup').length
    const before = joins()
    assert.equal(await taker.member.settled(soon(3500)), null)
    assert.deepEqual([joins(), taker.ended.length, waiting.ended[0].trouble], [before, 0, 'fenced'])
  })

  test('by a leader that assigns nothing begins another rebalance, once', async t => {
    const model = await modelCluster(t)
    const [one, other] = [model.gateway(), model.gateway()]
    const leader = await joined(other, 'g', 'leader', { topics })
    model.delays.set('SyncGroup', 4000)
    const follower = watched(one, 'g', 'follower', { topics })
    follower.member.join()
    const group = model.coordinator.group('g')
    await until(() => {
      leader.member.beat()
      return follower.member.state === 'syncing'
    })
    const { generation } = group
    leader.member.abandon()
    await until(() => group.state === 'PreparingRebalance')
    model.delays.clear()
    const rescuer = watched(other, 'g', 'leader', { topics })
    rescuer.member.join()
    await follower.member.settled(soon())
    assert.deepEqual([follower.member.generation, follower.ended.length], [generation + 1, 0])
  })
})

// oxlint-disable-next-line typescript/no-explicit-any -- a request as the interpreter of the definitions reads it
function textIn(request: any): string {
  const { metadata } = request.protocols[0] as { metadata: Buffer }
  return /v\d/.exec(metadata.toString('latin1'))?.[0] ?? ''
}
