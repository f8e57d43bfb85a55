import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import fc from 'fast-check'
import { LineBuffer } from '../../../../src/api/shared/write/line-buffer.ts'

const LIMIT = 12

/** Cuts a text into pieces of the given lengths, over and over. */
function piecesOf(text: string, lengths: readonly number[]): Buffer[] {
  const bytes = Buffer.from(text)
  const pieces: Buffer[] = []
  for (let at = 0, number = 0; at < bytes.length; number++) {
    const length = lengths[number % lengths.length]
    pieces.push(bytes.subarray(at, at + length))
    at += length
  }
  return pieces
}

suite('The buffer of lines', () => {
  const texts = fc.array(fc.constantFrom('', 'a', 'bb', 'ccc ccc', 'd'.repeat(12), 'e'.repeat(13), 'f'.repeat(40)))
  const lengths = fc.array(fc.integer({ min: 1, max: 30 }), { minLength: 1 })

  test('gives out every line once, in order, wherever the pieces are cut; a long one leaves its place', () => {
    fc.assert(
      fc.property(texts, lengths, fc.boolean(), fc.nat(3), (lines, cuts, isEnded, putBack) => {
        const buffer = new LineBuffer(LIMIT)
        const seen: string[] = []
        const take = (from = 0) => {
          const { bytes, tooLong, release } = buffer.take()
          let start = 0
          for (let number = 0; start < bytes.length; number++) {
            if (number === from && from > 0) {
              buffer.putBack({ bytes, tooLong }, start)
              break
            }
            const end = bytes.indexOf(10, start)
            const isLong = tooLong.includes(start) || end - start > LIMIT
            seen.push(isLong ? 'too long' : bytes.toString('utf8', start, end))
            start = end + 1
          }
          release()
        }
        for (const piece of piecesOf(lines.join('\n') + (isEnded ? '\n' : ''), cuts)) {
          buffer.append(piece)
          assert.ok(buffer.length <= LIMIT + 30 * 30)
          if (buffer.wholeBytes > 0) take(putBack)
        }
        buffer.end()
        while (buffer.wholeBytes > 0) take()
        const expected = isEnded || lines.at(-1) !== '' ? lines : lines.slice(0, -1)
        assert.deepEqual(
          seen,
          lines.length === 0 && isEnded ? [''] : expected.map(line => (line.length > LIMIT ? 'too long' : line))
        )
      })
    )
  })

  test('keeps nothing of a line beyond the limit', () => {
    const buffer = new LineBuffer(100)
    buffer.append(Buffer.from('{"value":1}\n'))
    for (let sent = 0; sent < 1000; sent++) buffer.append(Buffer.alloc(1000, 'x'))
    assert.deepEqual([buffer.length, buffer.wholeBytes, buffer.endsInLine], [12, 12, true])
    buffer.append(Buffer.from('\n{"value":2}\n'))
    const { bytes, tooLong, release } = buffer.take()
    assert.deepEqual([bytes.toString(), tooLong], ['{"value":1}\n\n{"value":2}\n', [12]])
    release()
  })
})
