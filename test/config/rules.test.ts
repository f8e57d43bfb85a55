import assert from 'node:assert/strict'
import { test } from 'node:test'
import { leastEnvironment, problemsOf, provider } from './support/configs.ts'

const GROUP = '00000000-0000-4000-8000-000000000001'
const RULE = { principals: ['ann'], operations: ['read'], topics: ['*'] }

/** Problems of the least configuration with `flags` on top. */
const judge = (flags: Record<string, unknown>, env: NodeJS.ProcessEnv = leastEnvironment): readonly string[] =>
  problemsOf({ env, flags })

const authenticated = (auth: Record<string, unknown>): readonly string[] =>
  judge({ auth: { mode: 'oidc', oidc: [provider], permittedGroups: [GROUP], ...auth } })

const kafka = (part: Record<string, unknown>): readonly string[] => judge({ kafka: part })

test('without a word about authentication the gateway does not start, and says what would have to be said', () => {
  const { KAFKA_REST_AUTH_MODE: _, ...env } = leastEnvironment
  const problems = judge({}, env)
  assert.equal(problems.length, 2)
  assert.match(problems[0], /^auth\.oidc names no trusted issuer.*say so in so many words: auth\.mode: none$/)
  assert.match(problems[1], /^auth\.permittedGroups is empty/)
})

test('authentication needs a permitted group', () => {
  assert.deepEqual(authenticated({}), [])
  assert.match(authenticated({ permittedGroups: [] })[0], /^flag: auth\.permittedGroups is empty/)
})

test('rules and quotas name issuers that are trusted, or say which these are', () => {
  const override = { principal: 'a', requestsPerSecond: 1 }
  const rule = { groups: [GROUP], operations: ['read'], topics: ['a'] }
  const judged = (issuer: string) =>
    judge({
      auth: { mode: 'oidc', oidc: [provider], permittedGroups: [GROUP], rules: [{ ...rule, issuers: [issuer] }] },
      quotas: { overrides: [override, { ...override, issuer }] }
    })
  assert.deepEqual(judged(provider.issuer), [])
  assert.deepEqual(judged(`${provider.issuer}/`), [
    `flag: auth.rules[0].issuers names ${provider.issuer}/, which is no trusted issuer; those are ${provider.issuer}`,
    `flag: quotas.overrides[1].issuer names ${provider.issuer}/, which is no trusted issuer; those are ${provider.issuer}`
  ])
})

test('one issuer stands in the list once', () => {
  assert.deepEqual(
    authenticated({
      oidc: [provider, provider],
      permittedGroups: [],
      rules: [{ ...RULE, issuers: [provider.issuer] }]
    }),
    ['auth.oidc[1].issuer is that of auth.oidc[0] already'].map(text => `flag: ${text}`)
  )
})

test('keys, tokens and memberships are fetched encrypted, or within the machine', () => {
  const wants = 'must start with https://; http:// is accepted for loopback addresses only'
  const discovered = { issuer: 'http://idp.example', audience: ['a'] }
  assert.deepEqual(authenticated({ oidc: [discovered] }), [`flag: auth.oidc[0].issuer ${wants}`])
  assert.deepEqual(authenticated({ oidc: [{ ...provider, issuer: 'http://idp.example' }] }), [])
  assert.deepEqual(authenticated({ oidc: [{ ...provider, jwksUri: 'http://idp.example' }] }), [
    `flag: auth.oidc[0].jwksUri ${wants}`
  ])
  for (const host of ['localhost:1', '127.0.0.1:1', '127.3.2.1', '[::1]:1']) {
    assert.deepEqual(authenticated({ oidc: [{ ...provider, jwksUri: `http://${host}/keys` }] }), [])
  }
  for (const jwksUri of ['http://localhost.example', 'http://127.0.0.1.example', 'http://0.0.0.0', 'http://[::2]']) {
    assert.deepEqual(authenticated({ oidc: [{ ...provider, jwksUri }] }), [`flag: auth.oidc[0].jwksUri ${wants}`])
  }
  for (const jwksUri of ['keys', '/keys', 'ftp://x/keys', '']) {
    assert.deepEqual(authenticated({ oidc: [{ ...provider, jwksUri }] }), [
      'flag: auth.oidc[0].jwksUri must be an absolute URL that starts with https://'
    ])
  }
  assert.deepEqual(authenticated({ oidc: [{ ...provider, jwksUri: 'https://a:b@x/keys' }] }), [
    'flag: auth.oidc[0].jwksUri must not contain a user name or password'
  ])
})

