import assert from 'node:assert/strict'
import { test } from 'node:test'
import { lastGood } from '../../../src/core/lib/last-good.ts'

test('the last result that could be read stays while reading fails', () => {
  const results: (number | Error)[] = [new Error('gone'), 2, new Error('half written'), 3]
  const current = lastGood(1, () => {
    const next = results.shift()
    if (typeof next === 'number') return next
    throw next ?? new Error('no more')
  })
  assert.deepEqual([current(), current(), current(), current(), current()], [1, 2, 2, 3, 3])
})
