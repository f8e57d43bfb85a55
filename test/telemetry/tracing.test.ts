import assert from 'node:assert/strict'
import { test } from 'node:test'
import { diag } from '@opentelemetry/api'
import { openTracer } from '../../src/telemetry/traces/tracing.ts'

test('a collector that takes no traces is told of once a minute, with what was left out', async t => {
  let nowMs = performance.now()
  t.mock.method(performance, 'now', () => nowMs)
  const told: object[] = []
  const ignore = () => undefined
  const log = { debug: ignore, info: ignore, error: ignore, warn: (fields: object) => void told.push(fields) }
  const config = {
    endpoint: 'http://127.0.0.1:1/v1/traces',
    serviceName: 'test',
    samplePercent: 100,
    recordHeaders: 'off'
  } as const
  const tracer = await openTracer(config, '1.0.0', log)
  for (const detail of ['ECONNREFUSED', 'ECONNRESET', 'ECONNREFUSED']) diag.error(detail)
  nowMs += 60_001
  diag.error('ECONNREFUSED')
  await tracer.close()
  assert.deepEqual(told, [{ detail: 'ECONNREFUSED' }, { detail: 'ECONNREFUSED', suppressed: 2 }])
})