test('symmetric algorithms and none are refused', () => {
  for (const algorithm of ['none', 'HS256', 'RS1', 'dir']) {
    assert.deepEqual(authenticated({ oidc: [{ ...provider, algorithms: [algorithm] }] }), [
      `flag: auth.oidc[0].algorithms[0] must be an algorithm such as RS256 or ES384, not "${algorithm}"`
    ])
  }
})

test('Graph needs a group that it can know', () => {
  const graph = { tokenUrl: 'https://login.example/token', clientId: 'id', clientSecret: 'secret' }
  assert.deepEqual(authenticated({ graph }), [])
  assert.equal(authenticated({ graph, permittedGroups: ['writers'] }).length, 1)
  assert.match(
    authenticated({ graph, permittedGroups: ['writers'] })[0],
    /auth\.graph needs at least one GUID in auth\.permittedGroups/
  )
  assert.deepEqual(authenticated({ graph, permittedGroups: ['writers', GROUP.toUpperCase()] }), [])
})

test('a SASL mechanism has all of its members and none of another', () => {
  const plain = { username: 'u', password: 'p' }
  const oauth = { tokenUrl: 'https://login.example/token', clientId: 'i', clientSecret: 's' }
  for (const mechanism of ['PLAIN', 'SCRAM-SHA-256', 'SCRAM-SHA-512']) {
    assert.deepEqual(kafka({ sasl: { mechanism, ...plain } }), [])
    assert.deepEqual(kafka({ sasl: { mechanism } }), [
      `kafka.sasl.username is missing; ${mechanism} needs it`,
      `kafka.sasl.password is missing; ${mechanism} needs it`
    ])
    assert.deepEqual(kafka({ sasl: { mechanism, ...plain, scope: 'x' } }), [
      `flag: kafka.sasl.scope has no meaning for ${mechanism}`
    ])
  }
  assert.deepEqual(kafka({ sasl: { mechanism: 'OAUTHBEARER', ...oauth, scope: 'x' } }), [])
  assert.deepEqual(kafka({ sasl: { mechanism: 'OAUTHBEARER', ...oauth, password: 'p' } }), [
    'flag: kafka.sasl.password has no meaning for OAUTHBEARER'
  ])
  assert.deepEqual(kafka({ sasl: { mechanism: 'GSSAPI' } }), [
    'flag: kafka.sasl.mechanism must be one of PLAIN, SCRAM-SHA-256, SCRAM-SHA-512, OAUTHBEARER, not "GSSAPI"'
  ])
})

test('a client certificate comes with its key', () => {
  const certFile = import.meta.filename
  assert.deepEqual(kafka({ tls: { certFile, keyFile: certFile } }), [])
  assert.deepEqual(kafka({ tls: { certFile } }), ['kafka.tls.keyFile is missing; it belongs to kafka.tls.certFile'])
  assert.deepEqual(kafka({ tls: { keyFile: certFile } }), [
    'kafka.tls.certFile is missing; it belongs to kafka.tls.keyFile'
  ])
})

test('a batch is tried for longer than a request waits', () => {
  assert.deepEqual(judge({ kafka: { deliveryTimeoutMs: 8001 } }), [])
  assert.deepEqual(judge({ kafka: { deliveryTimeoutMs: 8000 } }), [
    'flag: kafka.deliveryTimeoutMs must be more than limits.requestTimeoutMs, which is 8000'
  ])
})

test('a bootstrap server has a host and a port that can exist', () => {
  for (const server of ['broker:9092', '10.0.0.1:1', '[::1]:65535']) {
    assert.deepEqual(kafka({ bootstrapServers: [server] }), [])
  }
  for (const server of ['broker', 'broker:', ':9092', '::1:9092', 'a b:1', 'kafka://broker:9092', 'broker:123456']) {
    assert.equal(kafka({ bootstrapServers: [server] }).length, 1, server)
  }
  for (const server of ['broker:0', 'broker:65536']) {
    assert.deepEqual(kafka({ bootstrapServers: ['a:1', server] }), [
      'kafka.bootstrapServers[1] must end in a port from 1 to 65535'
    ])
  }
})

