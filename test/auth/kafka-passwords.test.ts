import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { inspect } from 'node:util'
import { createAuthenticator } from '../../src/auth/authenticator.ts'
import type { Credentials } from '../../src/auth/credentials.ts'
import { GatewayError } from '../../src/core/errors.ts'
import type { CallerIdentity } from '../../src/core/kafka-identity.ts'
import type { Principal } from '../../src/core/principal.ts'
import { silent } from '../kafka/transport/scripted-broker.ts'
import { sent } from './sent.ts'

const basic = (user: string, password: string, more: Partial<Credentials> = {}) =>
  sent(`Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`, more)

/** Takes the password `right` of anybody. */
function gatewayWith(rules: object[] = []) {
  const shown: string[] = []
  const believed = new Set<string>()
  const clock = { nowMs: 0 }
  const prove = async ({ key, sasl }: CallerIdentity) => {
    shown.push(`${sasl.username}:${sasl.password}`)
    if (sasl.password !== 'right') throw new GatewayError('INVALID_CREDENTIALS', 'no')
    believed.add(key)
  }
  const whole = { groups: [], roles: [], principals: [], topics: ['*'], consumerGroups: [], operations: ['read'] }
  const config = {
    mode: 'on' as const,
    oidc: [],
    permittedGroups: [],
    rules: rules.map(rule => ({ ...whole, issuers: ['kafka'], ...rule }))
  }
  const authenticator = createAuthenticator(config, silent, {
    steadyNow: () => clock.nowMs,
    kafka: {
      mechanism: 'SCRAM-SHA-512',
      tokenAudience: [],
      credentials: new Map(),
      identityMap: [],
      believeMs: 1000,
      proof: { prove, believes: key => believed.has(key) }
    }
  })
  const outcome = async (credentials: Credentials): Promise<Principal | string> => {
    try {
      return await authenticator.authenticate(credentials)
    } catch (error) {
      assert.ok(error instanceof GatewayError, String(error))
      return error.code
    }
  }
  return { shown, believed, clock, outcome, authenticator }
}

suite('User names and passwords that Kafka judges', () => {
  test('name a principal of the issuer kafka, at once while Kafka is believed, and carry what Kafka is shown', async () => {
    const { shown, outcome, authenticator } = gatewayWith()
    const alice = await outcome(basic('alice', 'right'))
    assert.ok(typeof alice === 'object')
    assert.deepEqual([alice.issuer, alice.id, alice.kafka?.sasl.mechanism], ['kafka', 'alice', 'SCRAM-SHA-512'])
    assert.equal(authenticator.authenticate(basic('alice', 'right')), alice)
    assert.deepEqual(shown, ['alice:right'])
    assert.doesNotMatch(inspect(alice, { depth: 9, showHidden: true }) + JSON.stringify(alice), /right/)
  })

  test('are another identity with another password, and with the same parts split elsewhere', async () => {
    const { outcome } = gatewayWith()
    const keys = new Set<string | undefined>()
    for (const [user, password] of [['alice', 'right'] as const, ['bob', 'right'] as const]) {
      const principal = await outcome(basic(user, password))
      assert.ok(typeof principal === 'object')
      keys.add(principal.kafka?.key)
    }
    assert.equal(keys.size, 2)
    assert.equal(await outcome(basic('alice', 'wrong')), 'INVALID_CREDENTIALS')
  })

  test('are refused with 401, and from the fifth wrong one on held up at that address; a believed caller never is', async () => {
    const { outcome } = gatewayWith()
    await outcome(basic('alice', 'right'))
    for (let guess = 0; guess < 5; guess++)
      assert.equal(await outcome(basic('alice', `guess ${guess}`)), 'INVALID_CREDENTIALS')
    assert.equal(await outcome(basic('alice', 'another')), 'TOO_MANY_ATTEMPTS')
    assert.ok(typeof (await outcome(basic('alice', 'right'))) === 'object')
    assert.equal(await outcome(basic('alice', 'another', { address: '192.0.2.9' })), 'INVALID_CREDENTIALS')
  })

  test('are shown to Kafka again when it is no longer believed', async () => {
    const { shown, believed, outcome } = gatewayWith()
    await outcome(basic('alice', 'right'))
    believed.clear()
    assert.ok(typeof (await outcome(basic('alice', 'right'))) === 'object')
    assert.equal(shown.length, 2)
  })

  test('let in everybody whom Kafka takes where there are no rules, for all that Kafka allows; else rules must agree', async () => {
    const free = await gatewayWith().outcome(basic('alice', 'right'))
    assert.ok(typeof free === 'object')
    assert.equal(free.access.allows('alter', 'cluster', 'kafka-cluster'), true)
    const { outcome } = gatewayWith([{ principals: ['alice'], topics: ['orders'] }])
    const alice = await outcome(basic('alice', 'right'))
    assert.ok(typeof alice === 'object')
    assert.deepEqual(
      ['orders', 'bills'].map(topic => alice.access.allows('read', 'topic', topic)),
      [true, false]
    )
    assert.equal(await outcome(basic('bob', 'right')), 'NOT_PERMITTED')
  })
})
