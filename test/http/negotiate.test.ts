import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import * as fc from 'fast-check'
import { chooseType, isOneOf, parseType } from '../../src/http/negotiate.ts'

const JSON_V2 = 'application/vnd.kafka.json.v2+json'
const BINARY_V2 = 'application/vnd.kafka.binary.v2+json'
const V2 = 'application/vnd.kafka.v2+json'
const OFFERS = [V2, JSON_V2, 'application/json', 'application/*+json', 'text/event-stream']
const METRICS = [
  'text/plain; version=0.0.4; charset=utf-8',
  'application/openmetrics-text; version=1.0.0; charset=utf-8'
]

interface Range {
  readonly type: string
  /** In thousandths. */
  readonly weight: number
}

const spaces = fc.constantFrom('', ' ', '\t', '  ')
const typed = fc.constantFrom(V2, JSON_V2, 'application/json', 'text/event-stream', 'text/html', 'image/png')
const ranged = fc.constantFrom('*/*', 'application/*', 'text/*')
const range = fc.record({ type: fc.oneof(typed, ranged), weight: fc.constantFrom(0, 1, 5, 100, 250, 500, 999, 1000) })
const ranges = fc.uniqueArray(range, { selector: ({ type }) => type, minLength: 1, maxLength: 8 })

/** As a client may write it: upper case, spaces, a charset, more digits or none. */
const written = (all: readonly Range[]) =>
  fc
    .tuple(
      ...all.map(({ type, weight }) =>
        fc
          .tuple(
            spaces,
            spaces,
            fc.boolean(),
            fc.constantFrom('', ';charset=utf-8', '; Charset="UTF-8"', ';charset=latin1')
          )
          .map(([before, after, upper, charset]) => {
            const q = weight === 1000 && upper ? '' : `${before};${after}${upper ? 'Q' : 'q'}=${weight / 1000}`
            return `${after}${upper ? type.toUpperCase() : type}${charset}${q}${before}`
          })
      )
    )
    .map(texts => texts.join(','))

const concrete = OFFERS.filter(offer => !offer.includes('*'))

/** RFC 9110 §12.5.1, from the text: the most specific range that fits tells the weight of a type. */
function weightOf(type: string, all: readonly Range[]): number {
  for (const each of [type, `${type.split('/', 1)[0]}/*`, '*/*']) {
    const range = all.find(({ type }) => type === each)
    if (range !== undefined) return range.weight
  }
  return 0
}

