import assert from 'node:assert/strict'
import { test } from 'node:test'
import { leastSquares } from '../../bench/support/statistics.ts'

test('constants of a law are found from points that follow it, and none is negative', () => {
  const law = ([one, bytes, records]: readonly number[]) => 20 * one + 0.001 * bytes + 0.5 * records
  const points = [
    [1, 100, 1],
    [1, 10_000, 1],
    [1, 100_000, 1000],
    [1, 1_000_000, 10]
  ]
  const relative = points.map(point => point.map(value => value / law(point)))
  const found = leastSquares(relative)
  for (const [at, expected] of [20, 0.001, 0.5].entries())
    assert.ok(Math.abs(found[at] / expected - 1) < 0.001, `${found[at]} for ${expected}`)
  assert.deepEqual(leastSquares([[1, -1]].map(row => row.map(value => value * 1))), [1, 0])
})
