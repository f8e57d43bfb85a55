import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import * as fc from 'fast-check'
import { bodyCursor } from '../../../../src/api/shared/records/body-cursor.ts'
import type { JsonCursor } from '../../../../src/api/shared/records/json-cursor.ts'
import { refusal } from './support/texts.ts'

/** Where a value at `start` of the text ends, or the error. */
function skip(text: string | Buffer, start = 0, depthLimit = 512): number | string {
  const cursor = bodyCursor(Buffer.from(text), depthLimit)
  cursor.position = start
  const [code] = refusal(() => cursor.skipValue(0))
  return code === 'accepted' ? cursor.position : code
}

/** Fails where a byte is asked for that is not there. */
function watched(cursor: JsonCursor): JsonCursor {
  const bytes = new Proxy(cursor.bytes, {
    get(target, name) {
      if (typeof name === 'string' && /^-?\d+$/.test(name)) assert.ok(Number(name) in target, `byte ${name} was read`)
      return Reflect.get(target, name, target)
    }
  })
  return Object.assign(cursor, { bytes })
}

suite('The cursor', () => {
  test('stops behind any value, wherever it lies and whatever follows', () => {
    fc.assert(
      fc.property(
        fc.json(),
        fc.nat({ max: 8 }),
        fc.constantFrom('', ' ', ',', ']', '}x', ', "'),
        (json, before, after) => {
          const text = Buffer.from('"'.repeat(before) + json + after)
          assert.equal(skip(text, before), before + Buffer.byteLength(json))
        }
      ),
      { numRuns: 2000 }
    )
  })

  test('finds the end of a string at each place of a word, behind text of each kind', () => {
    for (const filler of ['a', 'é', '€', '😀', '\u007f', '!', '#', '[', ']', '\u0080', '¢', 'Ü']) {
      for (let before = 0; before < 9; before++) {
        const content = filler.repeat(before)
        const size = Buffer.byteLength(content)
        assert.equal(skip(`"${content}"   `), size + 2)
        assert.equal(skip(`"${content}\\"\\\\"   `), size + 6)
        for (const control of ['\u0000', '\u001f', '\n'])
          assert.equal(skip(`"${content}${control}"   `), 'MALFORMED_JSON')
        assert.equal(skip(`"${content}`), 'MALFORMED_JSON')
      }
    }
  })

  test('never reads beyond the end, wherever a text is cut off and whatever its last byte', () => {
    const content = 'plain text of some words, then \\u0041 and \\n and more'
    const strings = [`"${content}"`, `"${'x'.repeat(40)}"`]
    const values = [...strings, `[{"a":${strings[0]},"b":[1,-2.5e-3,""]},true, null ]`]
    const tails = ['', '}', '\n', ' ', '"', ']', '1', '\\']
    const walk = (text: string, step: (cursor: JsonCursor) => unknown) => {
      for (let length = 0; length <= text.length; length++) {
        for (const tail of tails) {
          const cursor = watched(bodyCursor(Buffer.from(text.slice(0, length) + tail), 8))
          const [code] = refusal(() => step(cursor))
          assert.match(code, /^(accepted|MALFORMED_JSON)$/)
        }
      }
    }
    for (const text of values) walk(text, cursor => cursor.skipValue(0))
    for (const text of strings) walk(text, cursor => (cursor.peek() === 0x22 ? cursor.skipString() : cursor.fail()))
  })

  test('says at which byte a text goes wrong', () => {
    const cases: [text: string, message: string][] = [
      ['', 'The body ends at byte 0, in the middle of a value.'],
      ['[1,', 'The body ends at byte 3, in the middle of a value.'],
      ['"é', 'The body ends at byte 3, in the middle of a value.'],
      ['{"a"=1}', 'The body is not valid JSON at byte 4.'],
      ['[1 2]', 'The body is not valid JSON at byte 3.'],
      ['"\\x"', 'The body is not valid JSON at byte 2.'],
      ['"\\u12g4"', 'The body is not valid JSON at byte 5.'],
      ['"\\u12', 'The body ends at byte 5, in the middle of a value.'],
      ['nul', 'The body ends at byte 3, in the middle of a value.'],
      ['nuLl', 'The body is not valid JSON at byte 2.'],
      ['-', 'The body ends at byte 1, in the middle of a value.'],
      ['1.e5', 'The body is not valid JSON at byte 2.']
    ]
    for (const [text, message] of cases) {
      assert.deepEqual(
        refusal(() => bodyCursor(Buffer.from(text), 8).skipValue(0)),
        ['MALFORMED_JSON', message]
      )
    }
  })

  test('gives up on deep nesting at the first level too many', () => {
    const deep = '[{"a":'.repeat(50_000)
    assert.deepEqual(
      refusal(() => bodyCursor(Buffer.from(deep), 512).skipValue(0)),
      ['MALFORMED_JSON', 'The body nests deeper than 512 levels at byte 1536.']
    )
    assert.equal(skip(`${'['.repeat(10_000)}${']'.repeat(10_000)}`, 0, 10_000), 20_000)
  })

  test('takes no byte order mark and no invalid UTF-8', () => {
    assert.deepEqual(
      refusal(() => bodyCursor(Buffer.from('\ufeff1'), 8)),
      ['MALFORMED_JSON', 'The body begins with a byte order mark.']
    )
    assert.deepEqual(
      refusal(() => bodyCursor(Buffer.from([0x22, 0xc3, 0x22]), 8)),
      ['MALFORMED_JSON', 'The body is not valid UTF-8.']
    )
  })
})
