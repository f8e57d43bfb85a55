import assert from 'node:assert/strict'
import { beforeEach, describe, test } from 'node:test'
import { RepeatedWarnings } from '../../../src/core/lib/repeated-warnings.ts'

describe('A warning that repeats', () => {
  let lines: { level: string; fields: object; message: string }[]
  let nowMs: number
  let warnings: RepeatedWarnings

  beforeEach(() => {
    lines = []
    nowMs = 0
    const at = (level: string) => (fields: object, message: string) => void lines.push({ level, fields, message })
    const log = { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') }
    warnings = new RepeatedWarnings(log, () => nowMs)
  })

  test('is logged once a minute for each kind, with the number of those left out', () => {
    for (let n = 0; n < 100; n++) warnings.warn('INVALID_TOKEN', { n }, 'x')
    warnings.warn('NOT_PERMITTED', { n: 100 }, 'x')
    nowMs = 60_000
    warnings.warn('INVALID_TOKEN', { n: 101 }, 'x')
    nowMs = 120_000
    warnings.warn('INVALID_TOKEN', { n: 102 }, 'x')
    assert.deepEqual(
      lines.map(line => line.fields),
      [{ n: 0 }, { n: 100 }, { n: 101, suppressed: 99 }, { n: 102 }]
    )
  })

  test('is followed by one line when the failure is over, which says how long it lasted', () => {
    warnings.warn('broker 1', { broker: 1 }, 'Cannot reach broker 1.')
    nowMs = 5_000
    warnings.warn('broker 1', { broker: 1 }, 'Cannot reach broker 1.')
    nowMs = 7_000
    warnings.over('broker 1', { broker: 1 }, 'Broker 1 answers again.')
    warnings.over('broker 1', { broker: 1 }, 'Broker 1 answers again.')
    assert.deepEqual(lines, [
      { level: 'warn', fields: { broker: 1 }, message: 'Cannot reach broker 1.' },
      { level: 'info', fields: { broker: 1, lastedMs: 7_000, suppressed: 1 }, message: 'Broker 1 answers again.' }
    ])
  })

  test('is remembered for a thousand kinds, of which the oldest begins anew', () => {
    for (let n = 0; n <= 1_000; n++) warnings.warn(`broker ${n}`, { n }, 'x')
    assert.equal(lines.length, 1_001)
    warnings.warn('broker 1000', {}, 'x')
    assert.equal(lines.length, 1_001)
    warnings.warn('broker 0', {}, 'x')
    assert.equal(lines.length, 1_002)
  })
})
