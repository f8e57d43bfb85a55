import assert from 'node:assert/strict'
import { createHmac } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, suite, test } from 'node:test'
import { createAuthenticator, type Authenticator } from '../../src/auth/authenticator.ts'
import type { AuthConfig } from '../../src/config/schema.ts'
import { GatewayError } from '../../src/core/errors.ts'
import type { Log } from '../../src/core/log.ts'
import { accessWithoutRules, type Principal } from '../../src/core/principal.ts'
import { AUDIENCE, CALLER, GROUP, newKey, TestProvider } from './provider.ts'
import { sent } from './sent.ts'

const errorsLogged: string[] = []
const log: Log = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: (_fields, message) => void errorsLogged.push(message)
}

let provider: TestProvider
let authenticator: Authenticator
let nowMs: number

function configFor(changes: Partial<AuthConfig> = {}, oidc: Partial<AuthConfig['oidc'][number]> = {}): AuthConfig {
  return {
    mode: 'oidc',
    oidc: [
      {
        issuer: provider.issuer,
        audience: [AUDIENCE],
        algorithms: ['RS256'],
        issuerAliases: [],
        tenants: [],
        groupsClaims: ['groups', 'roles'],
        rolesClaims: ['roles'],
        principalClaims: ['oid', 'sub'],
        clockToleranceMs: 5000,
        dpop: 'off',
        ...oidc
      }
    ],
    permittedGroups: [GROUP, 'Kafka.Users'],
    rules: [],
    ...changes
  }
}

function withGraph(): Partial<AuthConfig> {
  return {
    graph: {
      baseUrl: `${provider.issuer}/graph`,
      tokenUrl: `${provider.issuer}/token`,
      clientId: 'gateway',
      clientSecret: 'secret',
      timeoutMs: 300,
      cacheMs: 60_000
    }
  }
}

async function open(config: AuthConfig): Promise<Authenticator> {
  authenticator = createAuthenticator(config, log, { now: () => nowMs, steadyNow: () => nowMs })
  await authenticator.start()
  return authenticator
}

async function admit(token: string | undefined): Promise<Principal> {
  return authenticator.authenticate(sent(token === undefined ? undefined : `Bearer ${token}`))
}

async function refusal(token: string | undefined): Promise<GatewayError> {
  const error: unknown = await admit(token).then(
    () => assert.fail('the caller was let in'),
    (thrown: unknown) => thrown
  )
  assert.ok(error instanceof GatewayError, String(error))
  return error
}

beforeEach(async () => {
  nowMs = Date.now()
  errorsLogged.length = 0
  provider = new TestProvider()
  await provider.start()
})
afterEach(async () => {
  authenticator.close()
  await provider.stop()
})

