import assert from 'node:assert/strict'
import { test } from 'node:test'
import { processEnvironment, proxyEnvironment } from '../../src/config/environment.ts'
import { loadConfig } from '../../src/config/load.ts'
import { allSettings } from '../../src/config/setting.ts'
import { Folder, leastEnvironment, problemsOf, provider } from './support/configs.ts'

const folder = new Folder()

test('the path of a setting, in capitals and parted by underscores, is its variable', () => {
  const variables = new Map(allSettings.map(({ name, variable }) => [name, variable]))
  assert.equal(variables.get('kafka.bootstrapServers'), 'KAFKA_REST_KAFKA_BOOTSTRAP_SERVERS')
  assert.equal(variables.get('limits.inFlightBytes'), 'KAFKA_REST_LIMITS_IN_FLIGHT_BYTES')
  assert.equal(variables.get('listen.tls.certFile'), 'KAFKA_REST_LISTEN_TLS_CERT_FILE')
  assert.equal(variables.get('kafka.sasl.passwordFile'), 'KAFKA_REST_KAFKA_SASL_PASSWORD_FILE')
})

test('no two settings share a variable, and none lies under a prefix of development mode or tests', () => {
  const variables = allSettings.map(setting => setting.variable)
  assert.equal(new Set(variables).size, variables.length)
  assert.ok(variables.length > 40)
  for (const variable of variables) assert.doesNotMatch(variable, /^KAFKA_REST_(DEV|TEST)_/)
})

test('lists are parted by commas, with spaces around them ignored', () => {
  const servers = ' a:1 ,[::1]:2,b:3'
  const env = { ...leastEnvironment, KAFKA_REST_KAFKA_BOOTSTRAP_SERVERS: servers, KAFKA_REST_AUTH_PERMITTED_GROUPS: '' }
  const { config } = loadConfig({ env })
  assert.deepEqual(config.kafka.bootstrapServers, ['a:1', '[::1]:2', 'b:3'])
  assert.deepEqual(config.auth.permittedGroups, [])
})

test('the providers are given as YAML or JSON, and problems in them have a line and column', () => {
  const yaml = `- issuer: ${provider.issuer}\n  audience: [a]\n  jwksUri: ${provider.jwksUri}\n`
  for (const text of [yaml, JSON.stringify([{ ...provider, audience: ['a'] }])]) {
    const { config, sources } = loadConfig({ env: { ...leastEnvironment, KAFKA_REST_AUTH_OIDC: text } })
    assert.deepEqual(config.auth.oidc, [
      {
        issuer: provider.issuer,
        audience: ['a'],
        jwksUri: provider.jwksUri,
        algorithms: ['RS256'],
        issuerAliases: [],
        tenants: [],
        groupsClaims: ['groups', 'roles'],
        rolesClaims: ['roles'],
        principalClaims: ['oid', 'sub'],
        dpop: 'off',
        clockToleranceMs: 30_000
      }
    ])
    assert.equal(sources.get('auth.oidc[0].issuer'), 'environment KAFKA_REST_AUTH_OIDC')
    assert.equal(sources.get('auth.oidc[0].algorithms'), 'default')
  }
  const wrong = problemsOf({ env: { ...leastEnvironment, KAFKA_REST_AUTH_OIDC: '- audience: a\n  isuer: x\n' } })
  assert.deepEqual(wrong, [
    'environment KAFKA_REST_AUTH_OIDC:1:3: auth.oidc[0].audience must be a list of texts that is not empty, not "a"',
    'environment KAFKA_REST_AUTH_OIDC:2:3: auth.oidc[0].isuer is not a known key; did you mean issuer?',
    'environment KAFKA_REST_AUTH_OIDC:1:3: auth.oidc[0].issuer is missing. Exact `iss` of the tokens, and base of discovery; `{tenantid}` in it stands for each of `tenants`.'
  ])
})

test('a section as a whole and in parts contradict each other', () => {
  const pem = folder.write('ca.pem', 'pem')
  const tls = {
    KAFKA_REST_LISTEN_TLS: 'none',
    KAFKA_REST_LISTEN_TLS_CERT_FILE: pem,
    KAFKA_REST_LISTEN_TLS_KEY_FILE: pem
  }
  assert.deepEqual(problemsOf({ env: { ...leastEnvironment, ...tls } }), [
    'environment KAFKA_REST_LISTEN_TLS: listen.tls is given as a whole and in parts; give one of the two'
  ])
})

test('variables of development mode, of tests and of other programs are left alone', () => {
  const env = {
    ...leastEnvironment,
    KAFKA_REST_DEV_X: '1',
    KAFKA_REST_TEST_BOOTSTRAP: 'b:1',
    KAFKA_HEAP_OPTS: '-Xmx1g'
  }
  assert.deepEqual(problemsOf({ env }), [])
})

test('the variables of a proxy, and no others, are passed on', () => {
  const env = { HTTPS_PROXY: 'http://proxy:3128', no_proxy: 'localhost', PATH: '/bin' }
  assert.deepEqual(proxyEnvironment(env), { HTTPS_PROXY: 'http://proxy:3128', no_proxy: 'localhost' })
  assert.equal(processEnvironment(), process.env)
})

test('the address of a proxy without a scheme means http, as elsewhere', () => {
  const env = { HTTPS_PROXY: 'proxy:3128', http_proxy: 'u:p@[::1]:80', HTTP_PROXY: 'HTTPS://proxy', NO_PROXY: 'a,b' }
  assert.deepEqual(proxyEnvironment(env), {
    HTTPS_PROXY: 'http://proxy:3128',
    http_proxy: 'http://u:p@[::1]:80',
    HTTP_PROXY: 'HTTPS://proxy',
    NO_PROXY: 'a,b'
  })
  assert.deepEqual(problemsOf({ env: { ...leastEnvironment, ...env } }), [])
})

test('a proxy that cannot be used is refused, instead of providers being asked directly; its password is not printed', () => {
  const wants = 'must be the address of an HTTP proxy: http://host:port, https://host:port or host:port'
  for (const [value, found] of [
    ['socks5://u:hush@proxy:1080', ', not socks5://'],
    ['socks5h://proxy', ', not socks5h://'],
    ['http://', '']
  ] as const) {
    for (const name of ['HTTPS_PROXY', 'https_proxy'])
      assert.deepEqual(problemsOf({ env: { ...leastEnvironment, [name]: value } }), [
        `environment ${name} ${wants}${found}`
      ])
  }
  assert.deepEqual(problemsOf({ env: { ...leastEnvironment, HTTPS_PROXY: '', NO_PROXY: 'socks5://x' } }), [])
})