test('a rule keeps silent where a value it looks at is wrong already', () => {
  assert.deepEqual(judge({ kafka: { deliveryTimeoutMs: 0 } }).length, 1)
  assert.deepEqual(judge({ kafka: { sasl: { mechanism: 'NTLM', username: 'u' } } }).length, 1)
  assert.deepEqual(judge({ auth: { mode: 'oidc', oidc: 5, permittedGroups: [GROUP] } }).length, 1)
})

test('rules are enough to let somebody in, and each names somebody', () => {
  assert.deepEqual(authenticated({ permittedGroups: [], rules: [RULE] }), [])
  assert.deepEqual(authenticated({ rules: [RULE, { ...RULE, principals: [] }] }), [
    'flag: auth.rules[1] names nobody; give groups, roles or principals'
  ])
})

test('operations come from a closed list, topics are names or prefixes of names', () => {
  for (const topic of ['a', 'a.b_c-D', '*', 'a*', '.'])
    assert.deepEqual(authenticated({ rules: [{ ...RULE, topics: [topic] }] }), [])
  for (const topic of ['', 'a*b', '**', '*a', 'ö*', 'a b', 'a'.repeat(250)])
    assert.match(authenticated({ rules: [{ ...RULE, topics: [topic] }] })[0], /auth\.rules\[0\]\.topics\[0\] must be/)
  for (const operation of ['Read', 'all', '', 'read,write'])
    assert.match(
      authenticated({ rules: [{ ...RULE, operations: [operation] }] })[0],
      /operations\[0\] must be one of read, /
    )
  assert.match(authenticated({ rules: [{ ...RULE, operations: [] }] })[0], /operations must be/)
  assert.match(authenticated({ rules: [{ ...RULE, topics: [] }] })[0], /grants nothing; give topics or consumerGroups/)
  assert.deepEqual(authenticated({ rules: [{ ...RULE, topics: [], consumerGroups: ['billing*'] }] }), [])
})

const TENANT = '00000000-0000-4000-8000-00000000000a'

test('an issuer for several tenants names them, and no issuer is that of two providers', () => {
  const any = { ...provider, issuer: 'https://sts.windows.net/{tenantid}/' }
  assert.match(authenticated({ oidc: [any] })[0], /auth\.oidc\[0\]\.tenants is missing/)
  assert.deepEqual(authenticated({ oidc: [{ ...any, tenants: [TENANT] }] }), [])
  assert.match(authenticated({ oidc: [{ ...provider, tenants: [TENANT] }] })[0], /has no meaning for an issuer without/)
  assert.match(authenticated({ oidc: [{ ...any, tenants: [TENANT.toUpperCase()] }] })[0], /a tenant id in lower case/)
  const twins = (...oidc: object[]) =>
    authenticated({ oidc, permittedGroups: [], rules: [{ ...RULE, issuers: [SHARED] }] })
  const SHARED = `https://sts.windows.net/${TENANT}/`
  const shared = { ...provider, issuer: SHARED }
  const twice = 'flag: auth.oidc[1].issuer is that of auth.oidc[0] already'
  assert.deepEqual(twins({ ...any, tenants: [TENANT] }, shared), [twice])
  assert.deepEqual(twins(shared, { ...provider, issuer: 'https://x.example', issuerAliases: [SHARED] }), [twice])
})

