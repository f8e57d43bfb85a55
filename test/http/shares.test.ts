import assert from 'node:assert/strict'
import { Socket } from 'node:net'
import { suite, test } from 'node:test'
import { ByteBudget } from '../../src/core/byte-budget.ts'
import { noAccess, type Principal } from '../../src/core/principal.ts'
import { Shares } from '../../src/http/shares.ts'
import { StreamSlots } from '../../src/http/stream-slots.ts'

const connection = { socket: new Socket(), inputEnded: false }
const leaveNothing = () => undefined
const LIMITS = { bodyBytes: 100, bodyTimeoutMs: 1000 }

function caller(key: string): Principal {
  const sasl = { mechanism: 'PLAIN', username: key, password: 'secret' } as const
  return { id: key, issuer: 'kafka', appOnly: null, access: noAccess, kafka: { key, sasl } }
}

function shares() {
  const whole = { limits: LIMITS, budget: new ByteBudget(100), streams: new StreamSlots(3) }
  return { whole, shares: new Shares(whole, { inFlightBytes: 25, streams: 1 }) }
}

suite('The share of an identity', () => {
  test('bounds the bytes of all its requests together, and the whole counts them too', () => {
    const { whole, shares: parts } = shares()
    const [one, two, other] = [parts.enter(caller('a')), parts.enter(caller('a')), parts.enter(caller('b'))]
    assert.equal(one.budget.tryGrow(0, 20), true)
    assert.equal(two.budget.tryGrow(0, 10), false)
    assert.equal(other.budget.tryGrow(0, 25), true)
    assert.equal(whole.budget.usedBytes, 45)
    one.budget.release(20)
    other.budget.release(25)
    assert.equal(whole.budget.usedBytes, 0)
  })

  test('bounds its streams, within those of the process', () => {
    const { shares: parts } = shares()
    const overloaded = { code: 'OVERLOADED' }
    const leave = parts.enter(caller('a')).streams.enter(connection, leaveNothing)
    assert.throws(() => parts.enter(caller('a')).streams.enter(connection, leaveNothing), overloaded)
    parts.enter(caller('b')).streams.enter(connection, leaveNothing)
    parts.enter(caller('c')).streams.enter(connection, leaveNothing)
    assert.throws(() => parts.enter(caller('d')).streams.enter(connection, leaveNothing), overloaded)
    leave()
    parts.enter(caller('d')).streams.enter(connection, leaveNothing)
  })

  test('is forgotten with the last byte and the last request, whichever ends later', () => {
    const { shares: parts } = shares()
    const [one, two] = [parts.enter(caller('a')), parts.enter(caller('b'))]
    one.budget.add(5)
    parts.leave(one)
    parts.leave(two)
    assert.equal(parts.size, 1)
    one.budget.release(5)
    assert.equal(parts.size, 0)
  })
})
