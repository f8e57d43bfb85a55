import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import fc from 'fast-check'
import { parseStart } from '../../../src/api/shared/start.ts'

const LAST_TIME_MS = Date.UTC(9999, 11, 31, 23, 59, 59, 999)
const pad = (number: number, width = 2): string => String(number).padStart(width, '0')

/** The same instant, as a clock shows it that is so many minutes ahead of UTC. */
function shownIn(zoneMinutes: number, timeMs: number, sign: string): string {
  const local = new Date(timeMs + zoneMinutes * 60_000).toISOString().slice(0, -1)
  const ahead = Math.abs(zoneMinutes)
  return `${local}${sign}${pad(Math.floor(ahead / 60))}:${pad(ahead % 60)}`
}

suite('A place to begin', () => {
  test('is an offset, to its last digit', () => {
    fc.assert(
      fc.property(fc.maxSafeNat(), offset => {
        assert.equal(parseStart(String(offset)), offset)
      })
    )
    assert.equal(parseStart('9007199254740993'), 9_007_199_254_740_993n)
    assert.equal(parseStart('9223372036854775808'), undefined)
  })

  test('is -N: the last N records, and the end where N is 0', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }), last => {
        assert.deepEqual(parseStart(`-${last}`), { last })
      })
    )
    assert.equal(parseStart('-0'), 'latest')
  })

  test('is @T: the same instant in milliseconds, in UTC, and in every zone', () => {
    const minutes = 14 * 60
    fc.assert(
      fc.property(
        fc.integer({ min: minutes * 60_000, max: LAST_TIME_MS - minutes * 60_000 }),
        fc.integer({ min: 0, max: minutes }),
        (sinceMs, zone) => {
          assert.deepEqual(parseStart(`@${sinceMs}`), { sinceMs })
          assert.deepEqual(parseStart(`@${new Date(sinceMs).toISOString()}`), { sinceMs })
          assert.deepEqual(parseStart(`@${shownIn(-zone, sinceMs, '-')}`), { sinceMs })
          for (const plus of ['+', ' ']) assert.deepEqual(parseStart(`@${shownIn(zone, sinceMs, plus)}`), { sinceMs })
        }
      )
    )
  })

  test('is @T with seconds and fractions left out, or finer than Kafka counts: then the next millisecond', () => {
    const at = Date.UTC(2026, 10, 29, 10, 0, 0)
    assert.deepEqual(parseStart('@2026-11-29T10:00Z'), { sinceMs: at })
    assert.deepEqual(parseStart('@2026-11-29T10:00:00.5Z'), { sinceMs: at + 500 })
    assert.deepEqual(parseStart('@2026-11-29T10:00:00.000000001Z'), { sinceMs: at + 1 })
    assert.deepEqual(parseStart('@2026-11-29T11:30+0130'), { sinceMs: at })
  })

  for (const text of [
    '',
    '-',
    '+1',
    '1.5',
    'Latest',
    '--1',
    '@',
    '@-1',
    '@1969-12-31T23:59:59Z',
    '@1970-01-01T00:00:00+01:00',
    '@2026-11-29',
    '@2026-11-29T10:00:00',
    '@2026-02-29T10:00:00Z',
    '@2026-13-01T10:00:00Z',
    '@2026-11-29T24:00:00Z',
    '@2026-11-29T10:60:00Z',
    '@2026-11-29T10:00:60Z',
    '@2026-11-29T10:00:00+24:00',
    '@0000-01-01T00:00:00Z'
  ])
    test(`is not ${JSON.stringify(text)}`, () => {
      assert.equal(parseStart(text), undefined)
    })
})
