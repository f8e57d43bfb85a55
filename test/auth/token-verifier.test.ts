import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createLocalJWKSet } from 'jose'
import type { KeyLookup } from '../../src/auth/key-set.ts'
import { Policy } from '../../src/auth/policy.ts'
import { TokenVerifier } from '../../src/auth/token-verifier.ts'
import { AUDIENCE, GROUP, newKey, publicJwk, TestProvider } from './provider.ts'

test('what was verified while the keys changed is not remembered', async t => {
  const provider = new TestProvider()
  await provider.start()
  t.after(() => provider.stop())
  const old = createLocalJWKSet({ keys: [await publicJwk(provider.key)] })
  const next = createLocalJWKSet({ keys: [await publicJwk(newKey('second'))] })
  let change: () => void = () => assert.fail('nobody listens')
  let changing = true
  let current: KeyLookup | null = null
  // Asked for the key in the midst of a verification, it changes all keys and only then answers.
  const lookup: KeyLookup = Object.assign(
    async (...question: Parameters<KeyLookup>) => {
      if (changing) {
        current = next
        change()
      }
      return old(...question)
    },
    { jwks: old.jwks }
  )
  current = lookup
  const config = {
    issuer: provider.issuer,
    audience: [AUDIENCE],
    algorithms: ['RS256'],
    issuerAliases: [],
    tenants: [],
    groupsClaims: ['groups'],
    rolesClaims: [],
    principalClaims: ['oid'],
    clockToleranceMs: 0
  }
  const keys = {
    get current() {
      return current
    },
    keysFor: () => Promise.resolve(lookup),
    onChange: (listener: () => void) => (change = listener)
  }
  const verifier = new TokenVerifier(
    [{ config, keys }],
    new Policy({ oidc: [config], permittedGroups: [GROUP], rules: [] }),
    Date.now
  )
  const header = `Bearer ${await provider.token()}`
  assert.equal((await verifier.verify(header)).identity.member, true)
  assert.equal(verifier.known(header), undefined)
  changing = false
  current = lookup
  await verifier.verify(header)
  assert.equal(verifier.known(header)?.identity.member, true)
})
