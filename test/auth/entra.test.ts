import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { createHash, X509Certificate } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, afterEach, before, beforeEach, suite, test } from 'node:test'
import { jwtVerify, decodeProtectedHeader } from 'jose'
import { createAuthenticator, type Authenticator } from '../../src/auth/authenticator.ts'
import type { OidcProviderConfig, RuleConfig } from '../../src/config/auth-schema.ts'
import type { AuthConfig } from '../../src/config/schema.ts'
import { GatewayError } from '../../src/core/errors.ts'
import type { Log } from '../../src/core/log.ts'
import { localCertificates, type LocalCertificates } from '../../src/dev/certificates/local-certificates.ts'
import { AUDIENCE, CALLER, GROUP, newKey, publicJwk, TestProvider, type TestKey } from './provider.ts'
import { sent } from './sent.ts'

const [ONE, TWO, OTHER] = ['a', 'b', 'c'].map(letter => `${letter.repeat(8)}-0000-4000-8000-000000000000`)
const V1 = (tenant: string) => `https://sts.windows.net/${tenant}/`
const V2 = (tenant: string) => `https://login.microsoftonline.com/${tenant}/v2.0`
const PLACE = '{tenantid}'

const quiet = () => undefined
const log: Log = { debug: quiet, info: quiet, warn: quiet, error: quiet }

let folder: string
let certificates: LocalCertificates
let provider: TestProvider
let authenticator: Authenticator

before(() => {
  folder = mkdtempSync(join(tmpdir(), 'entra-test-'))
  certificates = localCertificates(folder)
})
after(() => rmSync(folder, { recursive: true }))
beforeEach(async () => {
  provider = new TestProvider({ cert: readFileSync(certificates.certFile), key: readFileSync(certificates.keyFile) })
  await provider.start()
})
afterEach(async () => {
  authenticator.close()
  await provider.stop()
})

function entra(changes: Partial<OidcProviderConfig> = {}): OidcProviderConfig {
  return {
    issuer: V2(PLACE),
    issuerAliases: [V1(PLACE)],
    tenants: [ONE, TWO],
    audience: [AUDIENCE],
    jwksUri: `${provider.issuer}/keys`,
    caFile: certificates.caFile,
    algorithms: ['RS256'],
    groupsClaims: ['groups', 'roles'],
    rolesClaims: ['roles'],
    principalClaims: ['oid', 'sub'],
    clockToleranceMs: 0,
    dpop: 'off',
    ...changes
  }
}

function graph(changes: Partial<NonNullable<AuthConfig['graph']>> = {}) {
  return {
    baseUrl: `${provider.issuer}/graph`,
    tokenUrl: `${provider.issuer}/${PLACE}/token`,
    clientId: 'gateway',
    caFile: certificates.caFile,
    timeoutMs: 2000,
    cacheMs: 60_000,
    ...changes
  }
}

function rule(changes: Partial<RuleConfig>): RuleConfig {
  return {
    groups: [],
    roles: [],
    principals: [],
    issuers: [],
    operations: ['read'],
    topics: ['*'],
    consumerGroups: [],
    ...changes
  }
}

async function open(changes: Partial<AuthConfig> = {}): Promise<void> {
  const config: AuthConfig = { mode: 'oidc', oidc: [entra()], permittedGroups: [GROUP], rules: [], ...changes }
  authenticator = createAuthenticator(config, log)
  await authenticator.start()
}

async function outcome(token: string | Promise<string>): Promise<string> {
  try {
    return (await authenticator.authenticate(sent(`Bearer ${await token}`))).id
  } catch (thrown) {
    return thrown instanceof GatewayError ? thrown.code : String(thrown)
  }
}

function token(tenant: string, claims: object = {}, key: TestKey = provider.key): Promise<string> {
  return provider.token({ iss: V2(tenant), tid: tenant, azp: 'client', ...claims }, { key })
}

