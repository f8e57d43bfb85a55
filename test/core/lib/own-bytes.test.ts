import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ownBytes } from '../../../src/core/lib/own-bytes.ts'

test('Bytes of their own share no memory with those that they were copied from, and keep none but theirs', () => {
  const part = Buffer.from('xabcx').subarray(1, 4)
  const own = ownBytes(part)
  part.fill('z')
  assert.deepEqual([own.toString(), own.buffer.byteLength], ['abc', 3])
})