suite('Tokens', () => {
  beforeEach(() => open(configFor()))

  test('a sound token of a member is let in, and names the caller', async () => {
    assert.deepEqual(await admit(await provider.token({ appid: 'app', idtyp: 'app' })), {
      id: CALLER,
      issuer: provider.issuer,
      appOnly: true,
      clientId: 'app',
      access: accessWithoutRules
    })
    assert.deepEqual(await admit(await provider.token({ idtyp: 'user', azp: 'app2', oid: undefined })), {
      id: 's',
      issuer: provider.issuer,
      appOnly: false,
      clientId: 'app2',
      access: accessWithoutRules
    })
  })

  test('a token that was judged a moment ago is let in at once', async () => {
    const header = `Bearer ${await provider.token()}`
    const first = authenticator.authenticate(sent(header))
    assert.ok(first instanceof Promise)
    const principal = await first
    assert.equal(authenticator.authenticate(sent(header)), principal)
  })

  test('a remembered token is judged anew after a minute, and not believed beyond its end', async () => {
    const token = await provider.token({ exp: Math.floor(nowMs / 1000) + 30 })
    await admit(token)
    nowMs += 31_000
    const within = authenticator.authenticate(sent(`Bearer ${token}`))
    assert.ok(within instanceof Promise)
    await within
    nowMs += 5000
    assert.equal((await refusal(token)).message, 'The token has expired.')
    const lasting = await provider.token({ exp: Math.floor(nowMs / 1000) + 3600 })
    await admit(lasting)
    nowMs += 60_001
    const again = authenticator.authenticate(sent(`Bearer ${lasting}`))
    assert.ok(again instanceof Promise)
    await again
  })

  test('no header: UNAUTHENTICATED with a bare challenge', async () => {
    const { code, headers } = await refusal(undefined)
    assert.deepEqual([code, headers], ['UNAUTHENTICATED', { 'WWW-Authenticate': 'Bearer' }])
  })

  test('another scheme is UNAUTHENTICATED too: it shows no knowledge of bearer tokens', async () => {
    for (const header of ['', 'Bearertoken']) {
      await assert.rejects(async () => authenticator.authenticate(sent(header)), {
        code: 'UNAUTHENTICATED',
        headers: { 'WWW-Authenticate': 'Bearer' }
      })
    }
  })

  for (const header of [
    'Bearer',
    'Bearer ',
    'Bearer a b',
    'Bearer a, Bearer b',
    'Bearer ä',
    `Bearer ${'a'.repeat(20_000)}`,
    'Bearer abc',
    'Bearer a.b.c'
  ]) {
    test(`the header ${header.slice(0, 24)} is INVALID_TOKEN with a challenge`, async () => {
      const error = await Promise.resolve()
        .then(() => authenticator.authenticate(sent(header)))
        .then(
          () => assert.fail('let in'),
          (thrown: unknown) => thrown
        )
      assert.ok(error instanceof GatewayError)
      assert.equal(error.code, 'INVALID_TOKEN')
      assert.match(String(error.headers?.['WWW-Authenticate']), /^Bearer error="invalid_token"/)
    })
  }

  for (const header of ['Basic dXNlcjpwYXNz', 'token', 'Bearerabc', '']) {
    test(`a header of another scheme ("${header}") is UNAUTHENTICATED, with a bare challenge (RFC 6750 section 3.1)`, async () => {
      await assert.rejects(
        async () => authenticator.authenticate(sent(header)),
        (error: GatewayError) => error.code === 'UNAUTHENTICATED' && error.headers?.['WWW-Authenticate'] === 'Bearer'
      )
    })
  }

  test('the scheme is accepted in any case', async () => {
    assert.equal((await authenticator.authenticate(sent(`bEaReR ${await provider.token()}`))).id, CALLER)
  })

  const b64 = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url')
  const refused: [string, () => Promise<string> | string][] = [
    [
      'alg none',
      () =>
        `${b64({ alg: 'none', kid: 'first' })}.${b64({ iss: provider.issuer, aud: AUDIENCE, exp: 9e9, oid: CALLER, groups: [GROUP] })}.`
    ],
    [
      'HS256 signed with the public key',
      () => {
        const input = `${b64({ alg: 'HS256', kid: 'first' })}.${b64({ iss: provider.issuer, aud: AUDIENCE, exp: 9e9, oid: CALLER, groups: [GROUP] })}`
        return `${input}.${createHmac('sha256', provider.key.key.export({ type: 'pkcs1', format: 'pem' }))
          .update(input)
          .digest('base64url')}`
      }
    ],
    ['another issuer', () => provider.token({ iss: 'https://evil.example' })],
    ['an issuer with a slash more', () => provider.token({ iss: `${provider.issuer}/` })],
    ['another audience', () => provider.token({ aud: 'https://other.example' })],
    ['no audience', () => provider.token({ aud: undefined })],
    ['a signature by another key of the same name', () => provider.token({}, { key: newKey('first') })],
    [
      'a changed payload',
      async () =>
        (await provider.token()).replace(
          /\.[^.]+\./,
          `.${b64({ iss: provider.issuer, aud: AUDIENCE, exp: 9e9, oid: 'x', groups: [GROUP] })}.`
        )
    ],
    ['expired', () => provider.token({ exp: Math.floor(Date.now() / 1000) - 10 })],
    ['not yet valid', () => provider.token({ nbf: Math.floor(Date.now() / 1000) + 60 })],
    ['no expiry', () => provider.token({ exp: undefined })],
    ['an unknown key id', () => provider.token({}, { key: newKey('unknown') })],
    ['a token of another kind', () => provider.token({}, { typ: 'logout+jwt' })],
    ['nobody named', () => provider.token({ oid: undefined, sub: undefined })]
  ]
  for (const [what, token] of refused) {
    test(`${what}: INVALID_TOKEN, and the reason stays in the log`, async () => {
      const { code, message, detail } = await refusal(await token())
      assert.equal(code, 'INVALID_TOKEN')
      assert.ok(detail !== undefined && !message.includes(detail))
    })
  }

  const otherTokens: [string, Record<string, unknown>][] = [
    ['an ID token with the hash of its access token', { at_hash: 'x' }],
    ['an ID token with the hash of its code', { c_hash: 'x' }],
    ['an ID token with a nonce', { nonce: 'x' }],
    ['an ID token of Keycloak', { typ: 'ID' }],
    ['a refresh token of Keycloak', { typ: 'Refresh' }],
    ['an offline token of Keycloak', { typ: 'Offline' }],
    ['a logout token', { events: { 'http://schemas.openid.net/event/backchannel-logout': {} } }],
    ['an ID token of Cognito', { token_use: 'id' }]
  ]
  for (const [what, claims] of otherTokens) {
    test(`${what} is no access token: INVALID_TOKEN`, async () => {
      assert.equal((await refusal(await provider.token(claims))).code, 'INVALID_TOKEN')
    })
  }

  test('a nonce in what says of itself that it is an access token does no harm, nor other claims of access tokens', async () => {
    assert.equal((await admit(await provider.token({ nonce: 'x', typ: 'Bearer' }))).id, CALLER)
    assert.equal((await admit(await provider.token({ nonce: 'x' }, { typ: 'at+jwt' }))).id, CALLER)
    assert.equal((await admit(await provider.token({ token_use: 'access' }))).id, CALLER)
  })

  test('whether an application calls is known where the token says so', async () => {
    for (const [claims, appOnly] of [
      [{ idtyp: 'app' }, true],
      [{ idtyp: 'user' }, false],
      [{ client_id: 's' }, true],
      [{ azp: 's', auth_time: 1 }, true],
      [{ cid: 's', scp: ['kafka'] }, true],
      [{ azp: 'app', auth_time: 1, scope: 'kafka' }, false],
      [{ azp: 'app', scope: 'kafka' }, null],
      [{ scp: 'kafka' }, null],
      [{}, null]
    ] as const)
      assert.equal((await admit(await provider.token(claims))).appOnly, appOnly, JSON.stringify(claims))
  })

  test('access tokens may say so, or call themselves JWT, or say nothing', async () => {
    for (const typ of ['JWT', 'jwt', 'at+jwt', 'application/at+jwt']) {
      assert.equal((await admit(await provider.token({}, { typ }))).id, CALLER, typ)
    }
  })

  test('requests that bring the same new token at the same time wait for one verification', async () => {
    const token = await provider.token()
    const [first, ...others] = await Promise.all(Array.from({ length: 20 }, () => admit(token)))
    // Each verification would freeze a principal of its own.
    assert.ok(others.every(principal => principal === first))
    assert.ok(Object.isFrozen(first))
  })

  test('clocks may differ by the tolerance', async () => {
    const nowS = Math.floor(nowMs / 1000)
    assert.equal((await admit(await provider.token({ exp: nowS - 3 }))).id, CALLER)
    assert.equal((await admit(await provider.token({ nbf: nowS + 3 }))).id, CALLER)
  })
})

