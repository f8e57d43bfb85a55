import assert from 'node:assert/strict'
import { suite, test, type TestContext } from 'node:test'
import type { SaslCredentials } from '../../../src/core/kafka-identity.ts'
import { BrokerConnection } from '../../../src/kafka/transport/broker-connection.ts'
import { authenticate } from '../../../src/kafka/transport/sasl.ts'
import { WireReader } from '../../../src/kafka/wire/wire-reader.ts'
import { WireWriter } from '../../../src/kafka/wire/wire-writer.ts'
import { ScriptedBroker } from './scripted-broker.ts'

const HANDSHAKE = 17
const AUTHENTICATE = 36

interface Answer {
  readonly code?: number
  readonly message?: string
  readonly challenge?: string
}

/** A connection to a broker that takes `mechanism` only, and says these things in turn; `heard` holds what it is told. */
async function start(t: TestContext, mechanism: string, answers: Answer[]) {
  const broker = await ScriptedBroker.start()
  t.after(() => broker.close())
  const heard: string[] = []
  broker.apis.set(HANDSHAKE, {
    max: 1,
    flexibleSince: Infinity,
    serve(request) {
      const known = new WireReader(request.body, false).string() === mechanism
      const writer = new WireWriter(false).int16(known ? 0 : 33)
      request.answer(writer.arrayLength(1).string(mechanism).finish())
    }
  })
  broker.apis.set(AUTHENTICATE, {
    max: 2,
    flexibleSince: 2,
    serve(request) {
      const flexible = request.version >= 2
      heard.push(String(new WireReader(request.body, flexible).bytes()))
      const { code = 0, message = null, challenge = '' } = answers.shift() ?? {}
      const writer = new WireWriter(flexible).int16(code).string(message).bytes(Buffer.from(challenge))
      request.answer((request.version >= 1 ? writer.int64(9000n) : writer).noTags().finish())
    }
  })
  const connection = await BrokerConnection.open(
    { host: '127.0.0.1', port: broker.port },
    { clientId: 'test', connectTimeoutMs: 2000, requestTimeoutMs: 2000 }
  )
  t.after(() => connection.close())
  return { heard, login: (options: SaslCredentials, version = 2) => authenticate(connection, version, options) }
}

suite('SASL', () => {
  for (const [version, sessionMs] of [
    [0, 0],
    [1, 9000],
    [2, 9000],
    [3, 9000]
  ]) {
    test(`speaks to brokers that have SaslAuthenticate ${version}: the session lasts ${sessionMs} ms`, async t => {
      const { heard, login } = await start(t, 'PLAIN', [{}])
      assert.equal(await login({ mechanism: 'PLAIN', username: 'me', password: 'ö' }, version), sessionMs)
      assert.deepEqual(heard, ['\0me\0ö'])
    })
  }

  test('a mechanism that the broker has not is told with those that it has', async t => {
    const { heard, login } = await start(t, 'SCRAM-SHA-512', [])
    await assert.rejects(login({ mechanism: 'PLAIN' }), /PLAIN is refused \(33\); the broker offers: SCRAM-SHA-512/)
    assert.deepEqual(heard, [], 'no password was sent')
  })

  test('what the broker says against the credentials is told', async t => {
    const { login } = await start(t, 'PLAIN', [{ code: 58, message: 'Invalid username or password' }])
    await assert.rejects(login({ mechanism: 'PLAIN' }), /authentication failed \(58\): Invalid username or password/)
  })

  test('OAUTHBEARER asks for a token each time, and tells why it is refused', async t => {
    const { heard, login } = await start(t, 'OAUTHBEARER', [{}, { challenge: '{"status":"invalid_token"}' }])
    let tokens = 0
    const options = { mechanism: 'OAUTHBEARER', token: () => Promise.resolve(`token-${++tokens}`) } as const
    assert.equal(await login(options), 9000)
    await assert.rejects(login(options), /authentication failed: \{"status":"invalid_token"\}/)
    assert.deepEqual(
      heard,
      [1, 2].map(count => `n,,\u0001auth=Bearer token-${count}\u0001\u0001`)
    )
  })

  test('a broker that ends SCRAM early does not pass for one that knows the password', async t => {
    const { login } = await start(t, 'SCRAM-SHA-256', [{ challenge: '' }])
    await assert.rejects(
      login({ mechanism: 'SCRAM-SHA-256', username: 'u', password: 'p' }),
      /did not answer what it was asked/
    )
  })
})
