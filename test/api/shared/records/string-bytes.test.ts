import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import * as fc from 'fast-check'
import { decodeBase64InPlace, unescapeInPlace } from '../../../../src/api/shared/records/string-bytes.ts'
import { forms, jsonString, text } from './support/texts.ts'

/** Runs `decode` on the content within a larger buffer; the decoded bytes, or null, after checking that nothing around it changed. */
function decoded(decode: typeof unescapeInPlace, content: string, before: number): Buffer | null {
  const bytes = Buffer.concat([Buffer.alloc(before, '\\'), Buffer.from(content), Buffer.from('u0041=====')])
  const end = bytes.length - 10
  const length = decode(bytes, before, end)
  assert.deepEqual(
    [bytes.toString('latin1', 0, before), bytes.toString('latin1', end)],
    ['\\'.repeat(before), 'u0041=====']
  )
  assert.ok(length <= end - before)
  return length < 0 ? null : bytes.subarray(before, before + length)
}

suite('Escapes resolved in place', () => {
  test('give the text that JSON.parse gives, as UTF-8, and leave what lies around alone', () => {
    fc.assert(
      fc.property(text, forms, fc.nat({ max: 9 }), (value, forms, before) => {
        const json = jsonString(value, forms)
        assert.equal(JSON.parse(json), value)
        assert.equal(decoded(unescapeInPlace, json.slice(1, -1), before)?.toString(), value)
      }),
      { numRuns: 1000 }
    )
  })

  test('refuse exactly the texts that have no form in UTF-8', () => {
    const unit = fc.constantFrom(
      '\\ud83d',
      '\\ude00',
      '\\uDBFF',
      '\\uDFFF',
      '\\u0041',
      'a',
      '\\\\',
      '\\n',
      'é',
      '\\uffff'
    )
    fc.assert(
      fc.property(fc.array(unit, { maxLength: 6 }), units => {
        const content = units.join('')
        const value = JSON.parse(`"${content}"`) as string
        assert.equal(decoded(unescapeInPlace, content, 1)?.toString(), value.isWellFormed() ? value : undefined)
      }),
      { numRuns: 2000 }
    )
  })
})

const padded: typeof unescapeInPlace = (bytes, start, end) => decodeBase64InPlace(bytes, start, end, true)
const unpadded: typeof unescapeInPlace = (bytes, start, end) => decodeBase64InPlace(bytes, start, end, false)

suite('Base64 decoded in place', () => {
  test('gives back any bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), fc.nat({ max: 9 }), (array, before) => {
        const bytes = Buffer.from(array)
        const text = bytes.toString('base64')
        assert.deepEqual(decoded(padded, text, before), bytes)
        assert.deepEqual(decoded(unpadded, text, before), bytes)
        assert.deepEqual(decoded(unpadded, text.replaceAll('=', ''), before), bytes)
      })
    )
  })

  test('refuses every text that encoding its bytes does not give back', () => {
    const near = fc
      .tuple(fc.uint8Array({ maxLength: 8 }), fc.nat(), fc.constantFrom(...Array.from('AZaz09+/=-_ \nR\u00ff')))
      .map(([array, at, character]) => {
        const encoded = Buffer.from(array).toString('base64')
        const position = at % (encoded.length + 1)
        return encoded.slice(0, position) + character + encoded.slice(position + 1)
      })
    fc.assert(
      fc.property(near, content => {
        const lenient = Buffer.from(content, 'base64')
        const canonical = lenient.toString('base64') === content
        assert.deepEqual(decoded(padded, content, 3), canonical ? lenient : null)
        const bare = lenient.toString('base64').replaceAll('=', '') === content
        assert.deepEqual(decoded(unpadded, content, 3), canonical || bare ? lenient : null)
      }),
      { numRuns: 5000 }
    )
  })
})
