import assert from 'node:assert/strict'
import { test } from 'node:test'
import { causeText, TransportError } from '../../../src/kafka/transport/transport-error.ts'

test('an error and its causes are one line, each told once', () => {
  const cause = new Error('key values mismatch')
  const quoting = new TransportError(`Broker b:1 cannot be reached: ${cause.message}`, false, cause)
  assert.equal(causeText(quoting), 'Broker b:1 cannot be reached: key values mismatch')
  const outer = new Error('Kafka cannot be reached.', { cause: new Error('Just now: it refused.') })
  assert.equal(causeText(outer), 'Kafka cannot be reached: Just now: it refused')
})

test('of several addresses each tells', () => {
  const each = new AggregateError([new Error('::1 refused'), new Error('127.0.0.1 refused')])
  assert.equal(causeText(new Error('no way', { cause: each })), 'no way: ::1 refused, 127.0.0.1 refused')
})

test('a chain of causes that never ends is cut, and what is no error is told as it is', () => {
  const ring = new Error('a')
  ring.cause = new Error('b', { cause: ring })
  assert.equal(causeText(ring), 'a: b: a: b')
  assert.equal(causeText('text'), 'text')
})
