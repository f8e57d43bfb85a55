import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { Bag } from '../../../src/core/lib/bag.ts'

const member = (name: number) => ({ name, place: -1 })
const byName = (one: { name: number }, other: { name: number }) => one.name - other.name

test('a bag holds what a Set would hold, however its members come and go', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.boolean(), fc.integer({ min: 0, max: 9 }))), steps => {
      const bag = new Bag<{ name: number; place: number }>()
      const model = new Set<{ name: number; place: number }>()
      const all = Array.from({ length: 10 }, (_, name) => member(name))
      for (const [add, name] of steps) {
        if (add && !model.has(all[name])) {
          bag.add(all[name])
          model.add(all[name])
        } else if (!add) {
          bag.delete(all[name])
          model.delete(all[name])
        }
        assert.equal(bag.size, model.size)
        assert.deepEqual(bag.members().toSorted(byName), [...model].toSorted(byName))
      }
    })
  )
})

test('members may leave while they are gone through', () => {
  const bag = new Bag<{ name: number; place: number }>()
  for (let name = 0; name < 5; name++) bag.add(member(name))
  const seen: number[] = []
  for (const each of bag.members()) {
    seen.push(each.name)
    bag.delete(each)
  }
  assert.deepEqual([seen, bag.size], [[0, 1, 2, 3, 4], 0])
})
