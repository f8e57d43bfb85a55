import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, suite, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { createAuthenticator, type Authenticator } from '../../src/auth/authenticator.ts'
import { KeySet } from '../../src/auth/key-set.ts'
import type { OidcProviderConfig } from '../../src/config/auth-schema.ts'
import type { AuthConfig } from '../../src/config/schema.ts'
import { GatewayError } from '../../src/core/errors.ts'
import type { Log } from '../../src/core/log.ts'
import { localCertificates } from '../../src/dev/certificates/local-certificates.ts'
import { AUDIENCE, CALLER, GROUP, newKey, publicJwk, TestProvider, type TestKey } from './provider.ts'
import { sent } from './sent.ts'

const quiet = () => undefined
const log: Log = { debug: quiet, info: quiet, warn: quiet, error: quiet }

let provider: TestProvider
let authenticator: Authenticator
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
    dpop: 'off',
    ...changes
  }
}

async function open(changes: Partial<OidcProviderConfig> = {}): Promise<void> {
  const config: AuthConfig = { mode: 'oidc', oidc: [configFor(changes)], permittedGroups: [GROUP], rules: [] }
  authenticator = createAuthenticator(config, log, { now: () => nowMs, steadyNow: () => nowMs })
  await authenticator.start()
}

/** The caller's id, or the code of the refusal. */
async function outcome(key: TestKey = provider.key, header: object = {}): Promise<string> {
  const token = await provider.token({ exp: Math.floor(nowMs / 1000) + 60 }, { key, header })
  return Promise.resolve(authenticator.authenticate(sent(`Bearer ${token}`))).then(
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
  authenticator.close()
  await provider.stop()
})

suite('Rotation', () => {
  beforeEach(() => open())

  test('a new key is picked up at once, even a moment after the start, and what the old one signed is judged anew', async () => {
    const header = `Bearer ${await provider.token()}`
    await authenticator.authenticate(sent(header))
    assert.ok(!(authenticator.authenticate(sent(header)) instanceof Promise))
    const rotated = newKey('second')
    provider.keys = [rotated]
    assert.equal(await outcome(rotated), CALLER)
    nowMs += 5000
    await assert.rejects(async () => authenticator.authenticate(sent(header)), { code: 'INVALID_TOKEN' })
  })

  test('keys that overlap are all good', async () => {
    const rotated = newKey('second')
    provider.keys = [provider.key, rotated]
    assert.deepEqual([await outcome(rotated), await outcome()], [CALLER, CALLER])
  })

  test('made-up key ids ask the provider once in five seconds, however many they are', async () => {
    const madeUp = (number: number) => outcome({ ...provider.key, keyId: `made-up-${number}` })
    assert.equal(await madeUp(0), 'INVALID_TOKEN')
    assert.equal(provider.keyRequests, 2)
    nowMs += 4800
    const all = await Promise.all(Array.from({ length: 30 }, (_, number) => madeUp(number)))
    assert.ok(all.every(code => code === 'INVALID_TOKEN'))
    assert.equal(provider.keyRequests, 3)
  })

  test('a valid token of a new key waits for the end of the pause that a made-up key id has begun, and is let in', async () => {
    await outcome({ ...provider.key, keyId: 'made-up' })
    const rotated = newKey('second')
    provider.keys = [rotated]
    nowMs += 4800
    const startedMs = performance.now()
    assert.equal(await outcome(rotated), CALLER)
    const waitedMs = performance.now() - startedMs
    assert.ok(waitedMs >= 190 && waitedMs < 3000, String(waitedMs))
    assert.equal(provider.keyRequests, 3)
  })

  test('a hundred tokens at most wait for that; the rest is refused at once', async () => {
    await outcome({ ...provider.key, keyId: 'made-up' })
    nowMs += 4000
    let refused = 0
    const waiting = Array.from({ length: 110 }, (_, number) =>
      outcome({ ...provider.key, keyId: `made-up-${number}` }).then(code => refused++ && code)
    )
    await sleep(600)
    assert.equal(refused, 10)
    await Promise.all(waiting)
    assert.deepEqual([refused, provider.keyRequests], [110, 3])
  })

  test('a key that was replaced under its own name, or that has none, is picked up at once', async () => {
    for (const name of ['first', undefined]) {
      nowMs += 5000
      const [before, after] = [newKey('first'), newKey('first')]
      const listed = async (key: TestKey) => ({ ...(await publicJwk(key)), kid: name })
      const signed = (key: TestKey) => outcome(key, { kid: name })
      provider.rawKeys = [await listed(before)]
      assert.equal(await signed(before), CALLER)
      nowMs += 5000
      provider.rawKeys = [await listed(after)]
      provider.keysDelayMs = 300
      const codes = await Promise.all(Array.from({ length: 20 }, () => signed(after)))
      assert.deepEqual([...new Set(codes)], [CALLER])
      provider.keysDelayMs = 0
      assert.equal(await signed(before), 'INVALID_TOKEN')
    }
  })

  test('signatures that fit no key ask the provider once in five seconds, and none waits', async () => {
    const thief = newKey('first')
    for (let turn = 0; turn < 5; turn++) assert.equal(await outcome(thief), 'INVALID_TOKEN')
    assert.equal(provider.keyRequests, 2)
    provider.down = true
    nowMs += 5000
    assert.equal(await outcome(thief), 'INVALID_TOKEN')
    assert.equal(await outcome(), CALLER)
  })

  test('made-up key ids disturb nobody whose key is known', async () => {
    await outcome({ ...provider.key, keyId: 'made-up' })
    assert.equal(await outcome(), CALLER)
  })
})

