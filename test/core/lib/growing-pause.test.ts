import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { growingPauseMs, scattered } from '../../../src/core/lib/growing-pause.ts'

suite('A pause that grows', () => {
  test('doubles with each failure and ends at its limit, however many failed', () => {
    const pauses = [0, 1, 2, 3, 4, 5, 10, 2000].map(failures => growingPauseMs(failures, 1000, 30_000))
    assert.deepEqual(pauses, [1000, 2000, 4000, 8000, 16_000, 30_000, 30_000, 30_000])
  })

  test('is scattered by a fifth either way', () => {
    for (let round = 0; round < 1000; round++) {
      const pauseMs = scattered(1000)
      assert.ok(pauseMs >= 800 && pauseMs < 1200, String(pauseMs))
    }
  })
})