suite('Tenants of Entra ID', () => {
  test('both versions of the tokens of every listed tenant are let in, those of others are not', async () => {
    await open()
    for (const tenant of [ONE, TWO]) {
      assert.equal(await outcome(token(tenant)), CALLER)
      assert.equal(await outcome(token(tenant, { iss: V1(tenant), appid: 'client' })), CALLER)
    }
    for (const iss of [V2(OTHER), V1(OTHER), V2(PLACE), V1(PLACE), V2('common'), `${V2(ONE)}/`, V2(ONE.toUpperCase())])
      assert.equal(await outcome(token(ONE, { iss })), 'INVALID_TOKEN', iss)
  })

  test('the tenant inside the token must be that of its issuer', async () => {
    await open()
    for (const tid of [TWO, OTHER, undefined, ''])
      assert.equal(await outcome(token(ONE, { tid })), 'INVALID_TOKEN', String(tid))
  })

  test('a key that names its issuer signs for that tenant only', async () => {
    const [shared, own] = [newKey('shared'), newKey('own')]
    const naming = async (key: TestKey, issuer: string) => ({ ...(await publicJwk(key)), issuer })
    provider.rawKeys = [await naming(shared, V2(PLACE)), await naming(own, V2(TWO)), await publicJwk(provider.key)]
    await open()
    const judged = async (tenant: string, key: TestKey, iss = V2(tenant)) => outcome(token(tenant, { iss }, key))
    assert.equal(await judged(ONE, shared), CALLER)
    assert.equal(await judged(TWO, shared), CALLER)
    assert.equal(await judged(TWO, own), CALLER)
    assert.equal(await judged(ONE, own), 'INVALID_TOKEN')
    // Keys name version 2 even where they sign version 1.
    assert.equal(await judged(TWO, own, V1(TWO)), CALLER)
    assert.equal(await judged(ONE, own, V1(ONE)), 'INVALID_TOKEN')
    assert.equal(await judged(ONE, provider.key), CALLER)
  })

  test('all tenants at once are discovered at `common`, whose document says the template', async () => {
    const issuer = `${provider.issuer}/${PLACE}/v2.0`
    const { jwksUri: _, ...rest } = entra({ issuer, issuerAliases: [] })
    provider.claimedIssuer = issuer
    await open({ oidc: [rest] })
    assert.deepEqual(provider.discovered, ['/common/v2.0/.well-known/openid-configuration'])
    assert.equal(await outcome(token(ONE, { iss: `${provider.issuer}/${ONE}/v2.0` })), CALLER)
  })

  test('app-only tokens are those that say so, or have no scope', async () => {
    await open()
    const appOnly = async (claims: object) =>
      (await authenticator.authenticate(sent(`Bearer ${await token(ONE, { uti: Math.random(), ...claims })}`))).appOnly
    assert.equal(await appOnly({}), true)
    assert.equal(await appOnly({ idtyp: 'app' }), true)
    assert.equal(await appOnly({ scp: 'user_impersonation' }), false)
    assert.equal(await appOnly({ idtyp: 'user' }), false)
  })
})

