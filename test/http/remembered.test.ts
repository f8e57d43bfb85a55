import assert from 'node:assert/strict'
import { test } from 'node:test'
import { remembered } from '../../src/http/remembered.ts'

test('a text is read once while it is among the last 64, and a long one each time', () => {
  const read: string[] = []
  const lengthOf = remembered(text => (read.push(text), text.length))
  const long = 'x'.repeat(257)
  for (const text of ['a', 'a', '', '', long, long]) assert.equal(lengthOf(text), text.length)
  assert.deepEqual(read, ['a', '', long, long])
  for (let n = 0; n < 64; n++) lengthOf(`other ${n}`)
  lengthOf('a')
  assert.equal(read.filter(text => text === 'a').length, 2)
})

test('what is undefined is remembered too, and each reader has a memory of its own', () => {
  let calls = 0
  const none = remembered(() => void calls++)
  const twice = remembered(text => text + text)
  assert.deepEqual([none('a'), none('a'), twice('a'), calls], [undefined, undefined, 'aa', 1])
})