suite('Key sets of all kinds', () => {
  const served = async (keys: readonly (readonly [TestKey, object])[]) => {
    provider.rawKeys = await Promise.all(
      keys.map(async ([key, changes]) => ({ ...(await publicJwk(key)), ...changes }))
    )
    await open()
  }
  const nameless = { kid: undefined }

  test('a key that is listed twice is one key, and different keys of one name are all tried', async () => {
    const twin = newKey('first')
    await served([
      [provider.key, {}],
      [provider.key, {}],
      [twin, {}]
    ])
    assert.deepEqual([await outcome(), await outcome(twin)], [CALLER, CALLER])
    assert.equal(await outcome(newKey('first')), 'INVALID_TOKEN')
    authenticator.close()
    await served([...Array.from({ length: 8 }, () => [provider.key, {}] as const), [twin, {}]])
    assert.equal(await outcome(twin, nameless), CALLER, 'eight entries of one key leave room for another')
  })

  test('a token that names no key is tried with all that fit, eight at most, and with none of another kind', async () => {
    const keys = Array.from({ length: 8 }, (_, number) => newKey(`key-${number}`))
    const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
    provider.rawKeys = [
      { ...publicKey.export({ format: 'jwk' }), kid: 'ec' },
      { ...(await publicJwk(newKey('e'))), use: 'enc' },
      { ...(await publicJwk(newKey('ps'))), alg: 'PS256' },
      { kty: 'RSA', kid: 'unreadable' },
      // Too short to be used: one of the eight.
      { kty: 'RSA', kid: 'short', n: 'AQAB', e: 'AQAB' },
      ...(await Promise.all(keys.map(publicJwk)))
    ]
    await open()
    const codes = []
    for (const key of keys) codes.push(await outcome(key, nameless))
    assert.deepEqual(codes, [...Array.from({ length: 7 }, () => CALLER), 'INVALID_TOKEN'])
    assert.equal(await outcome(keys[7]), CALLER)
  })

  test('a key is named by the thumbprint of its certificate too, where the set has those', async () => {
    const second = newKey('second')
    for (const name of ['x5t', 'x5t#S256']) {
      await served([
        [provider.key, { kid: undefined, [name]: 'one' }],
        [second, { kid: undefined, [name]: 'two' }]
      ])
      assert.equal(await outcome(second, { ...nameless, [name]: 'two' }), CALLER)
      assert.equal(await outcome(second, { ...nameless, [name]: 'one' }), 'INVALID_TOKEN')
      assert.equal(await outcome(second, { kid: 'any', [name]: 'two' }), CALLER)
      authenticator.close()
    }
    await served([
      [provider.key, {}],
      [second, {}]
    ])
    assert.equal(await outcome(second, { ...nameless, x5t: 'unknown here' }), CALLER)
  })
})

