import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { remember, remembering } from '../../src/auth/remembering.ts'

const LIMIT = 3
const KEYS = ['a', 'b', 'c', 'd', 'e'] as const

const action = fc.oneof(
  fc.record({
    kind: fc.constant('set' as const),
    key: fc.constantFrom(...KEYS),
    durationMs: fc.integer({ min: -2, max: 9 })
  }),
  fc.record({ kind: fc.constant('get' as const), key: fc.constantFrom(...KEYS) }),
  fc.record({ kind: fc.constant('wait' as const), waitMs: fc.integer({ min: 0, max: 5 }) })
)

test('an entry is there until its end, unless others were used since; one that is over is never kept', () => {
  fc.assert(
    fc.property(fc.array(action, { maxLength: 60 }), actions => {
      let nowMs = 1
      const cache = remembering<{ turn: number }>(LIMIT, () => nowMs)
      // The most recently used is last.
      let model: { key: string; turn: number; untilMs: number }[] = []
      actions.forEach((each, turn) => {
        if (each.kind === 'wait') {
          nowMs += each.waitMs
          return
        }
        const known = model.find(({ key }) => key === each.key)
        model = model.filter(entry => entry !== known)
        if (each.kind === 'set') {
          const { key, durationMs } = each
          remember(cache, key, { turn }, durationMs)
          if (durationMs > 0) model = [...model, { key, turn, untilMs: nowMs + durationMs }].slice(-LIMIT)
        } else {
          const alive = known !== undefined && nowMs <= known.untilMs ? known : undefined
          if (alive !== undefined) model.push(alive)
          assert.equal(cache.get(each.key)?.turn, alive?.turn)
        }
      })
    })
  )
})
