import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readTraceparent, writeTraceparent } from '../../src/telemetry/traces/trace-context.ts'

const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736'
const SPAN = '00f067aa0ba902b7'

test('a traceparent of W3C Trace Context is read, and written as it was', () => {
  for (const [flags, sampled] of [
    ['01', true],
    ['00', false]
  ] as const) {
    const text = `00-${TRACE}-${SPAN}-${flags}`
    const parent = readTraceparent(text)
    assert.deepEqual(parent, { traceId: TRACE, spanId: SPAN, sampled })
    assert.equal(parent && writeTraceparent(parent), text)
  }
  assert.equal(readTraceparent(`00-${TRACE}-${SPAN}-03`)?.sampled, true)
  assert.equal(readTraceparent(`cc-${TRACE}-${SPAN}-01-what-comes-later`)?.traceId, TRACE)
})

test('whatever is none begins a new trace', () => {
  for (const text of [
    undefined,
    '',
    `00-${TRACE}-${SPAN}`,
    `00-${TRACE}-${SPAN}-01-more`,
    `00-${TRACE.toUpperCase()}-${SPAN}-01`,
    `00-${'0'.repeat(32)}-${SPAN}-01`,
    `00-${TRACE}-${'0'.repeat(16)}-01`,
    `ff-${TRACE}-${SPAN}-01`,
    `00-${TRACE.slice(1)}-${SPAN}-01`,
    `cc-${TRACE}-${SPAN}-01x`,
    `00-${TRACE}-${SPAN}-01, 00-${TRACE}-${SPAN}-01`
  ])
    assert.equal(readTraceparent(text), undefined, text)
})
