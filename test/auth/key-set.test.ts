import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, suite, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { createGatekeeper, type Gatekeeper } from '../../src/auth/gatekeeper.ts'
import { KeySet } from '../../src/auth/key-set.ts'
import type { OidcProviderConfig } from '../../src/config/auth-schema.ts'
import type { AuthConfig } from '../../src/config/schema.ts'
import { GatewayError } from '../../src/core/errors.ts'
import type { Log } from '../../src/core/log.ts'
import { localCertificates } from '../../src/dev/certificates/local-certificates.ts'
import { AUDIENCE, CALLER, GROUP, newKey, TestProvider, type TestKey } from './provider.ts'

const quiet = () => undefined
const log: Log = { debug: quiet, info: quiet, warn: quiet, error: quiet }

let provider: TestProvider
let gatekeeper: Gatekeeper
let nowMs: number

function configFor(changes: Partial<OidcProviderConfig> = {}): OidcProviderConfig {
  return {
    issuer: provider.issuer,
    audience: [AUDIENCE],
    algorithms: ['RS256'],
    issuerAliases: [],
    tenants: [],
    groupsClaims: ['groups'],
    rolesClaims: [],
    principalClaims: ['oid'],
    clockToleranceMs: 5000,
    ...changes
  }
}

async function open(changes: Partial<OidcProviderConfig> = {}): Promise<void> {
  const config: AuthConfig = { mode: 'oidc', oidc: [configFor(changes)], permittedGroups: [GROUP], rules: [] }
  gatekeeper = createGatekeeper(config, log, undefined, { now: () => nowMs })
  await gatekeeper.start()
}

/** The caller's id, or the code of the refusal. */
async function outcome(key: TestKey = provider.key): Promise<string> {
  const token = await provider.token({ exp: Math.floor(nowMs / 1000) + 60 }, { key })
  return Promise.resolve(gatekeeper.admit(`Bearer ${token}`)).then(
    ({ id }) => id,
    (thrown: unknown) => (thrown instanceof GatewayError ? thrown.code : String(thrown))
  )
}

beforeEach(async () => {
  nowMs = Date.now()
  provider = new TestProvider()
  await provider.start()
})
afterEach(async () => {
  gatekeeper.close()
  await provider.stop()
})

suite('Rotation', () => {
  beforeEach(() => open())

  test('a new key is picked up at once, even a moment after the start, and what the old one signed is judged anew', async () => {
    const header = `Bearer ${await provider.token()}`
    await gatekeeper.admit(header)
    assert.ok(!(gatekeeper.admit(header) instanceof Promise))
    const rotated = newKey('second')
    provider.keys = [rotated]
    assert.equal(await outcome(rotated), CALLER)
    await assert.rejects(async () => gatekeeper.admit(header), { code: 'INVALID_TOKEN' })
  })

  test('keys that overlap are all good', async () => {
    const rotated = newKey('second')
    provider.keys = [provider.key, rotated]
    assert.deepEqual([await outcome(rotated), await outcome()], [CALLER, CALLER])
  })

  test('made-up key ids ask the provider once in five seconds, however many they are', async () => {
    const madeUp = (number: number) => outcome({ ...provider.key, keyId: `made-up-${number}` })
    const first = await Promise.all(Array.from({ length: 30 }, (_, number) => madeUp(number)))
    assert.ok(first.every(code => code === 'INVALID_TOKEN'))
    assert.equal(provider.keyRequests, 2)
    nowMs += 4999
    await madeUp(30)
    assert.equal(provider.keyRequests, 2)
    nowMs += 1
    await madeUp(31)
    assert.equal(provider.keyRequests, 3)
  })

  test('made-up key ids disturb nobody whose key is known', async () => {
    await outcome({ ...provider.key, keyId: 'made-up' })
    assert.equal(await outcome(), CALLER)
  })
})

