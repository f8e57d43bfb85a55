import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import * as fc from 'fast-check'
import { placeOf, readJson } from '../../../src/api/shared/json-value.ts'
import { forms, jsonString, refusal, space, text } from './records/support/texts.ts'

const LIMITS = { bytes: 10_000, depth: 32 }

const read = (json: string): unknown => readJson(Buffer.from(json), LIMITS)
const refused = (json: string) => refusal(() => read(json))

const scalar = fc.oneof(
  fc.constantFrom('null', 'true', 'false', '0', '-0', '1.5', '-1e-7', '2E+3', '9007199254740993', '1e400'),
  fc
    .double({ noNaN: true, noDefaultInfinity: true })
    .map(String)
    .filter(number => /^-?\d/.test(number)),
  fc.tuple(text, forms).map(([value, forms]) => jsonString(value, forms))
)
/** JSON as nobody writes it: white space and escapes everywhere. */
const { json } = fc.letrec<{ json: string }>(tie => ({
  json: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    scalar,
    fc
      .tuple(space, fc.array(tie('json'), { maxLength: 4 }))
      .map(([space, entries]) => `[${space}${entries.join(`${space},`)}${space}]`),
    fc
      .tuple(space, fc.uniqueArray(fc.tuple(text, forms, tie('json')), { selector: ([name]) => name, maxLength: 4 }))
      .map(
        ([space, all]) =>
          `{${all.map(([name, forms, value]) => `${space}${jsonString(name, forms)}${space}:${value}`).join()}${space}}`
      )
  )
}))

suite('A small body', () => {
  test('is read as JSON.parse reads it', () => {
    fc.assert(
      fc.property(json, space, (json, space) => assert.deepEqual(read(`${space}${json}${space}`), JSON.parse(json))),
      { numRuns: 1000 }
    )
  })

  test('that JSON.parse does not take is refused, and no other is malformed', () => {
    const parses = (json: string) => {
      try {
        return JSON.parse(json) !== undefined
      } catch {
        return false
      }
    }
    const damaged = fc
      .tuple(json, fc.nat(), fc.constantFrom('', '"', ',', '}', ']', '0', '.', '\\', '\n', 'x', ' ', '{'))
      .map(([json, at, piece]) => {
        const place = at % (json.length + 1)
        return json.slice(0, place) + piece + json.slice(place + 1)
      })
    fc.assert(
      fc.property(damaged, json => {
        fc.pre(json.isWellFormed())
        assert.notEqual(refused(json)[0], parses(json) ? 'MALFORMED_JSON' : 'accepted', json)
      }),
      { numRuns: 2000 }
    )
  })

  test('is refused where it says a thing twice, or what cannot be kept', () => {
    const cases: [json: string, code: string, message: string][] = [
      ['{"a":1,"b":2,"\\u0061":1}', 'INVALID_BODY', "The body has the member 'a' twice."],
      ['{"a":[{"b":{"c":1,"c":1}}]}', 'INVALID_BODY', "a[0].b has the member 'c' twice."],
      ['[{"c":1,"c":1}]', 'INVALID_BODY', "body[0] has the member 'c' twice."],
      ['{"a":{"b":"\\ud800"}}', 'INVALID_BODY', 'a.b holds a lone surrogate, which has no form in UTF-8.'],
      ['{"\\ud800":1}', 'INVALID_BODY', 'The body holds a lone surrogate, which has no form in UTF-8.'],
      ['{"a":0.99999999999999999999}', 'INVALID_BODY', 'a is a number too near to 1 to be told from it.'],
      ['{"a":1e-400}', 'INVALID_BODY', 'a is a number too near to 0 to be told from it.'],
      ['{"a":}', 'MALFORMED_JSON', 'The body is not valid JSON at byte 5.'],
      ['{"a":1', 'MALFORMED_JSON', 'The body ends at byte 6, in the middle of a value.'],
      ['{}{}', 'MALFORMED_JSON', 'The body is not valid JSON at byte 2.'],
      ['\ufeff{}', 'MALFORMED_JSON', 'The body begins with a byte order mark.'],
      [`${'['.repeat(33)}${']'.repeat(33)}`, 'MALFORMED_JSON', 'The body nests deeper than 32 levels at byte 32.'],
      [`"${'x'.repeat(9999)}"`, 'BODY_TOO_LARGE', 'This body may have at most 10000 bytes.']
    ]
    for (const [json, ...expected] of cases) assert.deepEqual(refused(json), expected, json)
    assert.deepEqual(refusal(() => readJson(Buffer.from([0x22, 0xff, 0x22]), LIMITS))[0], 'MALFORMED_JSON')
    assert.deepEqual(read(`${'['.repeat(32)}${']'.repeat(32)}`), JSON.parse(`${'['.repeat(32)}${']'.repeat(32)}`))
  })

  test('has members by any name, and they change nothing else', () => {
    const value = read('{"__proto__":{"a":1},"constructor":2}')
    assert.deepEqual(Object.entries(value as object), [
      ['__proto__', { a: 1 }],
      ['constructor', 2]
    ])
    assert.equal(Object.getPrototypeOf(value), Object.prototype)
  })

  test('has places with names that are cut where they are long', () => {
    assert.equal(placeOf([]), 'The body')
    assert.equal(placeOf(['records', 3, 'partition']), 'records[3].partition')
    assert.equal(placeOf([0, 'a.b']), 'body[0].a.b')
    assert.equal(placeOf(['x'.repeat(1000)]).length, 64)
  })
})
