import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { NOT_ASSIGNED } from '../../../src/gateway/instances/assigned.ts'
import { Deletions } from '../../../src/gateway/instances/deletions.ts'
import { InstanceSubscription } from '../../../src/gateway/instances/known-instance.ts'
import { encodeSubscription } from '../../../src/kafka/groups/consumer-protocol.ts'
import type { GroupDescription } from '../../../src/kafka/groups/describe-messages.ts'
import { silent } from '../../kafka/transport/scripted-broker.ts'
import { PLAIN } from './support.ts'

const settings = { ...PLAIN, ...NOT_ASSIGNED, version: 1, born: 'b', owner: 'o', pattern: null, counts: new Map() }
const { topics, userData } = new InstanceSubscription({ topics: [], settings })

function described(state: string): GroupDescription {
  const metadata = state === 'Stable' ? encodeSubscription({ topics, userData }) : Buffer.alloc(0)
  const member = { memberId: 'i-1', instanceId: 'i', clientId: '', clientHost: '', metadata, assignment: null }
  const group = { errorCode: 0, reason: null, kind: 'classic', protocolType: 'consumer', assignor: '' } as const
  return { ...group, state, members: [member] }
}

suite('A deleted instance that has come back', () => {
  test('is deleted again by the first look at it, though the group is being rebalanced when that begins', async t => {
    const states = ['PreparingRebalance', 'CompletingRebalance', 'Stable']
    const removed = Promise.withResolvers<string>()
    const deletions = new Deletions({
      groups: {
        describe: () => Promise.resolve(described(states.shift() ?? 'Stable')),
        remove: (_, name) => {
          removed.resolve(name)
          return Promise.resolve(true)
        }
      },
      log: silent
    })
    t.after(() => deletions.close())
    const secondLook = Promise.withResolvers<string>()
    setTimeout(secondLook.resolve, 3900, 'nothing').unref()
    deletions.deleted({ group: 'g', name: 'i', born: 'b' })
    assert.equal(await Promise.race([removed.promise, secondLook.promise]), 'i')
  })
})
