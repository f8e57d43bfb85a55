import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { ExpiringMap } from '../../src/auth/expiring-map.ts'

test('an entry is there until its end and not at it', () => {
  let nowMs = 0
  const map = new ExpiringMap<string>(2, () => nowMs)
  map.set('a', 'A', 10)
  nowMs = 9
  assert.equal(map.get('a'), 'A')
  nowMs = 10
  assert.equal(map.get('a'), undefined)
})

test('it keeps the entries that were set last, and no more than its limit', () => {
  const LIMIT = 3
  const KEYS = ['a', 'b', 'c', 'd', 'e'] as const
  const keys = fc.array(fc.constantFrom(...KEYS), { maxLength: 30 })
  fc.assert(
    fc.property(keys, set => {
      const map = new ExpiringMap<number>(LIMIT, () => 0)
      set.forEach((key, turn) => map.set(key, turn, 1))
      const latest = new Set([...new Set(set.toReversed())].slice(0, LIMIT))
      for (const key of KEYS) assert.equal(map.get(key), latest.has(key) ? set.lastIndexOf(key) : undefined)
    })
  )
})
