import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { SwapRemoveSet } from '../../../src/core/lib/swap-remove-set.ts'

const member = (name: number) => ({ name, indexInSet: -1 })
const byName = (one: { name: number }, other: { name: number }) => one.name - other.name

test('a swap-remove set holds what a Set would hold, however its members come and go', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.boolean(), fc.integer({ min: 0, max: 9 }))), steps => {
      const members = new SwapRemoveSet<{ name: number; indexInSet: number }>()
      const model = new Set<{ name: number; indexInSet: number }>()
      const all = Array.from({ length: 10 }, (_, name) => member(name))
      for (const [add, name] of steps) {
        if (add && !model.has(all[name])) {
          members.add(all[name])
          model.add(all[name])
        } else if (!add) {
          members.delete(all[name])
          model.delete(all[name])
        }
        assert.equal(members.size, model.size)
        assert.deepEqual(members.members().toSorted(byName), [...model].toSorted(byName))
      }
    })
  )
})

test('members may leave while they are gone through', () => {
  const members = new SwapRemoveSet<{ name: number; indexInSet: number }>()
  for (let name = 0; name < 5; name++) members.add(member(name))
  const seen: number[] = []
  for (const each of members.members()) {
    seen.push(each.name)
    members.delete(each)
  }
  assert.deepEqual([seen, members.size], [[0, 1, 2, 3, 4], 0])
})
