import assert from 'node:assert/strict'
import { test } from 'node:test'
import { inOrder } from './order.ts'

test('two test files that run alone have others between them, and those that need quiet come last', () => {
  const texts = {
    a: '',
    b: 'await alone()\n',
    c: 'await alone()\n',
    d: 'await quiet()\n',
    e: '// await alone()\n',
    f: ''
  }
  const files = Object.entries(texts).map(([path, text]) => ({ path, text }))
  assert.deepEqual(inOrder(files), ['b', 'a', 'e', 'c', 'f', 'd'])
  assert.deepEqual(inOrder(files.slice(1, 3)), ['b', 'c'])
  assert.deepEqual(inOrder([]), [])
})
