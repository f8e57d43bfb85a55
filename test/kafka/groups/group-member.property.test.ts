import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import fc from 'fast-check'
import { modelCluster, type ApiName } from './model-cluster.ts'
import { calm, partitionsOf, soon, until, type Watched, watched } from './support.ts'

const topics = ['t']
const RUNS = 5
const NAMES = ['a', 'b', 'c', 'd']

type Step =
  | { readonly kind: 'join' | 'leave' | 'resubscribe'; readonly name: string; readonly gateway: number }
  | { readonly kind: 'move' }
  | { readonly kind: 'fail'; readonly api: ApiName; readonly how: number | 'hangUp' }
  | { readonly kind: 'wait'; readonly ms: number }

const steps: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constantFrom('join' as const, 'join' as const, 'leave' as const, 'resubscribe' as const),
      name: fc.constantFrom(...NAMES),
      gateway: fc.nat(1)
    })
  },
  { weight: 1, arbitrary: fc.constant({ kind: 'move' } as const) },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('fail' as const),
      api: fc.constantFrom(
        'JoinGroup' as const,
        'SyncGroup' as const,
        'Heartbeat' as const,
        'FindCoordinator' as const
      ),
      how: fc.constantFrom(14, 15, 16, 'hangUp' as const)
    })
  },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('wait' as const), ms: fc.nat(60) }) }
)

test('whatever happens to members, gateways and the coordinator, in the end each partition has one member', async t => {
  for (const joinVersion of [9, 6])
    await fc.assert(
      fc.asyncProperty(fc.array(steps, { minLength: 3, maxLength: 14 }), async script => {
        const model = await modelCluster(t, { joinVersion })
        const gateways = [model.gateway(), model.gateway()]
        /** All who were ever told to hold an instance: of two at once, the coordinator decides. */
        const held = new Map(NAMES.map(name => [name, [] as Watched[]]))
        const join = (name: string, gateway: number) => {
          const told = watched(gateways[gateway], 'g', name, { topics, rebalanceTimeoutMs: 300 })
          told.member.join()
          held.get(name)?.push(told)
        }
        const holdersOf = (name: string) => (held.get(name) ?? []).filter(({ member }) => member.state !== 'ended')
        let version = 0
        for (const step of script) {
          if (step.kind === 'wait') await sleep(step.ms)
          else if (step.kind === 'move') model.move()
          else if (step.kind === 'fail') model.next.set(step.api, [step.how])
          else if (step.kind === 'join') join(step.name, step.gateway)
          else if (step.kind === 'resubscribe') {
            const subscription = { topics, userData: Buffer.from(String(version++)) }
            for (const { member } of holdersOf(step.name)) member.resubscribe(subscription)
          } else {
            await Promise.all(holdersOf(step.name).map(({ member }) => member.leave(soon())))
            await gateways[step.gateway].remove('g', step.name, soon()).catch(() => false)
            held.set(step.name, [])
          }
        }
        model.next.clear()
        const isOver = ([, holders]: readonly [string, readonly Watched[]]) => holders.length <= 1
        await until(() => NAMES.every(name => isOver([name, holdersOf(name)])))
        // A client calls: an instance that the moving coordinator gave back to a former holder is taken over.
        for (const name of NAMES) if (held.get(name)?.length !== 0 && holdersOf(name).length === 0) join(name, 0)
        const all = NAMES.flatMap(name => holdersOf(name))
        await calm(...all)
        for (const { ended } of [...held.values()].flat())
          for (const { trouble } of ended) assert.equal(trouble, 'fenced')
        const members = model.coordinator.group('g').members.map(({ instanceId }) => instanceId)
        const expected = all.length === 0 ? [] : ['t-0', 't-1', 't-2', 't-3']
        const ours = partitionsOf(all.map(({ member }) => member))
        if (members.length === all.length) assert.deepEqual(ours, expected)
        assert.equal(new Set(ours).size, ours.length)
        for (const gateway of gateways) gateway.close()
      }),
      { numRuns: RUNS, seed: 11, endOnFailure: true }
    )
})
