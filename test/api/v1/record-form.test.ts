import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import * as fc from 'fast-check'
import { parseProduceBody } from '../../../src/api/v1/record-form.ts'
import { GatewayError } from '../../../src/core/errors.ts'
import {
  HEADER_STRIDE,
  headersStart,
  KEY_LENGTH,
  KEY_START,
  PARTITION,
  SPAN_STRIDE,
  VALUE_LENGTH,
  VALUE_START,
  type RecordTable
} from '../../../src/core/record-table.ts'

const limits = { jsonDepth: 512, recordsPerRequest: 100_000 }

function parse(text: string | Buffer): RecordTable {
  return parseProduceBody(Buffer.from(text), limits)
}

function span({ bytes, spans }: RecordTable, record: number, start: number, length: number): string | null {
  const from = spans[record * SPAN_STRIDE + start]
  const size = spans[record * SPAN_STRIDE + length]
  return size < 0 ? null : bytes.toString('utf8', from, from + size)
}

const keyOf = (table: RecordTable, record: number) => span(table, record, KEY_START, KEY_LENGTH)
const valueOf = (table: RecordTable, record: number) => span(table, record, VALUE_START, VALUE_LENGTH)

function codeOf(text: string | Buffer, bounds = limits): string {
  try {
    parseProduceBody(Buffer.from(text), bounds)
    return 'accepted'
  } catch (error) {
    assert.ok(error instanceof GatewayError, String(error))
    return error.code
  }
}

const space = fc.constantFrom('', '', ' ', '\n', '\t\r ', '   ')
/** JSON texts with white space in odd places, and numbers and escapes that JSON.stringify never writes. */
const { jsonText } = fc.letrec<{ jsonText: string }>(tie => ({
  jsonText: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.string({ unit: 'grapheme' }).map(text => JSON.stringify(text)),
    fc
      .string({ unit: 'binary' })
      .map(
        text =>
          `"${Array.from(text, unit => `\\u${(unit.codePointAt(0) ?? 0).toString(16).padStart(4, '0').slice(-4)}`).join('')}"`
      ),
    fc.constantFrom(
      '0',
      '-0',
      '1.0',
      '1e2',
      '-1.5E+10',
      '9007199254740993',
      '1e999',
      'true',
      'false',
      '"\\/\\b\\f\\n\\r\\t"'
    ),
    fc
      .tuple(space, fc.array(fc.tuple(space, tie('jsonText'), space), { maxLength: 4 }))
      .map(([empty, items]) => `[${items.length === 0 ? empty : items.map(parts => parts.join('')).join(',')}]`),
    fc
      .array(
        fc.tuple(
          space,
          fc.string().map(name => JSON.stringify(name)),
          space,
          tie('jsonText'),
          space
        ),
        { maxLength: 4 }
      )
      .map(members => `{${members.map(([a, name, b, value, c]) => `${a}${name}${b}:${value}${c}`).join(',')}}`)
  )
}))

const hasLoneSurrogate = (text: string): boolean => !text.isWellFormed()