suite('Several providers', () => {
  let second: TestProvider
  beforeEach(async () => {
    second = new TestProvider()
    await second.start()
  })
  afterEach(() => second.stop())

  const both = (changes: Partial<AuthConfig> = {}) => {
    const { caFile: _, ...plain } = entra({
      issuer: second.issuer,
      issuerAliases: [],
      tenants: [],
      jwksUri: `${second.issuer}/keys`,
      groupsClaims: ['https://example.com/groups', 'realm_access.groups'],
      rolesClaims: ['realm_access.roles'],
      principalClaims: ['user.name', 'sub']
    })
    const { permittedGroups = [GROUP] } = changes
    const oidc = [entra({ permittedGroups }), { ...plain, permittedGroups }]
    return open({ ...changes, oidc, permittedGroups: [] })
  }

  test('a token of one with the keys of the other is refused, though both are trusted and the key ids the same', async () => {
    await both()
    assert.equal(await outcome(token(ONE, {}, second.key)), 'INVALID_TOKEN')
    assert.equal(await outcome(second.token({}, { key: provider.key })), 'INVALID_TOKEN')
    assert.equal(await outcome(token(ONE)), CALLER)
  })

  test('claims are found by name or path, and a text is as good as an array of one', async () => {
    await both()
    const judged = (claims: object) => outcome(second.token({ groups: undefined, sub: 'ann', ...claims }))
    assert.equal(await judged({ 'https://example.com/groups': ['x', GROUP] }), 'ann')
    assert.equal(await judged({ realm_access: { groups: [GROUP] } }), 'ann')
    assert.equal(await judged({ realm_access: { groups: GROUP }, user: { name: 'Ann' } }), 'Ann')
    for (const claims of [
      { groups: [GROUP] },
      { realm_access: { groups: [`x ${GROUP}`] } },
      // A name with a space in it.
      { realm_access: { groups: `former ${GROUP}` } },
      { realm_access: { groups: { [GROUP]: GROUP } } },
      { realm_access: [GROUP] },
      { realm_access: null }
    ])
      assert.equal(await judged(claims), 'NOT_PERMITTED', JSON.stringify(claims))
  })

  test('a scope is a list of words, and may serve as a group where the configuration says so', async () => {
    await open({ oidc: [entra({ groupsClaims: ['scope', 'token.scp'] })], permittedGroups: ['kafka'] })
    const judged = (claims: object) => outcome(token(ONE, claims))
    assert.equal(await judged({ scope: 'openid kafka' }), CALLER)
    assert.equal(await judged({ token: { scp: 'kafka' } }), CALLER)
    assert.equal(await judged({ token: { scp: ['openid', 'kafka'] } }), CALLER)
    assert.equal(await judged({ scope: 'openid kafka.read' }), 'NOT_PERMITTED')
  })

  test('a group permitted at one lets in nobody of the other, whoever may name groups there', async () => {
    const [one, other] = [entra({ permittedGroups: ['ops'] }), { ...entra(), issuer: second.issuer }]
    const { caFile: _, ...plain } = { ...other, issuerAliases: [], tenants: [], jwksUri: `${second.issuer}/keys` }
    await open({ oidc: [one, { ...plain, permittedGroups: ['guests'] }], permittedGroups: [] })
    const judged = (groups: string[]) =>
      Promise.all([outcome(token(ONE, { groups })), outcome(second.token({ groups }))])
    assert.deepEqual(await judged(['ops']), [CALLER, 'NOT_PERMITTED'])
    assert.deepEqual(await judged(['guests']), ['NOT_PERMITTED', CALLER])
  })

  test('Graph is not asked about callers of a provider that is not Entra ID, whatever object id they claim', async () => {
    await both({ graph: graph({ clientSecret: 's' }) })
    provider.onGraph = (_request, _body, response) => response.end(JSON.stringify({ value: [GROUP] }))
    assert.equal(await outcome(second.token({ groups: undefined, tid: ONE })), 'NOT_PERMITTED')
    assert.equal(provider.graphRequests.length, 0)
    assert.equal(await outcome(token(ONE, { groups: undefined })), CALLER)
    assert.equal(provider.graphRequests.length, 1)
  })

  test('a rule for one issuer does not name the same subject of another', async () => {
    await both({ rules: [rule({ principals: ['ann'], issuers: [second.issuer] })], permittedGroups: [] })
    assert.equal(await outcome(second.token({ sub: 'ann' })), 'ann')
    assert.equal(await outcome(token(ONE, { oid: 'ann' })), 'NOT_PERMITTED')
  })
})

function makePair(certFile: string, keyFile: string): void {
  execFileSync(
    'openssl',
    `req -x509 -newkey rsa:2048 -nodes -subj /CN=gateway -days 2 -out ${certFile} -keyout ${keyFile}`.split(' '),
    { stdio: 'ignore' }
  )
}