suite('Outage', () => {
  test('known keys are good for a day without the provider, and no longer', async () => {
    await open()
    provider.down = true
    nowMs += 24 * 3_600_000 - 1
    assert.equal(await outcome(), CALLER)
    assert.equal(gatekeeper.ready(), true)
    nowMs += 1
    assert.equal(gatekeeper.ready(), false)
    // The token that was verified a moment ago is remembered for its minute.
    nowMs += 60_000
    assert.equal(await outcome(), 'IDENTITY_UNAVAILABLE')
  })

  test('a key that may exist is no reason to call the token bad while the provider cannot be asked', async () => {
    await open()
    provider.down = true
    const rotated = newKey('second')
    assert.equal(await outcome(rotated), 'IDENTITY_UNAVAILABLE')
    assert.equal(await outcome(), CALLER)
    provider.down = false
    provider.keys = [rotated]
    nowMs += 5000
    assert.equal(await outcome(rotated), CALLER)
  })

  test('a provider that is down at the start: not ready, 503, and let in by the first token once it is up', async () => {
    provider.down = true
    await open()
    assert.equal(gatekeeper.ready(), false)
    assert.equal(await outcome(), 'IDENTITY_UNAVAILABLE')
    provider.down = false
    nowMs += 5000
    assert.equal(await outcome(), CALLER)
    assert.equal(gatekeeper.ready(), true)
  })

  test('a provider that is down at the start is asked again without anybody calling', async () => {
    provider.down = true
    await open()
    provider.down = false
    for (let tries = 0; tries < 500 && !gatekeeper.ready(); tries++) await sleep(20)
    assert.equal(gatekeeper.ready(), true)
  })

  test('an empty key set, or one of symmetric keys, does not replace good keys', async () => {
    await open()
    for (const keys of [[], [{ kty: 'oct', k: 'c2VjcmV0', kid: 'first' }], [null], 'none']) {
      provider.rawKeys = keys
      nowMs += 5000
      assert.equal(await outcome({ ...provider.key, keyId: 'other' }), 'IDENTITY_UNAVAILABLE')
      assert.equal(await outcome(), CALLER)
    }
  })
})

suite('Discovery', () => {
  test('a document that names another issuer is not believed', async () => {
    provider.claimedIssuer = 'https://evil.example'
    await open()
    assert.equal(await outcome(), 'IDENTITY_UNAVAILABLE')
  })

  test('an explicit jwksUri needs no discovery', async () => {
    provider.claimedIssuer = 'https://evil.example'
    await open({ jwksUri: `${provider.issuer}/keys` })
    assert.equal(await outcome(), CALLER)
  })

  test('keys are not fetched in the clear from another machine', async () => {
    await open({ jwksUri: 'http://keys.example/keys' })
    assert.equal(await outcome(), 'IDENTITY_UNAVAILABLE')
  })
})

test('over HTTPS the provider is trusted by the configured authority, and by no other', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'key-set-'))
  const { certFile, keyFile, caFile } = localCertificates(folder)
  await provider.stop()
  provider = new TestProvider({ cert: readFileSync(certFile), key: readFileSync(keyFile) })
  await provider.start()
  await open()
  assert.equal(await outcome(), 'IDENTITY_UNAVAILABLE')
  gatekeeper.close()
  await open({ caFile })
  assert.equal(await outcome(), CALLER)
  rmSync(folder, { recursive: true })
})

test('listeners hear of other keys, and not of the same keys loaded again', async () => {
  await open()
  const keys = new KeySet(configFor(), log, undefined, () => nowMs)
  let changes = 0
  keys.onChange(() => changes++)
  await keys.start()
  assert.equal(changes, 1)
  const before = keys.current
  await keys.keysFor('made-up')
  assert.deepEqual([changes, keys.current === before], [1, true])
  provider.keys = [newKey('second')]
  nowMs += 5000
  await keys.keysFor('second')
  assert.deepEqual([changes, keys.current === before], [2, false])
  keys.close()
})
