import assert from 'node:assert/strict'
import { test } from 'node:test'
import { prefersOpenMetrics } from '../../../src/http/management/negotiate.ts'

test('OpenMetrics is chosen only where it is asked for, in version 1.0.0, and not below plain text', () => {
  const prometheus =
    'application/openmetrics-text;version=1.0.0;q=0.5,application/openmetrics-text;version=0.0.1;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2'
  const cases: [string | undefined, boolean][] = [
    [undefined, false],
    ['', false],
    ['*/*', false],
    ['text/html, */*;q=0.8', false],
    [prometheus, true],
    ['application/openmetrics-text', true],
    ['application/openmetrics-text; version=0.0.1, text/plain;q=0.1', false],
    ['application/openmetrics-text;q=0.1, text/plain', false],
    ['application/openmetrics-text;q=0', false],
    ['application/openmetrics-text;q=x, text/plain;q=0.1', false]
  ]
  assert.deepEqual(
    cases.map(([accept]) => [accept, prefersOpenMetrics(accept)]),
    cases
  )
})