test('a wall clock that is set back keeps neither tokens nor keys beyond their time', async () => {
  let steadyMs = 1_000_000
  const config: AuthConfig = { mode: 'oidc', oidc: [configFor()], permittedGroups: [GROUP], rules: [] }
  authenticator = createAuthenticator(config, log, { now: () => nowMs, steadyNow: () => steadyMs })
  await authenticator.start()
  const header = `Bearer ${await provider.token({ exp: Math.floor(nowMs / 1000) + 7200, nbf: 0 })}`
  await authenticator.authenticate(sent(header))
  nowMs -= 3_600_000
  steadyMs += 59_000
  assert.ok(!(authenticator.authenticate(sent(header)) instanceof Promise))
  steadyMs += 1001
  const again = authenticator.authenticate(sent(header))
  assert.ok(again instanceof Promise)
  await again
  nowMs += 3_600_000
  const rotated = newKey('second')
  provider.keys = [rotated]
  assert.equal(await outcome(rotated), CALLER)
  steadyMs += 24 * 3_600_000
  assert.equal(authenticator.ready(), false)
})

suite('Outage', () => {
  test('known keys are good for a day without the provider, and no longer', async () => {
    await open()
    provider.down = true
    nowMs += 24 * 3_600_000 - 1
    assert.equal(await outcome(), CALLER)
    assert.equal(authenticator.ready(), true)
    nowMs += 1
    assert.equal(authenticator.ready(), false)
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
    assert.equal(authenticator.ready(), false)
    assert.equal(await outcome(), 'IDENTITY_UNAVAILABLE')
    provider.down = false
    nowMs += 5000
    assert.equal(await outcome(), CALLER)
    assert.equal(authenticator.ready(), true)
  })

  test('a provider that is down at the start is asked again without anybody calling', async () => {
    provider.down = true
    await open()
    provider.down = false
    for (let tries = 0; tries < 500 && !authenticator.ready(); tries++) await sleep(20)
    assert.equal(authenticator.ready(), true)
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

test('what was wrong with a key set is said in the log', async () => {
  const causes: string[] = []
  const saying: Log = { ...log, error: fields => void causes.push(String(Object(fields).cause)) }
  for (const [body, cause] of [
    ['[1]', /the answer is no key set/],
    ['<html>', /keys answered 200, but its body of 6 bytes \(application\/json, identity\) is no JSON$/],
    ['"text"', /keys answered 200, but its body is no JSON object$/],
    ['{"keys":[]}', /holds no key for signatures/]
  ] as const) {
    provider.rawAnswer = body
    const keys = new KeySet(configFor(), saying, undefined, () => nowMs)
    await keys.start()
    keys.close()
    assert.match(causes.at(-1) ?? '', cause)
  }
})

test('a provider that is down is logged once a minute, with what follows, and again when it is over', async () => {
  const lines: string[] = []
  const note = (fields: object, text: string) => void lines.push(`${text} ${JSON.stringify(Object(fields).lastedMs)}`)
  const quiet: string[] = []
  const debug = (_: object, text: string) => void quiet.push(text)
  const keys = new KeySet(configFor(), { ...log, error: note, info: note, debug }, undefined, () => nowMs)
  const look = async () => {
    nowMs += 10_000
    await keys.ringFor({ alg: 'RS256', kid: 'strange' }).catch(() => undefined)
  }
  await keys.start()
  provider.down = true
  for (let times = 0; times < 3; times++) await look()
  provider.down = false
  await look()
  keys.close()
  const url = `${provider.issuer}/.well-known/openid-configuration`
  assert.deepEqual(lines, [
    'The keys of an identity provider were loaded undefined',
    `The keys of ${provider.issuer} cannot be loaded: Error: ${url} answered 500. Those known stay in force for a day. Try check-config --connect. undefined`,
    'The keys of an identity provider can be loaded again 30000'
  ])
  assert.deepEqual(quiet, ['The keys of an identity provider are as before'])
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
  authenticator.close()
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
  await keys.ringFor({ kid: 'made-up' })
  assert.deepEqual([changes, keys.current === before], [1, true])
  provider.keys = [newKey('second')]
  nowMs += 5000
  await keys.ringFor({ kid: 'second' })
  assert.deepEqual([changes, keys.current === before], [2, false])
  keys.close()
})
