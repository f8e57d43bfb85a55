import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { nearest } from '../../../src/core/lib/nearest.ts'

test('finds what was probably meant', () => {
  const words = ['serve', 'dev', 'check-config', 'version']
  assert.equal(nearest('sevre', words), 'serve')
  assert.equal(nearest('vresion', words), 'version')
  assert.equal(nearest('CHECKCONFIG', words), 'check-config')
  assert.equal(nearest('dve', words), 'dev')
})

test('prefers the closest, and the first of equals', () => {
  assert.equal(nearest('port', ['ports', 'port']), 'port')
  assert.equal(nearest('porx', ['port', 'pork']), 'port')
})

test('suggests nothing far-fetched', () => {
  assert.equal(nearest('qwerty', ['serve', 'version']), undefined)
  assert.equal(nearest('', ['serve']), undefined)
  assert.equal(nearest('x'.repeat(201), ['x'.repeat(201)]), undefined)
  assert.equal(nearest('serve', []), undefined)
})

test('one typing error in a word of three letters or more is always forgiven', () => {
  const word = fc.stringMatching(/^[a-z]{3,20}$/)
  const letter = fc.stringMatching(/^[a-z]$/)
  fc.assert(
    fc.property(word, fc.nat(), letter, fc.constantFrom('drop', 'add', 'change', 'swap'), (meant, at, extra, error) => {
      const position = at % meant.length
      const [head, tail] = [meant.slice(0, position), meant.slice(position)]
      const typed = {
        drop: head + tail.slice(1),
        add: head + extra + tail,
        change: head + extra + tail.slice(1),
        swap: head + (tail[1] ?? '') + tail[0] + tail.slice(2)
      }[error]
      assert.equal(nearest(typed, [meant]), meant)
    })
  )
})
