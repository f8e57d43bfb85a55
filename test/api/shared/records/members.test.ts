import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import * as fc from 'fast-check'
import { bodyCursor } from '../../../../src/api/shared/records/body-cursor.ts'
import { invalid } from '../../../../src/api/shared/records/body-error.ts'
import { memberNames, readInteger, readMember } from '../../../../src/api/shared/records/members.ts'
import { forms, jsonString, refusal, text } from './support/texts.ts'

const MAX = Number.MAX_SAFE_INTEGER

function read(text: string): number | string {
  const cursor = bodyCursor(Buffer.from(`${text} `), 8)
  try {
    return readInteger(cursor, 0, MAX, () => invalid('refused'))
  } catch {
    return 'refused'
  }
}

/** By whole arithmetic: the number is digits × 10^power. */
function exact(whole: string, fraction: string, exponent: number): number | string {
  let digits = BigInt(whole + fraction)
  let power = exponent - fraction.length
  for (; power < 0 && digits % 10n === 0n && digits !== 0n; power++) digits /= 10n
  if (digits === 0n) return 0
  if (power < 0) return 'refused'
  const value = digits * 10n ** BigInt(power)
  return value > BigInt(MAX) ? 'refused' : Number(value)
}

const digits = (maxLength: number) =>
  fc.string({ unit: fc.constantFrom(...Array.from('0001259')), minLength: 1, maxLength })

suite('A whole number in a body', () => {
  test('is taken in any spelling, and only if it is exactly whole', () => {
    const whole = fc.oneof(digits(17), fc.maxSafeNat().map(String)).map(text => text.replace(/^0+(?=\d)/, ''))
    fc.assert(
      fc.property(
        whole,
        fc.option(digits(8)),
        fc.option(fc.integer({ min: -20, max: 20 })),
        (whole, fraction, exponent) => {
          const text = `${whole}${fraction === null ? '' : `.${fraction}`}${exponent === null ? '' : `e${exponent}`}`
          assert.equal(read(text), exact(whole, fraction ?? '', exponent ?? 0), text)
        }
      ),
      { numRuns: 5000 }
    )
  })

  test('is not what a double would round to', () => {
    for (const text of [
      '0.99999999999999999999',
      '1e-400',
      '9007199254740991.4',
      '9007199254740992',
      '9007199254740993',
      '-1'
    ]) {
      assert.equal(read(text), 'refused', text)
    }
    assert.deepEqual(['-0', '0.0', '9007199254740991', '1E+2', '0e-400'].map(read), [0, 0, MAX, 100, 0])
  })

  test('is no text, no word and no container', () => {
    for (const text of ['"1"', 'true', 'null', '[1]', '{}', '+1']) assert.equal(read(text), 'refused', text)
  })
})

suite('A name of a member', () => {
  const names = memberNames('alpha', 'beta')
  const refused = (text: string, seen = 0) => {
    const cursor = bodyCursor(Buffer.from(text), 8)
    return refusal(() => readMember(cursor, names, seen, { path: () => 'It' }))
  }

  test('is told where it is unknown, cut between characters', () => {
    assert.deepEqual(refused('"gamma":'), [
      'INVALID_BODY',
      "It has a member 'gamma', which is not known; it takes alpha, beta."
    ])
    assert.deepEqual(refused(`"a${'é'.repeat(90)}":`), [
      'INVALID_BODY',
      `It has a member 'a${'é'.repeat(31)}', which is not known; it takes alpha, beta.`
    ])
    assert.deepEqual(refused('"alph":'), [
      'INVALID_BODY',
      "It has a member 'alph', which is not known; it takes alpha, beta."
    ])
    assert.deepEqual(refused('"be\\u0074a\\"x":'), [
      'INVALID_BODY',
      `It has a member 'beta"x', which is not known; it takes alpha, beta.`
    ])
    assert.deepEqual(refused('"beta'), ['MALFORMED_JSON', 'The body ends at byte 5, in the middle of a value.'])
    assert.deepEqual(refused('"\\ud800":'), [
      'INVALID_BODY',
      'It has a member with a lone surrogate, which is not known; it takes alpha, beta.'
    ])
  })

  test('is known in any spelling, and no other text is taken for it', () => {
    const known = ['key', 'value', 'key_encoding']
    const near = fc.constantFrom(...known, 'key"', 'ke', 'keyx', 'valuf', 'value\\', 'kéy', `key${'_'.repeat(40)}`)
    fc.assert(
      fc.property(fc.oneof(near, text), forms, fc.nat(60), (name, spelling, cut) => {
        const body = Buffer.from(`${jsonString(name, spelling)}:`)
        const cursor = bodyCursor(Buffer.from(body), 8)
        const index = () => readMember(cursor, memberNames(...known), 0, { path: () => 'It' })
        if (known.includes(name)) {
          assert.equal(index(), known.indexOf(name))
          assert.equal(cursor.position, body.length)
        } else assert.equal(refusal(index)[0], 'INVALID_BODY')
        const part = Buffer.from(body.subarray(0, Math.min(cut, body.length - 1)))
        const code = refusal(() => readMember(bodyCursor(part, 8), memberNames(...known), 0, { path: () => 'It' }))[0]
        assert.match(code, /MALFORMED_JSON|INVALID_BODY/)
      }),
      { numRuns: 3000 }
    )
  })

  test('is told where it comes twice, however it is spelled', () => {
    assert.deepEqual(refused('"b\\u0065ta":', 0b10), ['INVALID_BODY', "It has the member 'beta' twice."])
    assert.deepEqual(refused('"beta":', 0b01), ['accepted', ''])
  })
})
