import assert from 'node:assert/strict'
import { test } from 'node:test'
import { leastEnvironment, problemsOf, provider } from './support/configs.ts'

const GROUP = '00000000-0000-4000-8000-000000000001'

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

test('one issuer stands in the list once', () => {
  assert.deepEqual(
    authenticated({ oidc: [provider, provider] }),
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