suite('What a provider may demand of its tokens', () => {
  test('that they say they are access tokens', async () => {
    await open(configFor({}, { requiredTokenType: 'at+jwt' }))
    for (const typ of ['at+jwt', 'application/AT+JWT'])
      assert.equal((await admit(await provider.token({}, { typ }))).id, CALLER)
    for (const typ of ['JWT', 'jwt', undefined])
      assert.equal((await refusal(await provider.token({}, typ === undefined ? {} : { typ }))).code, 'INVALID_TOKEN')
  })

  test('scopes, all of them, in either claim; else 403 with the challenge of RFC 6750', async () => {
    await open(configFor({}, { requiredScopes: ['kafka.use', 'kafka.write'] }))
    for (const claims of [
      { scope: 'kafka.write openid kafka.use' },
      { scp: 'kafka.use kafka.write' },
      { scp: ['kafka.use', 'kafka.write'] },
      { scp: 'kafka.use', scope: 'kafka.write' }
    ])
      assert.equal((await admit(await provider.token(claims))).id, CALLER, JSON.stringify(claims))
    for (const claims of [
      {},
      { scope: 'kafka.use' },
      { scp: ['kafka.use kafka.write'] },
      { scope: 'KAFKA.USE kafka.write' }
    ]) {
      const { code, message, headers, detail } = await refusal(await provider.token(claims))
      assert.deepEqual([code, message], ['NOT_PERMITTED', 'The token lacks a scope that is required here.'])
      assert.match(
        String(headers?.['WWW-Authenticate']),
        /^Bearer error="insufficient_scope", .*scope="kafka.use kafka.write"$/
      )
      assert.match(String(detail), /^principal .*, scopes kafka/)
    }
  })

  test('clients that they were issued to, and Graph is not asked about others', async () => {
    await open(configFor(withGraph(), { authorizedParties: ['app'] }))
    provider.onGraph = (_request, _body, response) => response.end(JSON.stringify({ value: [GROUP] }))
    for (const claims of [{ azp: 'app' }, { appid: 'app' }, { client_id: 'app' }, { cid: 'app' }])
      assert.equal(
        (await admit(await provider.token({ groups: undefined, ...claims }))).id,
        CALLER,
        JSON.stringify(claims)
      )
    const asked = provider.graphRequests.length
    for (const claims of [{}, { azp: 'other' }, { azp: 'other', client_id: 'app' }, { azp: ['app'] }]) {
      const token = await provider.token({ groups: undefined, ...claims })
      for (let turn = 0; turn < 2; turn++) {
        const { code, message } = await refusal(token)
        assert.deepEqual(
          [code, message],
          ['NOT_PERMITTED', 'The client that the token was issued to is not permitted here.']
        )
      }
    }
    assert.equal(provider.graphRequests.length, asked)
  })
})

