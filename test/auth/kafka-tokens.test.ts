import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { inspect } from 'node:util'
import type { JWTPayload } from 'jose'
import { KafkaTokens } from '../../src/auth/kafka-tokens.ts'
import type { OidcProviderConfig } from '../../src/config/auth-schema.ts'

const AUDIENCE = 'https://kafka.example'
const provider = (issuer: string, perTokenClaims: string[] = []): OidcProviderConfig => ({
  issuer,
  audience: [AUDIENCE],
  algorithms: ['RS256'],
  issuerAliases: [],
  tenants: [],
  groupsClaims: [],
  rolesClaims: [],
  principalClaims: ['sub'],
  clockToleranceMs: 0,
  dpop: 'off',
  perTokenClaims
})
const own = provider('https://idp.example', ['session'])
const entra = provider('https://login.microsoftonline.com/t/v2.0')
const claims = (more: JWTPayload = {}): JWTPayload => ({
  iss: 'https://idp.example',
  sub: 's',
  aud: AUDIENCE,
  exp: 10,
  ...more
})

suite('Tokens that are shown to Kafka', () => {
  test('are one identity as long as they say the same of their caller, in whatever order', () => {
    const tokens = new KafkaTokens([AUDIENCE])
    const keyOf = (more: JWTPayload, from = own) => tokens.identityOf('t', claims(more), from)?.key
    const first = keyOf({ groups: ['a', 'b'], deep: { x: 1, y: 2 } })
    assert.equal(keyOf({ deep: { y: 2, x: 1 }, groups: ['a', 'b'] }), first)
    const perToken = { exp: 99, iat: 98, nbf: 97, jti: 'j', auth_time: 96, session: 'other' }
    assert.equal(keyOf({ ...perToken, groups: ['a', 'b'], deep: { x: 1, y: 2 } }), first)
    for (const other of [
      { groups: ['a'] },
      { groups: ['b', 'a'] },
      { sub: 'S' },
      { iss: 'https://other.example' },
      { aio: 'x' }
    ])
      assert.notEqual(keyOf({ groups: ['a', 'b'], deep: { x: 1, y: 2 }, ...other }), first)
    assert.equal(keyOf({ aio: 'x', uti: 'y', rh: 'z' }, entra), keyOf({ aio: 'other' }, entra))
  })

  test('of an identity the one counts that ends last, whichever came last', async () => {
    const tokens = new KafkaTokens([AUDIENCE])
    const nowS = Math.floor(Date.now() / 1000)
    const shown = () => tokens.identityOf('early', claims({ exp: nowS + 50 }), own)?.sasl.token?.()
    assert.equal(await shown(), 'early')
    const identity = tokens.identityOf('late', claims({ exp: nowS + 200 }), own)
    assert.equal(await shown(), 'late')
    assert.equal(tokens.identityOf('newer', claims({ exp: nowS + 300 }), own), identity)
    assert.equal(await identity?.sasl.token?.(), 'newer')
    assert.doesNotMatch(inspect(identity, { depth: 9, showHidden: true }) + JSON.stringify(identity), /newer/)
  })

  test('are not shown once they have expired, even if the gateway takes them a while longer', async () => {
    const tokens = new KafkaTokens([AUDIENCE])
    const nowS = Math.floor(Date.now() / 1000)
    const identity = tokens.identityOf('over', claims({ exp: nowS - 1 }), own)
    assert.equal(await identity?.sasl.token?.(), undefined)
    assert.equal(tokens.identityOf('newer', claims({ exp: nowS + 300 }), own), identity)
    assert.equal(await identity?.sasl.token?.(), 'newer')
  })

  test('are meant for Kafka by one of their audiences; no others are shown', () => {
    const tokens = new KafkaTokens([AUDIENCE])
    assert.notEqual(tokens.identityOf('t', claims({ aud: ['x', AUDIENCE] }), own), undefined)
    assert.equal(tokens.identityOf('t', claims({ aud: ['x'] }), own), undefined)
    assert.equal(new KafkaTokens([]).identityOf('t', claims(), own), undefined)
  })
})
