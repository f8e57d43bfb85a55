import assert from 'node:assert/strict'
import { test } from 'node:test'
import { KeyRing } from '../../src/auth/key-ring.ts'
import { Policy } from '../../src/auth/policy.ts'
import { TokenVerifier } from '../../src/auth/token-verifier.ts'
import { AUDIENCE, GROUP, newKey, publicJwk, TestProvider } from './provider.ts'

test('what was verified while the keys changed is not remembered', async t => {
  const provider = new TestProvider()
  await provider.start()
  t.after(() => provider.stop())
  const next = new KeyRing([await publicJwk(newKey('second'))])
  let change: () => void = () => assert.fail('nobody listens')
  let changing = true
  let current: KeyRing | null = null
  // Asked for its keys in the midst of a verification, it changes all keys and only then answers.
  class ChangingRing extends KeyRing {
    override candidates(...question: Parameters<KeyRing['candidates']>) {
      if (changing) {
        current = next
        change()
      }
      return super.candidates(...question)
    }
  }
  const ring = new ChangingRing([await publicJwk(provider.key)])
  current = ring
  const config = {
    issuer: provider.issuer,
    audience: [AUDIENCE],
    algorithms: ['RS256'],
    issuerAliases: [],
    tenants: [],
    groupsClaims: ['groups'],
    rolesClaims: [],
    principalClaims: ['oid'],
    clockToleranceMs: 0,
    dpop: 'off' as const
  }
  const keys = {
    get current() {
      return current
    },
    ringFor: () => Promise.resolve(ring),
    ringAfter: () => Promise.resolve(ring),
    onChange: (listener: () => void) => (change = listener)
  }
  const policy = new Policy({ oidc: [config], permittedGroups: [GROUP], rules: [] })
  const verifier = new TokenVerifier([{ config, keys }], policy, Date.now, Date.now)
  const header = `Bearer ${await provider.token()}`
  assert.equal((await verifier.verify(header)).identity.member, true)
  assert.equal(verifier.known(header), undefined)
  changing = false
  current = ring
  await verifier.verify(header)
  assert.equal(verifier.known(header)?.identity.member, true)
})