suite('Groups', () => {
  const bare = (claims = {}) => provider.token({ groups: undefined, ...claims })

  test('in the token: any permitted one in groups or roles lets in', async () => {
    await open(configFor())
    for (const claims of [
      { groups: ['x', GROUP] },
      { groups: undefined, roles: ['Kafka.Users'] },
      { groups: ['x'], roles: ['Kafka.Users'] },
      { groups: GROUP }
    ]) {
      assert.equal((await admit(await provider.token(claims))).id, CALLER)
    }
    for (const claims of [
      { groups: ['x'] },
      { groups: [] },
      { groups: undefined },
      { groups: undefined, roles: ['Other'] },
      { groups: { [GROUP]: true } }
    ]) {
      assert.equal((await refusal(await provider.token(claims))).code, 'NOT_PERMITTED', JSON.stringify(claims))
    }
  })

  test('roles are read first, and Graph is asked where they do not suffice and groups are absent', async () => {
    await open(configFor(withGraph()))
    await admit(await bare({ roles: ['Kafka.Users'] }))
    assert.equal(provider.graphRequests.length, 0)
    assert.equal((await refusal(await bare({ roles: ['Other'] }))).code, 'NOT_PERMITTED')
    assert.equal(provider.graphRequests.length, 1)
  })

  test('a caller without an object id is nobody to Graph, even if the subject looks like one', async () => {
    await open(configFor(withGraph()))
    assert.equal((await refusal(await bare({ oid: undefined, sub: CALLER }))).code, 'NOT_PERMITTED')
    assert.equal(provider.graphRequests.length, 0)
  })

  test('a token with groups is never taken to Graph', async () => {
    await open(configFor(withGraph()))
    assert.equal((await refusal(await provider.token({ groups: ['x'] }))).code, 'NOT_PERMITTED')
    assert.equal(provider.graphRequests.length, 0)
  })

  test('without groups Graph is asked once, for the GUIDs only, and its yes is remembered', async () => {
    await open(configFor(withGraph()))
    provider.onGraph = (_request, _body, response) => response.end(JSON.stringify({ value: [GROUP] }))
    const token = await bare()
    await Promise.all([admit(token), admit(token), admit(await bare({ uti: 'x' }))])
    assert.deepEqual(provider.graphRequests, [
      { url: `/graph/v1.0/servicePrincipals/${CALLER}/checkMemberGroups`, groupIds: [GROUP] }
    ])
    assert.ok(!(authenticator.authenticate(sent(`Bearer ${token}`)) instanceof Promise))
    nowMs += 60_001
    await admit(token)
    assert.equal(provider.graphRequests.length, 2)
    assert.equal(provider.tokenRequests, 1)
  })

  test('overage and delegated tokens are looked up as users', async () => {
    await open(configFor(withGraph()))
    provider.onGraph = (_request, _body, response) => response.end(JSON.stringify({ value: [GROUP] }))
    await admit(await bare({ scp: 'user', _claim_names: { groups: 'src1' }, _claim_sources: { src1: {} } }))
    assert.equal(provider.graphRequests[0].url, `/graph/v1.0/users/${CALLER}/checkMemberGroups`)
  })

  test('more than twenty groups take several calls', async () => {
    const groups = Array.from(
      { length: 45 },
      (_, number) => `33333333-3333-4333-8333-${String(number).padStart(12, '0')}`
    )
    await open(configFor({ ...withGraph(), permittedGroups: groups }))
    assert.equal((await refusal(await bare())).code, 'NOT_PERMITTED')
    assert.deepEqual(
      provider.graphRequests.map(({ groupIds }) => groupIds.length),
      [20, 20, 5]
    )
  })

  test('a no is 403 and remembered; an unknown caller (404) too', async () => {
    await open(configFor(withGraph()))
    const token = await bare()
    assert.equal((await refusal(token)).code, 'NOT_PERMITTED')
    assert.equal((await refusal(token)).code, 'NOT_PERMITTED')
    assert.equal(provider.graphRequests.length, 1)
    provider.onGraph = (_request, _body, response) => response.writeHead(404).end('{}')
    assert.equal((await refusal(await bare({ oid: '44444444-4444-4444-8444-444444444444' }))).code, 'NOT_PERMITTED')
  })

  test('an id that is no GUID never goes into an address', async () => {
    await open(configFor(withGraph()))
    assert.equal((await refusal(await bare({ oid: '../../users/x' }))).code, 'NOT_PERMITTED')
    assert.equal(provider.graphRequests.length, 0)
  })

  for (const [what, status, headers] of [
    ['403', 403, {}],
    ['401', 401, {}],
    ['500', 500, {}]
  ] as const) {
    test(`Graph answers ${what}: 503, nobody gets in, and nothing is remembered`, async () => {
      await open(configFor(withGraph()))
      provider.onGraph = (_request, _body, response) => response.writeHead(status, headers).end('{}')
      const token = await bare()
      const error = await refusal(token)
      assert.equal(error.code, 'IDENTITY_UNAVAILABLE')
      assert.equal(error.headers, undefined)
      if (status !== 500) assert.match(errorsLogged.at(-1) ?? '', /refuses the gateway's own application/)
      provider.onGraph = (_request, _body, response) => response.end(JSON.stringify({ value: [GROUP] }))
      assert.equal((await admit(token)).id, CALLER)
      // A token that was refused is not used again.
      assert.equal(provider.tokenRequests, status === 401 ? 2 : 1)
    })
  }

  test('Graph answers 429: 503 with its Retry-After, and until then it is left alone', async () => {
    await open(configFor(withGraph()))
    provider.onGraph = (_request, _body, response) => response.writeHead(429, { 'retry-after': '7' }).end('{}')
    const token = await bare()
    const refused = async () => {
      const { code, headers } = await refusal(token)
      return [code, headers?.['Retry-After']]
    }
    assert.deepEqual(await refused(), ['IDENTITY_UNAVAILABLE', '7'])
    provider.onGraph = (_request, _body, response) => response.end(JSON.stringify({ value: [GROUP] }))
    nowMs += 4500
    assert.deepEqual(await refused(), ['IDENTITY_UNAVAILABLE', '3'])
    assert.equal(provider.graphRequests.length, 1)
    nowMs += 2500
    assert.equal((await admit(token)).id, CALLER)
  })

  test('Graph that asks for days is asked again after a minute', async () => {
    await open(configFor(withGraph()))
    provider.onGraph = (_request, _body, response) => response.writeHead(503, { 'retry-after': '86400' }).end('{}')
    const token = await bare()
    const { code, headers } = await refusal(token)
    assert.deepEqual([code, headers], ['IDENTITY_UNAVAILABLE', { 'Retry-After': '60' }])
    nowMs += 60_000
    await refusal(token)
    assert.equal(provider.graphRequests.length, 2)
  })

  test('a token endpoint that refuses is left alone, each time for longer, and is complained of once', async () => {
    await open(configFor(withGraph()))
    provider.secretExpired = true
    const callers = await Promise.all(
      Array.from({ length: 5 }, (_, at) => bare({ oid: CALLER.replace('2', String(at)) }))
    )
    const refusedFor = async () => {
      const errors = await Promise.all(callers.map(token => refusal(token)))
      assert.ok(errors.every(({ code }) => code === 'IDENTITY_UNAVAILABLE'))
      return [...new Set(errors.map(({ headers }) => headers?.['Retry-After']))].join()
    }
    const pauses = []
    for (let turn = 0; turn < 7; turn++) {
      pauses.push(await refusedFor())
      assert.equal(provider.tokenRequests, turn + 1)
      const pauseMs = Number(pauses[turn]) * 1000
      nowMs += pauseMs - 1
      await refusedFor()
      assert.equal(provider.tokenRequests, turn + 1)
      nowMs += 1
    }
    assert.deepEqual(pauses, ['1', '2', '4', '8', '16', '30', '30'])
    // A line a minute.
    assert.ok(errorsLogged.length <= 3, String(errorsLogged.length))
    provider.secretExpired = false
    provider.onGraph = (_request, _body, response) => response.end(JSON.stringify({ value: [GROUP] }))
    assert.equal((await admit(callers[0])).id, CALLER.replace('2', '0'))
  })

  test('a token endpoint that asks to be left alone is, for a minute at most', async () => {
    await open(configFor(withGraph()))
    provider.secretExpired = true
    for (const [asked, given] of [
      ['7', '7'],
      ['99999', '60']
    ]) {
      provider.tokenHeaders = { 'retry-after': asked }
      assert.equal((await refusal(await bare())).headers?.['Retry-After'], given)
      nowMs += 60_000
    }
  })

  test('all that is asked about one caller has one time limit', async () => {
    const groups = Array.from({ length: 200 }, (_, at) => `33333333-3333-4333-8333-${String(at).padStart(12, '0')}`)
    const config = configFor({ ...withGraph(), permittedGroups: groups })
    authenticator = createAuthenticator(config, log, { graphTimeLimitMs: 400 })
    await authenticator.start()
    provider.onGraph = (_request, _body, response) => void setTimeout(() => response.end('{"value":[]}'), 150)
    const startedMs = performance.now()
    assert.equal((await refusal(await bare())).code, 'IDENTITY_UNAVAILABLE')
    assert.ok(performance.now() - startedMs < 1500)
    assert.ok(provider.graphRequests.length <= 3)
  })

  test("the gateway's own secret is read again when it is used", async t => {
    const folder = mkdtempSync(join(tmpdir(), 'graph-secret-'))
    t.after(() => rmSync(folder, { recursive: true }))
    const clientSecretFile = join(folder, 'secret')
    writeFileSync(clientSecretFile, 'old\n')
    const { graph } = withGraph()
    assert.ok(graph !== undefined)
    await open(configFor({ graph: { ...graph, clientSecret: 'old', clientSecretFile } }))
    provider.secretExpired = true
    await refusal(await bare())
    writeFileSync(clientSecretFile, 'new\n')
    provider.secretExpired = false
    nowMs += 1000
    await refusal(await bare())
    assert.deepEqual(
      provider.forms.map(({ form }) => form.client_secret),
      ['old', 'new']
    )
  })

  test("the gateway's own secret is refused: 503, loud in the log, and the secret is not in it", async () => {
    await open(configFor(withGraph()))
    provider.secretExpired = true
    const { code, detail } = await refusal(await bare())
    assert.equal(code, 'IDENTITY_UNAVAILABLE')
    assert.match(String(detail), /401 "invalid_client"/)
    assert.doesNotMatch(String(detail), /secret/)
    assert.match(errorsLogged.at(-1) ?? '', /Graph, or its token endpoint/)
  })

  test('an answer of Graph that nobody can read lets nobody in', async () => {
    await open(configFor(withGraph()))
    for (const body of ['', 'true', '{"value":{}}', '{"value":']) {
      provider.onGraph = (_request, _body, response) => response.end(body)
      assert.equal((await refusal(await bare())).code, 'IDENTITY_UNAVAILABLE', body)
    }
  })

  test('Graph that is slow, or down: 503', async () => {
    await open(configFor(withGraph()))
    provider.onGraph = () => undefined
    assert.equal((await refusal(await bare())).code, 'IDENTITY_UNAVAILABLE')
    provider.onGraph = (request, _body, _response) => request.socket.destroy()
    assert.equal((await refusal(await bare())).code, 'IDENTITY_UNAVAILABLE')
  })
})

test('authentication switched off lets everybody in as nobody in particular', async () => {
  await open(configFor({ mode: 'none' }))
  assert.equal((await authenticator.authenticate(sent(undefined))).id, 'anonymous')
})
