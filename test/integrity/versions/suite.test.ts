import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { summaryOf } from './suite.ts'

const counts = (pass: number, fail: number, cancelled: number, skipped: number): string[] => [
  `ℹ tests ${pass + fail + cancelled + skipped}`,
  `ℹ pass ${pass}`,
  `ℹ fail ${fail}`,
  `ℹ cancelled ${cancelled}`,
  `ℹ skipped ${skipped}`
]

suite('The summary of a version', () => {
  test('of a run without failure has none', () => {
    assert.deepEqual(summaryOf(['✔ good (1.5ms)', ...counts(119, 0, 0, 2)], 0), {
      passed: 119,
      failed: 0,
      skipped: 2,
      failures: []
    })
  })

  test('counts cancelled tests as failed, and names each failure once', () => {
    const lines = ['  ✖ never runs', '✖ s (1.2ms)', ...counts(1, 0, 2, 0), '✖ failing tests:', '✖ never runs']
    assert.deepEqual(summaryOf(lines, 1), {
      passed: 1,
      failed: 2,
      skipped: 0,
      failures: ['never runs', 's', 'node --test ended with 1']
    })
  })

  test('of a runner that was killed, or that found no test, is a failure', () => {
    assert.deepEqual(summaryOf(['✔ good (1.5ms)'], null).failures, ['node --test ended with null'])
    assert.deepEqual(summaryOf(counts(0, 0, 0, 0), 0).failures, ['no test passed'])
  })
})
