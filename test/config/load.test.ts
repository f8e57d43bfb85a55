import assert from 'node:assert/strict'
import { test } from 'node:test'
import { loadConfig } from '../../src/config/load.ts'
import { Folder, leastEnvironment, problemsOf, provider } from './support/configs.ts'

const folder = new Folder()

const LEAST = `
listen: { tls: none }
kafka: { bootstrapServers: [broker:9092] }
auth: { mode: none }
`

test('the least configuration is filled up with the defaults of the schema', () => {
  const { config, sources } = loadConfig({ env: leastEnvironment })
  assert.deepEqual(config.listen, {
    host: '0.0.0.0',
    port: 9400,
    tls: 'none',
    trustedProxies: [],
    clientAddressFrom: 'socket',
    proxyProtocol: 'off',
    proxyProtocolFrom: []
  })
  assert.deepEqual(config.kafka.bootstrapServers, ['broker:9092'])
  assert.equal(config.kafka.tls, undefined)
  assert.equal(config.limits.requestTimeoutMs, 8000)
  assert.equal(sources.get('limits.requestTimeoutMs'), 'default')
  assert.equal(sources.get('auth.mode'), 'environment KAFKA_REST_AUTH_MODE')
})

test('the result is frozen to its depth, defaults included', () => {
  const file = folder.write('frozen.yaml', LEAST)
  const { config } = loadConfig({ file, env: { KAFKA_REST_AUTH_OIDC: JSON.stringify([provider]) } })
  for (const part of [config, config.limits, config.kafka.bootstrapServers, config.auth.oidc, config.auth.oidc[0]]) {
    assert.ok(Object.isFrozen(part))
  }
  assert.ok(Object.isFrozen(config.auth.oidc[0].algorithms))
  assert.throws(() => Object.assign(config.limits, { connections: 1 }), TypeError)
})

test('a default is never shared between two configurations', () => {
  const first = loadConfig({ env: leastEnvironment }).config
  const second = loadConfig({ env: leastEnvironment }).config
  assert.notEqual(first.auth.permittedGroups, second.auth.permittedGroups)
})

test('flags win over the environment, the environment over the file, and each value names its source', () => {
  const file = folder.write(
    'layers.yaml',
    `${LEAST}limits:\n  connections: 1\n  jsonDepth: 2\n  recordsPerRequest: 3\n`
  )
  const env = { KAFKA_REST_LIMITS_CONNECTIONS: '10', KAFKA_REST_LIMITS_JSON_DEPTH: '20' }
  const { config, sources } = loadConfig({ file, env, flags: { limits: { connections: 100, bodyBytes: undefined } } })
  assert.equal(config.limits.connections, 100)
  assert.equal(config.limits.jsonDepth, 20)
  assert.equal(config.limits.recordsPerRequest, 3)
  assert.equal(sources.get('limits.connections'), 'flag')
  assert.equal(sources.get('limits.jsonDepth'), 'environment KAFKA_REST_LIMITS_JSON_DEPTH')
  assert.equal(sources.get('limits.recordsPerRequest'), `file ${file}:8`)
  assert.equal(sources.get('limits.bodyBytes'), 'default')
})

test('certificate files in a higher layer replace the word none below, and the other way round', () => {
  const pem = folder.write('server.pem', 'pem')
  const file = folder.write('plain.yaml', LEAST)
  const env = { KAFKA_REST_LISTEN_TLS_CERT_FILE: pem, KAFKA_REST_LISTEN_TLS_KEY_FILE: pem }
  assert.deepEqual(loadConfig({ file, env }).config.listen.tls, { certFile: pem, keyFile: pem, clientAuth: 'off' })
  assert.equal(loadConfig({ file, env, flags: { listen: { tls: 'none' } } }).config.listen.tls, 'none')
})

test('relative files in the YAML file start at its folder', () => {
  folder.write('ca.pem', 'pem')
  const file = folder.write('relative.yaml', LEAST.replace('[broker:9092]', '[broker:9092], tls: { caFile: ca.pem }'))
  assert.equal(loadConfig({ file, env: {} }).config.kafka.tls?.caFile, `${folder.path}/ca.pem`)
})