suite('The scanner of produce bodies', () => {
  test('keeps values as they were sent, and strings as their text, whatever stands between', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(space, jsonText, space, fc.option(jsonText)), { minLength: 1, maxLength: 8 }),
        records => {
          const body = `{"records":[${records.map(([a, value, b, key]) => `{${a}"value":${a}${value}${b}${key === null ? '' : `,"key":${key}`}}`).join(',')}]}`
          const texts = records.flatMap(([, value, , key]) => (key === null ? [value] : [value, key]))
          const strings = texts.map(text => JSON.parse(text) as unknown).filter(value => typeof value === 'string')
          if (strings.some(hasLoneSurrogate)) {
            assert.equal(codeOf(body), 'INVALID_BODY')
            return
          }
          const table = parse(body)
          const expected = (text: string | null) =>
            text === null ? null : text.startsWith('"') ? JSON.parse(text) : text
          assert.equal(table.count, records.length)
          records.forEach(([, value, , key], record) => {
            assert.equal(valueOf(table, record), expected(value))
            assert.equal(keyOf(table, record), expected(key))
          })
        }
      ),
      { numRuns: 1500 }
    )
  })

  test('accepts as a value what JSON.parse accepts, and nothing else', () => {
    const junk = fc.string({ unit: fc.constantFrom(...Array.from('{}[]",:0123456789.eE+-truefalsn\\u \n"')) })
    const mutated = fc.tuple(jsonText, fc.nat(), fc.string({ maxLength: 2 })).map(([text, at, piece]) => {
      const position = at % (text.length + 1)
      return text.slice(0, position) + piece + text.slice(position + 1)
    })
    let accepted = 0
    fc.assert(
      fc.property(fc.oneof(junk, mutated, jsonText), text => {
        let valid = true
        try {
          // In the same brackets as in the body: `],[` makes one value of both.
          JSON.parse(`[[${text}]]`)
        } catch {
          valid = false
        }
        const code = codeOf(`{"records":[{"value":[[${text}]]}]}`)
        if (valid) accepted++
        // A text that closes its record all the same leaves what is no record behind it.
        if (valid || !text.includes(']]}')) assert.equal(code, valid ? 'accepted' : 'MALFORMED_JSON')
        else assert.match(code, /^(MALFORMED_JSON|INVALID_BODY)$/)
      }),
      { numRuns: 5000, examples: [[']]},'], ['],[']] }
    )
    assert.ok(accepted > 500, `${accepted} texts were valid`)
  })

  test('names of members may hold escapes', () => {
    assert.equal(parse('{"rec\\u006frds":[{"v\\u0061lue":1,"p\\u0061rtition":3}]}').spans[PARTITION], 3)
  })

  test('the encoding of a value may come behind it', () => {
    assert.equal(valueOf(parse('{"records":[{"value":"aGk=","value_encoding":"base64"},{"value":"aGk="}]}'), 0), 'hi')
    assert.equal(valueOf(parse('{"records":[{"value_encoding":"base64","value":"\\u0061GVsbG8="}]}'), 0), 'hello')
  })

  test('base64 is taken in its one canonical form', () => {
    fc.assert(
      fc.property(fc.uint8Array(), bytes => {
        const buffer = Buffer.from(bytes)
        const table = parse(`{"records":[{"value":"${buffer.toString('base64')}","value_encoding":"base64"}]}`)
        const start = table.spans[VALUE_START]
        assert.deepEqual(Buffer.from(table.bytes.subarray(start, start + table.spans[VALUE_LENGTH])), buffer)
      })
    )
    for (const text of ['YQ', 'YQ=', 'YR==', 'YWJ=', '=', '====', 'YQ==YQ==', 'Y Q=', 'YQ-_', 'YQ==\\n']) {
      assert.equal(codeOf(`{"records":[{"value":"${text}","value_encoding":"base64"}]}`), 'INVALID_BODY', text)
    }
  })

  test('UTF-8 is taken strictly', () => {
    const around = (...bytes: number[]) =>
      Buffer.concat([Buffer.from('{"records":[{"value":"'), Buffer.from(bytes), Buffer.from('"}]}')])
    for (const bytes of [
      [0xc3, 0x28],
      [0xed, 0xa0, 0x80],
      [0xc0, 0x80],
      [0xf4, 0x90, 0x80, 0x80],
      [0xff],
      [0xe2, 0x82]
    ]) {
      assert.equal(codeOf(around(...bytes)), 'MALFORMED_JSON')
    }
    assert.equal(codeOf(around(0xf0, 0x9f, 0x98, 0x80)), 'accepted')
  })

  test('depth is limited exactly', () => {
    const nested = (depth: number) => `{"records":[{"value":${'['.repeat(depth)}${']'.repeat(depth)}}]}`
    assert.equal(codeOf(nested(7), { ...limits, jsonDepth: 10 }), 'accepted')
    assert.equal(codeOf(nested(8), { ...limits, jsonDepth: 10 }), 'MALFORMED_JSON')
  })

  test('the number of records is limited exactly', () => {
    const records = (count: number) => `{"records":[${Array(count).fill('{"value":1}').join(',')}]}`
    assert.equal(codeOf(records(3), { ...limits, recordsPerRequest: 3 }), 'accepted')
    assert.equal(codeOf(records(4), { ...limits, recordsPerRequest: 3 }), 'TOO_MANY_RECORDS')
  })

  test('control characters in a string, and a cut at any byte, are refused', () => {
    assert.equal(codeOf('{"records":[{"value":"a\u0001"}]}'), 'MALFORMED_JSON')
    const whole =
      '{"records":[{"key":"\\u00e9","value":[1.5e3,{"a":null}],"partition":0,"headers":[{"key":"k","value":"v"}]}]}'
    for (let end = 0; end < whole.length; end++) assert.notEqual(codeOf(whole.slice(0, end)), 'accepted')
    assert.equal(codeOf(whole), 'accepted')
  })

  test('a record that begins with its value, without white space, is held to the same rules', () => {
    const whole = '{"records":[{"value":1},{"value":"v","key":"k","partition":0}]}'
    for (let end = 0; end < whole.length; end++) assert.notEqual(codeOf(whole.slice(0, end)), 'accepted')
    assert.equal(codeOf(whole), 'accepted')
    const others = [
      '{"value":1,"value":2}',
      '{"value":1,"v\\u0061lue":2}',
      '{"value":1,"x":2}',
      '{"value"x1}',
      '{"valuE":1}'
    ]
    assert.deepEqual(
      others.map(record => codeOf(`{"records":[${record}]}`)),
      ['INVALID_BODY', 'INVALID_BODY', 'INVALID_BODY', 'MALFORMED_JSON', 'INVALID_BODY']
    )
    const codes = ['{"value":}', '{"value":1,}', '{"value":1 2}'].map(record => codeOf(`{"records":[${record}]}`))
    assert.deepEqual(codes, ['MALFORMED_JSON', 'MALFORMED_JSON', 'MALFORMED_JSON'])
  })

  test('never writes outside the body it was handed', () => {
    const body = '{"records":[{"key":"\\u0041\\u0042","value":"YWJj","value_encoding":"base64"}]}'
    const shared = Buffer.from(`before${body}after`)
    parseProduceBody(shared.subarray(6, 6 + body.length), limits)
    assert.deepEqual([shared.toString('latin1', 0, 6), shared.toString('latin1', 6 + body.length)], ['before', 'after'])
  })
})

test('headers stay with their record, whichever records have some', () => {
  const names = fc.array(fc.string({ unit: fc.constantFrom('a', 'é', '"') }), { maxLength: 20 })
  fc.assert(
    fc.property(fc.array(fc.option(names), { minLength: 1, maxLength: 30 }), wanted => {
      const records = wanted.map(keys => ({
        value: 1,
        ...(keys && { headers: keys.map(key => ({ key, value: null })) })
      }))
      const { headers, bytes, count } = parse(JSON.stringify({ records }))
      if (headers === undefined) return assert.ok(wanted.every(keys => (keys ?? []).length === 0))
      const { spans, ends } = headers
      for (let row = 0; row < count; row++) {
        const keys: string[] = []
        for (let at = headersStart(headers, row); at < ends[row]; at += HEADER_STRIDE) {
          keys.push(bytes.toString('utf8', spans[at], spans[at] + spans[at + 1]))
          assert.equal(spans[at + 3], -1)
        }
        assert.deepEqual(keys, wanted[row] ?? [])
      }
    })
  )
})