suite('Of the types that an answer can have', () => {
  test('one is chosen that no other outweighs, and none only where all weigh nothing', () => {
    fc.assert(
      fc.property(
        ranges.chain(all => fc.tuple(fc.constant(all), written(all))),
        ([all, accept]) => {
          const chosen = chooseType(accept, concrete)
          const most = Math.max(...concrete.map(type => weightOf(type, all)))
          if (most === 0) assert.equal(chosen, undefined, accept)
          else assert.equal(weightOf(chosen ?? '', all), most, `${accept}: ${chosen}`)
        }
      ),
      { numRuns: 5000 }
    )
  })

  test('the first is for a client that does not care', () => {
    for (const accept of [undefined, '', ' ', '*/*', 'application/*', '*/*;q=0.1', 'x'.repeat(1025)])
      assert.equal(chooseType(accept, OFFERS), V2, accept)
  })

  test('the client has what it names: vendor types, lists, weights, charsets, parameters that mean nothing here', () => {
    const cases: [string, string | undefined][] = [
      [JSON_V2, JSON_V2],
      ['application/json', 'application/json'],
      [`${JSON_V2}, application/json`, JSON_V2],
      [`application/json, ${JSON_V2}`, 'application/json'],
      [`application/json;q=0.5, ${V2}, */*;q=0.1`, V2],
      ['application/vnd.kafka.json.v2+json; charset=utf-8', JSON_V2],
      ['application/json;charset=ISO-8859-1', 'application/json'],
      ['application/json;odata=verbose', 'application/json'],
      ['text/html, application/xhtml+xml, */*;q=0.8', V2],
      ['application/hal+json', 'application/hal+json'],
      ['Application/HAL+JSON;q=0.3, text/html', 'application/hal+json'],
      ['application/hal+json;q=0.3, application/json;q=0.2', 'application/hal+json'],
      ['application/hal+json;q=0, application/json;q=0.2', 'application/json'],
      ['text/html', undefined],
      ['application/json;q=0', undefined],
      ['application/json;q=x', undefined],
      ['application/<b>+json', undefined],
      ['application/xml+json/more', undefined],
      [',, ;q=1', undefined]
    ]
    assert.deepEqual(
      cases.map(([accept]) => [accept, chooseType(accept, OFFERS)]),
      cases
    )
  })

  test('another version of a type is not chosen', () => {
    const prometheus =
      'application/openmetrics-text;version=1.0.0;q=0.5,application/openmetrics-text;version=0.0.1;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2'
    const cases: [string | undefined, number][] = [
      [undefined, 0],
      ['', 0],
      ['*/*', 0],
      ['text/html, */*;q=0.8', 0],
      [prometheus, 1],
      ['application/openmetrics-text', 1],
      ['application/openmetrics-text; version=0.0.1, text/plain;q=0.1', 0],
      ['application/openmetrics-text;q=0.1, text/plain', 0],
      ['application/openmetrics-text;q=0', -1],
      ['application/openmetrics-text;q=x, text/plain;q=0.1', 0]
    ]
    assert.deepEqual(
      cases.map(([accept]) => [accept, METRICS.indexOf(chooseType(accept, METRICS) ?? '')]),
      cases
    )
  })

  test('nothing that a client sends makes it throw, and only an offer or a named type comes back', () => {
    const piece = fc.constantFrom(
      'application',
      'json',
      '+json',
      '*',
      '/',
      ';',
      ',',
      '=',
      '"',
      '\\',
      'q',
      '0.5',
      ' ',
      '\u00ff',
      'version'
    )
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.array(piece, { maxLength: 30 }).map(all => all.join(''))
        ),
        accept => {
          const chosen = chooseType(accept, OFFERS)
          const isNamed =
            accept.toLowerCase().includes(chosen ?? '') && /^application\/[\w!#$&^.+-]+\+json$/.test(chosen ?? '')
          assert.ok(chosen === undefined || concrete.includes(chosen) || isNamed, `${accept}: ${chosen}`)
        }
      ),
      { numRuns: 5000 }
    )
  })
})

suite('The type of a body', () => {
  test('is read in lower case, whatever follows it', () => {
    const cases: [string | undefined, string, string | undefined][] = [
      [undefined, '', undefined],
      ['', '', undefined],
      ['application/json', 'application/json', undefined],
      [' Application/JSON ; Charset=UTF-8', 'application/json', 'utf-8'],
      [`${BINARY_V2};charset="utf-8"; x=y`, BINARY_V2, 'utf-8'],
      ['text/plain; profile="a;charset=x"', 'text/plain', undefined],
      ['text/plain;;;', 'text/plain', undefined],
      ['nonsense', 'nonsense', undefined],
      [';charset=latin1', '', 'latin1']
    ]
    for (const [text, type, charset] of cases) assert.deepEqual(parseType(text), { type, charset }, text)
    fc.assert(fc.property(fc.string(), text => void parseType(text)))
  })

  test('is compared with patterns, in which a star is some text within its half', () => {
    const patterns = ['application/json', 'application/*+json', 'text/*', 'application/vnd.kafka.*.v2']
    const taken = ['application/json', 'application/hal+json', 'text/plain', 'application/vnd.kafka.json.v2']
    const refused = [
      '',
      'json',
      'application/',
      'application/+json',
      'application/xml',
      'text/',
      'text/a/b',
      'application/vnd.kafka..v2'
    ]
    for (const type of taken) assert.equal(isOneOf(type, patterns), true, type)
    for (const type of refused) assert.equal(isOneOf(type, patterns), false, type)
    assert.equal(isOneOf('image/png', ['*/*']), true)
  })
})