test('an empty kafka.tls means TLS, in the file and in the environment', () => {
  const file = folder.write('tls.yaml', LEAST.replace('[broker:9092]', '[broker:9092], tls: {}'))
  const { config, sources } = loadConfig({ file, env: {} })
  assert.deepEqual(config.kafka.tls, {})
  assert.equal(sources.get('kafka.tls'), `file ${file}:3`)
  assert.deepEqual(loadConfig({ env: { ...leastEnvironment, KAFKA_REST_KAFKA_TLS: '{}' } }).config.kafka.tls, {})
})

test('a secret may stand in a file, and loses one line break at its end, not two', () => {
  const env = { ...leastEnvironment, KAFKA_REST_KAFKA_SASL_MECHANISM: 'PLAIN', KAFKA_REST_KAFKA_SASL_USERNAME: 'user' }
  for (const [text, secret] of [
    ['pass word\n', 'pass word'],
    ['pass\r\n', 'pass'],
    [' pass\n\n', ' pass\n']
  ]) {
    const file = folder.write('secret', text)
    const { config, sources } = loadConfig({ env: { ...env, KAFKA_REST_KAFKA_SASL_PASSWORD_FILE: file } })
    assert.equal(config.kafka.sasl?.password, secret)
    assert.equal(config.kafka.sasl.passwordFile, file)
    assert.equal(sources.get('kafka.sasl.password'), 'environment KAFKA_REST_KAFKA_SASL_PASSWORD_FILE')
  }
  const empty = folder.write('empty', '\n')
  assert.deepEqual(problemsOf({ env: { ...env, KAFKA_REST_KAFKA_SASL_PASSWORD_FILE: empty } }), [
    `environment KAFKA_REST_KAFKA_SASL_PASSWORD_FILE: kafka.sasl.passwordFile: ${empty} is empty`
  ])
})

test('a secret and its file in one layer are refused; a higher layer replaces either', () => {
  const secret = folder.write('secret2', 'from file')
  const sasl = `[broker:9092], sasl: { mechanism: PLAIN, username: user, passwordFile: secret2`
  const file = folder.write('sasl.yaml', LEAST.replace('[broker:9092]', `${sasl} }`))
  const both = folder.write('both.yaml', LEAST.replace('[broker:9092]', `${sasl}, password: other }`))
  assert.deepEqual(problemsOf({ file: both, env: {} }), [
    'both.yaml:3:85: kafka.sasl.passwordFile and password are both given; give one of the two'
  ])
  assert.equal(loadConfig({ file, env: {} }).config.kafka.sasl?.password, 'from file')
  const env = { KAFKA_REST_KAFKA_SASL_PASSWORD: 'from environment' }
  assert.equal(loadConfig({ file, env }).config.kafka.sasl?.password, 'from environment')
  assert.deepEqual(problemsOf({ file, env: { ...env, KAFKA_REST_KAFKA_SASL_PASSWORD_FILE: secret } }), [
    'environment KAFKA_REST_KAFKA_SASL_PASSWORD_FILE: kafka.sasl.passwordFile and password are both given; give one of the two'
  ])
})

test('every problem of every layer is reported at once, with its place and its path', () => {
  const file = folder.write(
    'wrong.yaml',
    `listen:
  port: 70000
  tls: none
kafka:
  bootstrapServer: [broker:9092]
  clientId: 12
limits:
  connections: "5"
auth: { mode: none }
`
  )
  const env = { KAFKA_REST_LIMITS_BODY_BYTES: '1e6', KAFKA_REST_LIMITS_BODYBYTES: '1', KAFKA_REST_LOG_LEVEL: '' }
  assert.deepEqual(problemsOf({ file, env, flags: { listen: { prt: 1 } } }), [
    'environment KAFKA_REST_LIMITS_BODYBYTES is not a known variable; did you mean KAFKA_REST_LIMITS_BODY_BYTES?',
    'wrong.yaml:2:3: listen.port must be an integer from 0 to 65535, not 70000',
    'wrong.yaml:5:3: kafka.bootstrapServer is not a known key; did you mean bootstrapServers?',
    'wrong.yaml:6:3: kafka.clientId must be a text of at most 1000 characters, not 12 (put it in quotes)',
    'wrong.yaml:8:3: limits.connections must be an integer from 1 to 1000000, not "5"',
    'environment KAFKA_REST_LIMITS_BODY_BYTES: limits.bodyBytes must be an integer from 1024 to 1099511627776, not "1e6"',
    'environment KAFKA_REST_LOG_LEVEL: log.level must be one of fatal, error, warn, info, debug, trace, not ""',
    'flag: listen.prt is not a known key; did you mean port?',
    'kafka.bootstrapServers is missing (environment: KAFKA_REST_KAFKA_BOOTSTRAP_SERVERS). Brokers to ask first, as host:port.'
  ])
})