test('Graph gets a secret or a certificate with its key, and the tenant where there are several', () => {
  const graph = { tokenUrl: 'https://login.example/token', clientId: 'id' }
  const [clientCertFile, clientKeyFile] = ['test/run.ts', 'package.json']
  assert.match(authenticated({ graph })[0], /auth\.graph\.clientSecret is missing/)
  assert.match(authenticated({ graph: { ...graph, clientCertFile } })[0], /auth\.graph\.clientKeyFile is missing/)
  assert.match(authenticated({ graph: { ...graph, clientKeyFile } })[0], /auth\.graph\.clientCertFile is missing/)
  assert.deepEqual(authenticated({ graph: { ...graph, clientCertFile, clientKeyFile } }), [])
  assert.match(
    authenticated({ graph: { ...graph, clientCertFile, clientKeyFile, clientSecret: 's' } })[0],
    /auth\.graph\.clientSecret and a certificate are both given/
  )
  const oidc = [{ ...provider, issuer: 'https://x/{tenantid}', tenants: [TENANT, TENANT.replace('a', 'b')] }]
  const secret = { ...graph, clientSecret: 's' }
  assert.match(authenticated({ oidc, graph: secret })[0], /tokenUrl must contain \{tenantid\}/)
  const tokenUrl = 'https://login.example/{tenantid}/token'
  assert.deepEqual(authenticated({ oidc, graph: { ...secret, tokenUrl } }), [])
})

const other = { issuer: 'https://idp.example', audience: ['a'] }

test('with several providers the permitted groups stand under each, and the refusal says where', () => {
  const oidc = [provider, other]
  assert.deepEqual(authenticated({ oidc }), [
    'flag: auth.permittedGroups would let in members of a group of that name at any of the 2 providers; ' +
      'list the groups of each provider under it instead: auth.oidc[0].permittedGroups, auth.oidc[1].permittedGroups'
  ])
  const own = [{ ...provider, permittedGroups: [GROUP] }, other]
  assert.deepEqual(authenticated({ oidc: own, permittedGroups: [] }), [])
  assert.match(authenticated({ oidc, permittedGroups: [] })[0], /auth\.permittedGroups is empty/)
  assert.deepEqual(authenticated({ oidc: [own[0]], permittedGroups: [] }), [])
})

test('with several providers a rule says whose callers it names, and the refusal says how', () => {
  const judged = (issuers: string[], oidc: object[] = [provider, other]) =>
    authenticated({ oidc, permittedGroups: [], rules: [{ ...RULE, issuers }] })
  assert.deepEqual(judged([]), [
    'flag: auth.rules[0].issuers is missing: with 2 providers a rule says whose callers it names; ' +
      `add issuers: ['${provider.issuer}'], or that of another provider`
  ])
  assert.deepEqual(judged([other.issuer]), [])
  assert.deepEqual(judged([], [provider]), [])
})

test('the issuers of a rule are trusted ones, or templates of theirs: a mistyped one would name nobody', () => {
  const template = 'https://login.example/{tenantid}/v2.0'
  const tenants = ['a', 'b'].map(letter => TENANT.replace('a', letter))
  const oidc = [{ ...other, issuer: template, jwksUri: 'https://login.example/keys', tenants }]
  const judged = (issuer: string) => authenticated({ oidc, rules: [{ ...RULE, issuers: [issuer] }] })
  for (const issuer of [template, template.replace('{tenantid}', TENANT)]) assert.deepEqual(judged(issuer), [])
  assert.deepEqual(judged(`${template}/`), [
    `flag: auth.rules[0].issuers names ${template}/, which is no trusted issuer; those are ${tenants.map(tenant => template.replace('{tenantid}', tenant)).join(', ')}`
  ])
})

test('a management listener beyond this machine wants a token', () => {
  for (const host of ['0.0.0.0', '::', '10.0.0.1', 'gateway.example', '127.gateway.example']) {
    const [problem, ...others] = judge({ management: { host, port: 9402 } })
    assert.match(problem, /^management\.token is missing/)
    assert.deepEqual(others, [])
    assert.deepEqual(judge({ management: { host, port: 9402, token: 'secret' } }), [])
  }
  for (const host of ['127.0.0.1', '127.1.2.3', 'localhost', '::1'])
    assert.deepEqual(judge({ management: { host, port: 9402 } }), [])
})

