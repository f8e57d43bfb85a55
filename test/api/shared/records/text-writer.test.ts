import assert from 'node:assert/strict'
import { isUtf8 } from 'node:buffer'
import { suite, test } from 'node:test'
import * as fc from 'fast-check'
import { fixedText } from '../../../../src/api/shared/records/fixed-text.ts'
import { TextWriter, viewOf } from '../../../../src/api/shared/records/text-writer.ts'
import { text } from './support/texts.ts'

const written = (write: (writer: TextWriter) => void): string => {
  const writer = new TextWriter(1)
  write(writer)
  return writer.finish().toString()
}

/** Between bytes that would be seen if they were read. */
function quoted(writer: TextWriter, content: Buffer, before: number): boolean {
  const source = Buffer.concat([Buffer.alloc(before, 0xff), content, Buffer.from('"\\\n\xff', 'latin1')])
  const isText = (start: number, end: number) => isUtf8(source.subarray(start, end))
  return writer.quoted(source, viewOf(source), before, before + content.length, isText)
}

suite('The writer of text', () => {
  test('writes numbers as String does', () => {
    const edges = [0, 9, 10, 99, 100, 1e9 - 1, 1e9, 1e9 + 1, 2 ** 31, 2 ** 32, 2 ** 53 - 1, 2 ** 53, -1, -(2 ** 53)]
    const nearBillions = fc
      .tuple(fc.nat({ max: 9_007_198 }), fc.integer({ min: -2, max: 2 }))
      .map(([high, low]) => high * 1e9 + low)
    const nearPowers = fc
      .tuple(fc.nat({ max: 15 }), fc.integer({ min: -2, max: 2 }))
      .map(([power, low]) => 10 ** power + low)
    fc.assert(
      fc.property(fc.oneof(fc.maxSafeInteger(), fc.constantFrom(...edges), nearBillions, nearPowers), value => {
        assert.equal(
          written(writer => writer.integer(value)),
          String(value)
        )
      }),
      { numRuns: 5000 }
    )
  })

  test('writes fixed texts whole, one behind the other', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: fc.constantFrom(...Array.from('{}[]":,ab')), maxLength: 40 })), texts => {
        const all = written(writer => {
          for (const each of texts) {
            writer.room(each.length)
            writer.text(fixedText(each))
          }
        })
        assert.equal(all, texts.join(''))
      })
    )
  })

  test('quotes as JSON.stringify does, wherever the bytes lie', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(text, fc.nat({ max: 5 })), { maxLength: 5 }), pieces => {
        const all = written(writer => {
          for (const [value, before] of pieces) assert.equal(quoted(writer, Buffer.from(value), before), true)
        })
        assert.equal(all, pieces.map(([value]) => JSON.stringify(value)).join(''))
      }),
      { numRuns: 1000 }
    )
  })

  test('escapes each byte that needs it at each place of a word', () => {
    for (let byte = 0; byte < 0x80; byte++) {
      for (const filler of ['a', 'é']) {
        for (let at = 0; at < 6; at++) {
          const value = filler.repeat(at) + String.fromCharCode(byte) + filler.repeat(7 - at)
          assert.equal(
            written(writer => quoted(writer, Buffer.from(value), at)),
            JSON.stringify(value)
          )
        }
      }
    }
  })

  test('leaves no trace of bytes that are not text', () => {
    fc.assert(
      fc.property(text, fc.constantFrom([0xff], [0xc3], [0xed, 0xa0, 0x80]), (value, tail) => {
        const all = written(writer => {
          writer.append(Buffer.from('['))
          assert.equal(quoted(writer, Buffer.concat([Buffer.from(value), Buffer.from(tail)]), 2), false)
          writer.append(Buffer.from(']'))
        })
        assert.equal(all, '[]')
      })
    )
  })

  test('holds memory in proportion to what it writes, escapes or none', () => {
    const size = 1024 * 1024
    for (const content of [
      Buffer.alloc(size, 'a'),
      Buffer.concat([Buffer.from('\n'), Buffer.alloc(size, 'a')]),
      Buffer.alloc(size, 1)
    ]) {
      const writer = new TextWriter(size)
      quoted(writer, content, 0)
      const text = writer.finish()
      assert.ok(text.buffer.byteLength <= text.length * 1.6, `${text.buffer.byteLength} held for ${text.length}`)
    }
  })
})
