import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Folder, leastEnvironment, problemsOf } from './support/configs.ts'

const { KAFKA_REST_AUTH_MODE: _, ...env } = leastEnvironment
const judge = (kafka: object, auth: object = {}): readonly string[] =>
  problemsOf({ env, flags: { kafka: { identity: 'caller', ...kafka }, auth } }).map(text => text.replace(/^flag: /, ''))
const folder = new Folder()
const PLAIN = { bootstrapServers: ['127.0.0.1:9092'], callerMechanism: 'PLAIN' }
const RULE = { principals: ['ann'], operations: ['read'], topics: ['*'] }

test('as the caller nothing else has to be configured: Kafka says who is let in, and for what', () => {
  assert.deepEqual(judge(PLAIN), [])
})

test('where there are rules one of them is about those whom Kafka judges', () => {
  assert.match(judge(PLAIN, { rules: [RULE] }).join('\n'), /auth\.rules has no rule with issuers: \[kafka\]/)
  assert.deepEqual(judge(PLAIN, { rules: [{ ...RULE, issuers: ['kafka'] }] }), [])
})

test('the credentials of callers travel to brokers of this machine, or by TLS', () => {
  const remote = { ...PLAIN, bootstrapServers: ['127.0.0.1:9092', 'kafka.example:9092'] }
  assert.deepEqual(judge(remote), [
    'kafka.tls is missing: the credentials of callers would travel to the brokers in the clear'
  ])
  assert.deepEqual(judge({ ...remote, tls: {} }), [])
})

test('credentials of the configuration have a name each, and whoever gets them is named, with the issuer', () => {
  const passwordFile = folder.write('password', 'secret')
  const credentials = ['one', 'two', 'one'].map(name => ({ name, mechanism: 'PLAIN', username: 'u', passwordFile }))
  const identityMap = [
    { issuers: ['basic'], principals: ['ann'], credentials: 'three' },
    { principals: ['ann'], credentials: 'one' },
    { issuers: ['kafka'], credentials: 'two' }
  ]
  assert.deepEqual(judge({ ...PLAIN, credentials, identityMap }), [
    'kafka.credentials[2].name is that of another entry already: one',
    'kafka.identityMap[0].issuers names basic, which is no trusted issuer',
    'kafka.identityMap[0].credentials names three, which is none of kafka.credentials',
    'kafka.identityMap[1].issuers is missing: only with a single provider it is known whose callers are meant',
    'kafka.identityMap[2] names nobody; give groups or principals'
  ])
})

test('a mechanism for callers belongs to kafka.identity: caller, and somebody must have an identity', () => {
  assert.match(
    judge({ ...PLAIN, identity: 'gateway' }, { mode: 'none' }).join(),
    /has no meaning unless kafka\.identity/
  )
  assert.match(judge({ bootstrapServers: ['127.0.0.1:9092'] }).join('\n'), /kafka\.callerMechanism is missing/)
  assert.match(judge(PLAIN, { mode: 'none' }).join('\n'), /with auth\.mode: none there are no callers/)
  const file = { basic: { file: folder.write('users', '# none') }, rules: [{ ...RULE, issuers: ['basic'] }] }
  assert.match(judge(PLAIN, file).join('\n'), /has no meaning beside auth\.basic/)
})