test('a wrong value is reported even where a higher layer would hide it', () => {
  const file = folder.write('hidden.yaml', `${LEAST}limits: { connections: many }\n`)
  assert.deepEqual(problemsOf({ file, env: { KAFKA_REST_LIMITS_CONNECTIONS: '5' } }), [
    'hidden.yaml:5:11: limits.connections must be an integer from 1 to 1000000, not "many"'
  ])
})

test('no problem repeats a secret', () => {
  const sasl = `[broker:9092], sasl: { mechanism: PLAIN, username: u, password: 424242 }`
  const file = folder.write('number.yaml', LEAST.replace('[broker:9092]', sasl))
  assert.deepEqual(problemsOf({ file, env: {} }), [
    'number.yaml:3:82: kafka.sasl.password must be a text that is not empty (put it in quotes)'
  ])
  for (const password of ['*424242', '"424242', '!424242 x', '{424242', "'42'4242'", '[42, 42]', '{a: 424242}']) {
    const broken = folder.write('broken.yaml', `${LEAST}kafka2:\n  password: ${password}\n`)
    assert.doesNotMatch(problemsOf({ file: broken, env: {} }).join('\n'), /42/)
  }
})

test('a file that does not exist or cannot be parsed is one problem, not a list of missing keys', () => {
  const missing = `${folder.path}/missing.yaml`
  assert.deepEqual(problemsOf({ file: missing, env: {} }), [`${missing}: cannot be read: no such file or directory`])
  const torn = folder.write('torn.yaml', 'listen: [1')
  const problems = problemsOf({ file: torn, env: {} })
  assert.equal(problems.length, 1)
  assert.match(problems[0], /^torn\.yaml:1:\d+: Flow sequence/)
})

test('a certificate that cannot be opened is refused before anything starts', () => {
  const env = { ...leastEnvironment, KAFKA_REST_KAFKA_TLS_CA_FILE: `${folder.path}/no-ca.pem` }
  assert.deepEqual(problemsOf({ env }), [
    `environment KAFKA_REST_KAFKA_TLS_CA_FILE: kafka.tls.caFile: ${folder.path}/no-ca.pem cannot be read: no such file or directory`
  ])
})

test('keys inherited by every object are unknown keys like others', () => {
  for (const key of ['__proto__', 'constructor', 'toString', 'hasOwnProperty']) {
    const file = folder.write('proto.yaml', `${LEAST}${key}: { port: 1 }\n`)
    assert.deepEqual(problemsOf({ file, env: {} }), [`proto.yaml:5:1: ${key} is not a known key`])
  }
})

test('the path of the audit log starts at the folder of the configuration file; the word stdout is none', () => {
  const file = folder.write('audited.yaml', `${LEAST}audit: { output: audit.jsonl }\n`)
  assert.equal(loadConfig({ file, env: {} }).config.audit.output, `${folder.path}/audit.jsonl`)
  const toStdout = folder.write('to-stdout.yaml', `${LEAST}audit: { output: stdout }\n`)
  assert.equal(loadConfig({ file: toStdout, env: {} }).config.audit.output, 'stdout')
})

test('an audit log whose folder is not there, or that is a folder, is refused by its key', () => {
  const nowhere = folder.write('audited.yaml', `${LEAST}audit: { output: nowhere/audit.jsonl }\n`)
  assert.deepEqual(problemsOf({ file: nowhere, env: {} }), [
    `audited.yaml:5:10: audit.output: ${folder.path}/nowhere cannot be written: no such file or directory`
  ])
  const directory = folder.write('audited.yaml', `${LEAST}audit: { output: . }\n`)
  assert.deepEqual(problemsOf({ file: directory, env: {} }), [
    `audited.yaml:5:10: audit.output: ${folder.path} is a folder`
  ])
})
