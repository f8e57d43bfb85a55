import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { BodyBuffer } from '../../src/http/body-buffer.ts'

const chunks = fc.array(fc.uint8Array({ minLength: 1, maxLength: 40_000 }), { maxLength: 12, size: 'max' })

test('what is taken is what was appended, whether or not the length was declared', () => {
  fc.assert(
    fc.property(chunks, fc.boolean(), (parts, declared) => {
      const whole = Buffer.concat(parts)
      const buffer = new BodyBuffer(declared ? whole.length : -1)
      for (const part of parts) buffer.append(Buffer.from(part))
      assert.deepEqual(buffer.take(), whole)
    }),
    { numRuns: 100 }
  )
})

test('a body that comes in one piece is that piece, not a copy', () => {
  const buffer = new BodyBuffer(3)
  const chunk = Buffer.from('abc')
  buffer.append(chunk)
  assert.equal(buffer.take().buffer, chunk.buffer)
})