suite('Groups that Graph knows of', () => {
  const yes = (_request: unknown, body: string, response: { end(text: string): unknown }) => {
    const { groupIds } = JSON.parse(body) as { groupIds: string[] }
    return response.end(JSON.stringify({ value: groupIds.includes(GROUP) ? [GROUP] : [] }))
  }

  for (const [form, claims] of Object.entries({
    'a reference to Graph': {
      _claim_names: { groups: 'src1' },
      _claim_sources: { src1: { endpoint: 'https://evil' } }
    },
    hasgroups: { hasgroups: true },
    'the text hasgroups': { hasgroups: 'true' }
  })) {
    test(`overage as ${form} leads to Graph, never to an address in the token`, async () => {
      await open({ graph: graph({ clientSecret: 's' }) })
      provider.onGraph = yes
      assert.equal(await outcome(token(ONE, { groups: undefined, scp: 'user', ...claims })), CALLER)
      assert.deepEqual(
        provider.graphRequests.map(({ url }) => url),
        [`/graph/v1.0/users/${CALLER}/checkMemberGroups`]
      )
    })
  }

  test("the token for Graph comes from the caller's tenant, and is kept by tenant", async () => {
    await open({ graph: graph({ clientSecret: 's' }) })
    provider.onGraph = yes
    for (const tenant of [ONE, TWO, ONE])
      await outcome(token(tenant, { groups: undefined, oid: CALLER.replace('2', tenant[0]), uti: Math.random() }))
    assert.deepEqual(
      provider.forms.map(({ url }) => url),
      [`/${ONE}/token`, `/${TWO}/token`]
    )
    assert.equal(provider.forms[0].form.client_secret, 's')
  })

  test('what Graph asks of one tenant is no pause for another', async () => {
    await open({ graph: graph({ clientSecret: 's' }) })
    let throttled = true
    provider.onGraph = (request, body, response) => {
      if (throttled) response.writeHead(429, { 'retry-after': '30' }).end('{}')
      else yes(request, body, response)
    }
    const of = (tenant: string) => outcome(token(tenant, { groups: undefined, uti: Math.random() }))
    assert.equal(await of(ONE), 'IDENTITY_UNAVAILABLE')
    throttled = false
    assert.equal(await of(TWO), CALLER)
    assert.equal(await of(ONE), 'IDENTITY_UNAVAILABLE')
    assert.equal(provider.graphRequests.length, 2)
    assert.deepEqual(authenticator.readings().graphCalls, { answered: 1, failed: 1 })
  })

  test('a certificate signs for the gateway in place of a secret', async () => {
    const [certFile, keyFile] = [join(folder, 'gateway.pem'), join(folder, 'gateway-key.pem')]
    makePair(certFile, keyFile)
    await open({ graph: graph({ clientCertFile: certFile, clientKeyFile: keyFile }) })
    provider.onGraph = yes
    assert.equal(await outcome(token(ONE, { groups: undefined })), CALLER)
    const { form } = provider.forms[0]
    assert.equal(form.client_secret, undefined)
    assert.equal(form.client_assertion_type, 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer')
    const certificate = new X509Certificate(readFileSync(certFile))
    const { payload } = await jwtVerify(form.client_assertion, certificate.publicKey, {
      audience: `${provider.issuer}/${ONE}/token`,
      issuer: 'gateway',
      subject: 'gateway',
      requiredClaims: ['jti', 'exp', 'nbf']
    })
    assert.equal(Number(payload.exp) - Number(payload.iat), 300)
    makePair(certFile, keyFile)
    await outcome(token(TWO, { groups: undefined, oid: CALLER.replace('2', '3') }))
    const renewed = new X509Certificate(readFileSync(certFile))
    await jwtVerify(provider.forms[1].form.client_assertion, renewed.publicKey)
    assert.deepEqual(decodeProtectedHeader(form.client_assertion), {
      alg: 'PS256',
      typ: 'JWT',
      'x5t#S256': createHash('sha256').update(certificate.raw).digest('base64url')
    })
  })

  test('a certificate whose key is not RSA, which Entra ID would refuse, is refused at start', () => {
    authenticator = createAuthenticator({ mode: 'none', oidc: [], permittedGroups: [], rules: [] }, log)
    const { certFile, keyFile } = certificates
    const config = { clientCertFile: certFile, clientKeyFile: keyFile }
    assert.throws(
      () =>
        createAuthenticator(
          { mode: 'oidc', oidc: [entra()], graph: graph(config), permittedGroups: [GROUP], rules: [] },
          log
        ),
      /auth\.graph\.clientKeyFile.*RSA/
    )
  })

  test('with rules Graph is asked for the groups of the rules too, and its answer decides what is allowed', async () => {
    const second = GROUP.replace('1', '9')
    const rules = [rule({ groups: [second] }), rule({ groups: [GROUP], operations: ['write'] })]
    await open({ graph: graph({ clientSecret: 's' }), rules, permittedGroups: [] })
    provider.onGraph = yes
    const { access } = await authenticator.authenticate(sent(`Bearer ${await token(ONE, { groups: undefined })}`))
    assert.deepEqual(provider.graphRequests[0].groupIds, [second, GROUP])
    assert.deepEqual([access.allows('write', 'topic', 't'), access.allows('read', 'topic', 't')], [true, false])
  })

  test('a role in the token is not the group of the same name', async () => {
    await open({ rules: [rule({ groups: ['ops'] }), rule({ roles: ['dev'] })], permittedGroups: [] })
    assert.equal(await outcome(token(ONE, { groups: undefined, roles: ['ops'] })), 'NOT_PERMITTED')
    assert.equal(await outcome(token(ONE, { groups: ['dev'] })), 'NOT_PERMITTED')
    assert.equal(await outcome(token(ONE, { groups: ['ops'] })), CALLER)
  })
})

suite('Rules that are replaced', () => {
  test('hold for the very next request, also with a token that was judged before', async () => {
    await open({ rules: [rule({ principals: [CALLER] })], permittedGroups: [] })
    const header = `Bearer ${await token(ONE)}`
    const before = await authenticator.authenticate(sent(header))
    authenticator.replaceRules({
      oidc: [entra()],
      permittedGroups: [],
      rules: [rule({ principals: [CALLER], operations: ['write'] })]
    })
    const { access } = await authenticator.authenticate(sent(header))
    assert.deepEqual([access.allows('read', 'topic', 't'), access.allows('write', 'topic', 't')], [false, true])
    assert.deepEqual(
      [before.access.allows('read', 'topic', 't'), before.access.allows('write', 'topic', 't')],
      [true, false]
    )
    authenticator.replaceRules({ oidc: [entra()], permittedGroups: [], rules: [rule({ principals: ['nobody'] })] })
    assert.equal(await outcome(header.slice(7)), 'NOT_PERMITTED')
  })

  test('are not judged by what Graph said of other groups before', async () => {
    await open({ graph: graph({ clientSecret: 's' }) })
    const other = GROUP.replace('1', '9')
    provider.onGraph = (_request, body, response) =>
      response.end(JSON.stringify({ value: body.includes(other) ? [other] : [] }))
    const asked = await token(ONE, { groups: undefined })
    assert.equal(await outcome(asked), 'NOT_PERMITTED')
    authenticator.replaceRules({ oidc: [entra()], permittedGroups: [other], rules: [] })
    assert.equal(await outcome(asked), CALLER)
  })

  test('ask Graph about their own groups, and an answer on its way about the old ones is not kept', async () => {
    await open({ graph: graph({ clientSecret: 's' }) })
    const header = `Bearer ${await token(ONE, { groups: undefined })}`
    const asked = new Promise<() => void>(resolve => {
      provider.onGraph = (_request, _body, response) =>
        resolve(() => void response.end(JSON.stringify({ value: [GROUP] })))
    })
    const early = Promise.resolve(authenticator.authenticate(sent(header)))
    const answer = await asked
    const other = GROUP.replace('1', '9')
    authenticator.replaceRules({ oidc: [entra()], permittedGroups: [other], rules: [] })
    provider.onGraph = (_request, _body, response) => response.end('{"value":[]}')
    assert.equal(await outcome(header.slice(7)), 'NOT_PERMITTED')
    answer()
    assert.equal((await early).id, CALLER)
    assert.equal(await outcome(header.slice(7)), 'NOT_PERMITTED')
    assert.deepEqual(
      provider.graphRequests.map(({ groupIds }) => groupIds),
      [[GROUP], [other]]
    )
  })
})

suite('Headers that would bring their own key', () => {
  test('jku, x5u, x5c and jwk are ignored, and nobody is asked at their address', async () => {
    await open()
    const thief = newKey('first')
    const jwk = await publicJwk(thief)
    const address = `${provider.issuer}/stolen`
    const requests = provider.keyRequests
    for (const header of [
      { jwk },
      { jku: address },
      { x5u: address },
      { x5c: ['MIIB'] },
      { jwk, jku: address, x5u: address }
    ])
      assert.equal(
        await outcome(provider.token({ iss: V2(ONE), tid: ONE }, { key: thief, header })),
        'INVALID_TOKEN',
        JSON.stringify(header)
      )
    // A signature that does not fit has the key looked up again, once: it may have been replaced.
    assert.equal(provider.keyRequests, requests + 1)
    assert.equal(await outcome(provider.token({ iss: V2(ONE), tid: ONE }, { header: { jku: address } })), CALLER)
  })

  test('key ids that look like paths, queries or code are names that no key has, and a flood asks the provider once', async () => {
    await open()
    const requests = provider.keyRequests
    const { key: thief } = newKey('any')
    const tricks = ['../../etc/passwd', "' OR 1=1 --", '__proto__', 'constructor', '', 'first\u0000', 'x'.repeat(5000)]
    const flood = Array.from({ length: 50 }, (_, number) => `made-up-${number}`)
    const codes = [...tricks, ...flood].map(kid => outcome(token(ONE, {}, { keyId: kid, key: thief })))
    for (const code of await Promise.all(codes)) assert.equal(code, 'INVALID_TOKEN')
    // At most another at the end of the pause, for those that came after the first had begun.
    assert.ok(provider.keyRequests - requests <= 2)
  })

  test('a critical header that is not understood is refused', async () => {
    await open()
    const [head, body, signature] = (await token(ONE)).split('.')
    const header = { ...(JSON.parse(Buffer.from(head, 'base64url').toString()) as object), crit: ['x'], x: 1 }
    const forged = Buffer.from(JSON.stringify(header)).toString('base64url')
    assert.equal(await outcome(`${forged}.${body}.${signature}`), 'INVALID_TOKEN')
  })
})