test('traces go in the clear beyond this machine only without the secret, and their address holds none', () => {
  const problems = (endpoint: string, authorization?: string) =>
    judge({ traces: { endpoint, ...(authorization !== undefined && { authorization }) } })
  assert.deepEqual(problems('http://collector:4318/v1/traces', 'Bearer s'), [
    'flag: traces.endpoint must start with https://: traces.authorization would travel in the clear'
  ])
  for (const [endpoint, authorization] of [
    ['http://collector:4318/v1/traces', undefined],
    ['http://localhost:4318/v1/traces', 'Bearer s'],
    ['http://[::1]:4318/v1/traces', 'Bearer s'],
    ['https://collector/v1/traces', 'Bearer s']
  ] as const)
    assert.deepEqual(problems(endpoint, authorization), [], endpoint)
  for (const endpoint of ['https://user:hush@collector/', 'http://user:hush@localhost/', 'https://hush@collector/'])
    assert.deepEqual(problems(endpoint), [
      'flag: traces.endpoint must not contain a user name or password; traces.authorization takes them'
    ])
  assert.match(problems('http://')[0], /^flag: traces\.endpoint must be an absolute URL/)
  assert.deepEqual(problems('htps://user:hush@collector/'), [
    'flag: traces.endpoint must be an address that starts with https:// or http://, not "htps://(hidden)@collector/"'
  ])
})

test('the two listeners do not share a port of one address', () => {
  const problems = (host: string, managementHost: string, managementPort = 9400) => {
    const management = { host: managementHost, port: managementPort, token: 't' }
    return judge({ listen: { host, port: 9400 }, management })
  }
  for (const [one, other] of [
    ['0.0.0.0', '127.0.0.1'],
    ['::', '127.0.0.1'],
    ['10.0.0.1', '0.0.0.0'],
    ['localhost', '127.0.0.1']
  ])
    assert.deepEqual(problems(one, other), [`flag: management.port is that of listen.port already, on ${one}`])
  assert.deepEqual(problems('10.0.0.1', '127.0.0.1'), [])
  assert.deepEqual(problems('0.0.0.0', '127.0.0.1', 9402), [])
})

test('API keys may be the only scheme, and need a rule that names them', () => {
  const keys = (auth: Record<string, unknown>) =>
    judge({ auth: { mode: 'on', apiKeys: { file: import.meta.filename }, ...auth } })
  assert.deepEqual(keys({ rules: [{ ...RULE, issuers: ['apikey'] }] }), [])
  const missing =
    'flag: auth.rules has no rule with issuers: [apikey], and only such a rule lets callers in who come without a token'
  assert.deepEqual(keys({ rules: [RULE] }), [missing])
  assert.deepEqual(keys({ oidc: [provider], permittedGroups: [GROUP] }), [missing.replace('flag: ', '')])
})

test('a rule names keys only where keys are on, and no provider takes their name', () => {
  assert.deepEqual(authenticated({ rules: [{ ...RULE, issuers: ['apikey'] }] }), [
    `flag: auth.rules[0].issuers names apikey, which is no trusted issuer; those are ${provider.issuer}`
  ])
  const named = { ...provider, issuer: 'apikey', jwksUri: 'https://idp.example/keys' }
  assert.deepEqual(authenticated({ oidc: [named] }), [
    'flag: auth.oidc[0].issuer is a name that callers without tokens have'
  ])
})

test('proofs of possession need a secret that all gateways share, and the address that they are about', () => {
  const secret = 'x'.repeat(32)
  const problems = (dpop: string, dpopSecret: string | undefined, publicUrl: string | undefined) =>
    judge({
      auth: {
        mode: 'on',
        oidc: [{ ...provider, dpop }],
        permittedGroups: [GROUP],
        ...(dpopSecret === undefined ? {} : { dpopSecret })
      },
      ...(publicUrl === undefined ? {} : { apis: { publicUrl } })
    })
  assert.deepEqual(problems('accept', secret, 'https://kafka.example'), [])
  assert.deepEqual(problems('require', undefined, undefined), [
    'auth.dpopSecret is missing; auth.oidc[0].dpop needs it',
    'apis.publicUrl is missing; auth.oidc[0].dpop needs it'
  ])
  assert.deepEqual(problems('accept', 'short', 'https://kafka.example'), [
    'flag: auth.dpopSecret must have 32 characters or more'
  ])
  assert.deepEqual(problems('off', secret, undefined), [
    'flag: auth.dpopSecret has no meaning while dpop of every provider is off'
  ])
})
