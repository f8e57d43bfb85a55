import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Folder, leastEnvironment } from '../config/support/configs.ts'
import { kafkaRestProxy } from './support/command-line.ts'

const folder = new Folder()

test('an accepted configuration is printed with the source of each value, secrets hidden', async () => {
  const file = folder.write(
    'config.yaml',
    'kafka:\n  sasl: { mechanism: PLAIN, username: user, password: hush }\nlimits:\n  connections: 7\n'
  )
  const { exitCode, stdout, stderr } = await kafkaRestProxy(['check-config', '--config', file], leastEnvironment)
  assert.deepEqual([exitCode, stderr], [0, ''])
  assert.match(stdout, new RegExp(`^limits\\.connections +7 {2}\\[file ${file}:4\\]$`, 'm'))
  assert.match(stdout, /^auth\.mode +"none" {2}\[environment KAFKA_REST_AUTH_MODE\]$/m)
  assert.match(stdout, /^kafka\.sasl\.password +\(hidden\) /m)
  assert.doesNotMatch(stdout, /hush/)
  assert.match(stdout, /\nThe configuration is sound\.\n$/)
})

test('what it names is opened: problems and warnings a line each, a verdict at the end', async () => {
  const garbage = folder.write('garbage.pem', 'garbage')
  const file = folder.write(
    'names.yaml',
    `listen: { tls: { certFile: garbage.pem, keyFile: garbage.pem } }
kafka: { bootstrapServers: ['b:1'], tls: { caFile: garbage.pem } }
auth:
  oidc: [{ issuer: 'urn:idp', jwksUri: 'https://idp.example/keys', audience: [a] }]
  permittedGroups: [staff]
`
  )
  const { exitCode, stdout, stderr } = await kafkaRestProxy(['check-config', '--config', file])
  assert.equal(exitCode, 1)
  assert.match(stdout, /^kafka\.tls\.caFile +"/m)
  assert.deepEqual(stderr.split('\n'), [
    'Warning: auth.oidc[0].issuer is no https:// address',
    `listen.tls.certFile: ${garbage} holds no PEM certificate`,
    `kafka.tls.caFile: ${garbage} holds no PEM certificate`,
    'The configuration is not sound: 2 problems.',
    ''
  ])
  const started = await kafkaRestProxy(['serve', '--config', file])
  assert.deepEqual(
    [started.exitCode, started.stdout, started.stderr.split('\n')],
    [1, '', [...stderr.split('\n').slice(1, 3), '']]
  )
})

test('the problems of a refused configuration stand a line each on standard error, exit code 1', async () => {
  const file = folder.write(
    'wrong.yaml',
    'listen:\n  tls: none\n  prot: 1\nkafka: { bootstrapServers: [b:1] }\nauth: { mode: nein }\n'
  )
  assert.deepEqual(await kafkaRestProxy(['check-config', '--config', file]), {
    exitCode: 1,
    stdout: '',
    stderr:
      'wrong.yaml:3:3: listen.prot is not a known key; did you mean port?\n' +
      'wrong.yaml:5:9: auth.mode must be one of on, oidc, none, not "nein"\n' +
      'The configuration is not sound: 2 problems.\n'
  })
})

const RULES = `listen: { tls: none }
kafka: { bootstrapServers: ['b:1'] }
auth:
  oidc: [{ issuer: 'https://idp.example', issuerAliases: ['https://other.example'], audience: [a] }]
  permittedGroups: [staff]
  rules:
    - groups: [readers]
      operations: [read]
      topics: ['orders*']
    - principals: [ann]
      operations: [write, create]
      topics: [orders]
    - principals: [ann]
      issuers: ['https://other.example']
      operations: [delete]
      topics: ['*']
    - principals: [carl]
      operations: [read]
      topics: [orders]
      consumerGroups: ['billing*']
`

test('--explain says what a caller may do with a topic, and by which rule at which line', async () => {
  const file = folder.write('rules.yaml', RULES)
  const explained = (...argv: string[]) => kafkaRestProxy(['check-config', '--config', file, '--explain', ...argv])
  const { exitCode, stdout, stderr } = await explained('ann', 'orders', '--group', 'readers', '--group', 'x')
  assert.deepEqual([exitCode, stderr], [0, ''])
  assert.equal(
    stdout,
    `ann is let in: in no permitted group, named by auth.rules[0], auth.rules[1].
Topic orders:
read      yes  auth.rules[0] [file ${file}:8]
write     yes  auth.rules[1] [file ${file}:11]
create    yes  auth.rules[1] [file ${file}:11]
delete    no
describe  yes  auth.rules[0] [file ${file}:8], auth.rules[1] [file ${file}:11]
alter     no
This is so for a caller of https://idp.example; --issuer says another: https://other.example.
`
  )
  assert.match(
    (await explained('ann', 'x', '--issuer', 'https://other.example')).stdout,
    /^delete +yes {2}auth\.rules\[2\]/m
  )
  assert.equal(
    (await explained('bob', 'orders', '--role', 'readers')).stdout,
    `bob is not let in: in no permitted group, named by no rule.
This is so for a caller of https://idp.example; --issuer says another: https://other.example.
`
  )
  assert.match(
    (await explained('bob', 'orders', '--group', 'staff')).stdout,
    /^bob is let in: in a permitted group, named by no rule\.\n.*\nread +no\n/
  )
})

test('--explain says the same of a consumer group, beside a topic or in its place', async () => {
  const file = folder.write('groups.yaml', RULES)
  const explained = async (...argv: string[]) => {
    const answer = await kafkaRestProxy(['check-config', '--config', file, '--explain', 'carl', ...argv])
    return answer.stdout.split('\n').slice(1, -2)
  }
  const rule = `auth.rules[3] [file ${file}:18]`
  const group = ['Consumer group billing-eu:', `read      yes  ${rule}`, `describe  yes  ${rule}`, 'delete    no']
  assert.deepEqual(await explained('--consumer-group', 'billing-eu'), group)
  const both = await explained('orders', '--consumer-group', 'billing-eu')
  assert.deepEqual([both[0], ...both.slice(-4)], ['Topic orders:', ...group])
  assert.deepEqual((await explained('--consumer-group', 'other')).slice(1), [
    'read      no',
    'describe  no',
    'delete    no'
  ])
})

test('--explain takes roles for groups only where the token would be read so, and knows tenants and demands', async () => {
  const tenants = ['a', 'b'].map(letter => `0000000${letter}-0000-4000-8000-000000000000`)
  const file = folder.write(
    'demands.yaml',
    `listen: { tls: none }
kafka: { bootstrapServers: ['b:1'] }
auth:
  oidc:
    - issuer: https://idp.example/{tenantid}
      tenants: [${tenants.join(', ')}]
      jwksUri: https://idp.example/keys
      audience: [a]
      groupsClaims: [groups]
      requiredTokenType: at+jwt
      requiredScopes: [kafka.use, kafka.write]
      authorizedParties: [app]
  permittedGroups: [staff]
  rules:
    - { issuers: ['https://idp.example/{tenantid}'], groups: [staff], operations: [read], topics: [orders] }
`
  )
  const explained = (...argv: string[]) =>
    kafkaRestProxy(['check-config', '--config', file, '--explain', 'ann', 'orders', ...argv])
  const [issuer, other] = tenants.map(tenant => `https://idp.example/${tenant}`)
  const demands = (of: string) =>
    `Tokens of ${of} must be of type at+jwt; have all of the scopes kafka.use, kafka.write; be issued to one of app.\n`
  assert.equal(
    (await explained('--role', 'staff', '--issuer', other)).stdout,
    `ann is not let in: in no permitted group, named by no rule.\n${demands(other)}`
  )
  const { stdout } = await explained('--group', 'staff')
  assert.match(stdout, /^ann is let in: in a permitted group, named by auth\.rules\[0\]\.\n.*\nread +yes /)
  assert.ok(
    stdout.endsWith(`${demands(issuer)}This is so for a caller of ${issuer}; --issuer says another: ${other}.\n`)
  )
  const { stderr, exitCode } = await explained('--issuer', `${issuer}/`)
  assert.equal(exitCode, 1)
  assert.match(stderr, /--issuer .* is no trusted issuer; those are /)
})

test('--explain without a topic, and what belongs to it without it, is refused', async () => {
  const file = folder.write('rules2.yaml', RULES)
  for (const [argv, text] of [
    [['--explain', 'ann'], /--explain needs a principal, and a topic or --consumer-group/],
    [['--explain', 'ann', 'orders', 'more'], /Unexpected argument 'more'/],
    [['--consumer-group', 'x'], /belong to --explain PRINCIPAL TOPIC/],
    [['orders'], /Unexpected argument 'orders'/],
    [['--group', 'x'], /belong to --explain PRINCIPAL TOPIC/]
  ] as const) {
    const { exitCode, stdout, stderr } = await kafkaRestProxy(['check-config', '--config', file, ...argv])
    assert.deepEqual([exitCode, stdout], [1, ''])
    assert.match(stderr, text)
  }
})
