import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { type AskedOfModel, modelCluster, type ModelCluster } from './model-cluster.ts'
import { soon } from './support.ts'

const asked = ({ asked }: ModelCluster, api: AskedOfModel['api']): AskedOfModel[] =>
  asked.filter(each => each.api === api)

suite('The coordinator of a group', () => {
  test('is asked for once: many groups in one request, and none of them again', async t => {
    const model = await modelCluster(t)
    const gateway = model.gateway()
    const groups = Array.from({ length: 50 }, (_, index) => `g${index}`)
    for (let round = 0; round < 2; round++) await Promise.all(groups.map(group => gateway.describe(group, soon())))
    const [{ request }, ...more] = asked(model, 'FindCoordinator')
    assert.deepEqual(request.coordinatorKeys, groups)
    assert.deepEqual(more, [])
    assert.equal(asked(model, 'DescribeGroups').length, 100)
  })

  test('is asked for group by group before version 4, which takes lists (KIP-699)', async t => {
    const model = await modelCluster(t, { findVersion: 3 })
    const gateway = model.gateway()
    await Promise.all(['g', 'h'].map(group => gateway.describe(group, soon())))
    assert.deepEqual(
      asked(model, 'FindCoordinator').map(({ request }) => request.key),
      ['g', 'h']
    )
  })

  test('is asked for again once the broker says that it is another one, not while that loads the group', async t => {
    const model = await modelCluster(t)
    const gateway = model.gateway()
    await gateway.describe('g', soon())
    model.next.set('DescribeGroups', [14, 14])
    await gateway.describe('g', soon())
    assert.equal(asked(model, 'FindCoordinator').length, 1)
    model.move()
    await gateway.describe('g', soon())
    assert.equal(asked(model, 'FindCoordinator').length, 2)
    assert.deepEqual(
      asked(model, 'DescribeGroups').map(({ brokerId }) => brokerId),
      [1, 1, 1, 1, 1, 2]
    )
  })

  test('is waited for while the cluster has none, until the deadline', async t => {
    const model = await modelCluster(t)
    const gateway = model.gateway()
    model.next.set('FindCoordinator', [15, 15])
    await gateway.describe('g', soon())
    model.next.set(
      'FindCoordinator',
      Array.from({ length: 100 }, () => 15)
    )
    await assert.rejects(gateway.describe('h', soon(300)), { kind: 'unreachable', name: 'KafkaFailure' })
  })

  test('is asked again over a new connection if one is lost', async t => {
    const model = await modelCluster(t)
    const gateway = model.gateway()
    model.next.set('OffsetFetch', ['hangUp', 'hangUp'])
    assert.deepEqual(await gateway.committed('g', new Map([['t', [0]]]), soon()), new Map())
    assert.equal(asked(model, 'OffsetFetch').length, 3)
  })

  test('that keeps offsets back for an open transaction is asked until it is over', async t => {
    const model = await modelCluster(t)
    model.next.set('OffsetFetch', [88, 88])
    await model.gateway().committed('g', null, soon())
    assert.deepEqual(
      asked(model, 'OffsetFetch').map(({ request }) => request.requireStable),
      [true, true, true]
    )
  })

  test('that Kafka does not name to the gateway is told as a refusal, in words', async t => {
    const model = await modelCluster(t)
    model.next.set('FindCoordinator', [30])
    await assert.rejects(model.gateway().describe('g', soon()), {
      name: 'GroupFailure',
      trouble: 'unauthorized',
      kind: 'refused',
      message: "Consumer group 'g': Kafka does not permit using it."
    })
  })
})
