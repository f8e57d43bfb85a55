import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type AddressInfo } from 'node:net'
import { suite, test, type TestContext } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import * as fc from 'fast-check'
import { RepeatedWarnings } from '../../../src/core/lib/repeated-warnings.ts'
import type { Message } from '../../../src/kafka/messages/message.ts'
import { BrokerChannel, type ChannelOptions } from '../../../src/kafka/transport/broker-channel.ts'
import { Endpoint } from '../../../src/kafka/transport/endpoint.ts'
import { exchange } from '../../../src/kafka/transport/exchange.ts'
import { TransportError } from '../../../src/kafka/transport/transport-error.ts'
import { WireWriter } from '../../../src/kafka/wire/wire-writer.ts'
import { ScriptedBroker, silent } from './scripted-broker.ts'

const ECHO = 900
const HOLD = 901

/** A broker that returns the body of an echo and keeps the others waiting. */
async function start(t: TestContext): Promise<ScriptedBroker> {
  const broker = await ScriptedBroker.start()
  t.after(() => broker.close())
  broker.apis.set(ECHO, { min: 2, max: 9, flexibleSince: 5, serve: request => request.answer(request.body) })
  broker.apis.set(HOLD, { max: 0, flexibleSince: 0, serve: () => undefined })
  return broker
}

function channelTo(t: TestContext, port: number, changes: Partial<ChannelOptions> = {}): BrokerChannel {
  const channel = new BrokerChannel(new Endpoint('127.0.0.1', port, 'the test', new RepeatedWarnings(silent)), {
    clientId: 'test',
    connectTimeoutMs: 1000,
    requestTimeoutMs: 1000,
    security: () => ({}),
    ...changes
  })
  t.after(() => channel.close())
  return channel
}

const SASL_HANDSHAKE = 17
const SASL_AUTHENTICATE = 36
const SESSION_MS = 1500
const SASL = { sasl: { mechanism: 'PLAIN', username: 'u', password: 'p' } } as const

/** Lets everyone in, for so long; counts the sessions. */
function secure(broker: ScriptedBroker, sessionMs = SESSION_MS): { count: number } {
  const sessions = { count: 0 }
  const mechanisms = () => new WireWriter(false).int16(0).arrayLength(1).string('PLAIN').finish()
  broker.apis.set(SASL_HANDSHAKE, {
    max: 1,
    flexibleSince: Infinity,
    serve: request => setTimeout(() => request.answer(mechanisms()), 20)
  })
  broker.apis.set(SASL_AUTHENTICATE, {
    max: 2,
    flexibleSince: 2,
    serve: request => {
      sessions.count++
      request.answer(
        new WireWriter(true).int16(0).string(null).bytes(Buffer.alloc(0)).int64(BigInt(sessionMs)).noTags().finish()
      )
    }
  })
  return sessions
}

const failure = async (work: Promise<unknown>): Promise<TransportError> => {
  const error = await work.then(
    () => null,
    (error: unknown) => error
  )
  assert.ok(error instanceof TransportError, String(error))
  return error
}

async function until(condition: () => boolean): Promise<void> {
  for (const end = Date.now() + 5000; !condition(); await sleep(5))
    if (Date.now() > end) throw new Error('The condition did not come true')
}

suite('BrokerChannel', () => {
  test('connects when first asked, once for all who ask meanwhile', async t => {
    const broker = await start(t)
    const channel = channelTo(t, broker.port)
    assert.deepEqual([channel.connected, channel.versionNow(ECHO, 0, 20), broker.accepted], [false, -1, 0])
    assert.deepEqual(
      await Promise.all(Array.from({ length: 10 }, () => channel.version(ECHO, 0, 20))),
      Array(10).fill(9)
    )
    assert.deepEqual([channel.connected, broker.accepted], [true, 1])
  })

  test('chooses the highest version that both sides have, and none where they share none', async t => {
    const broker = await start(t)
    const channel = channelTo(t, broker.port)
    assert.equal(await channel.version(ECHO, 0, 7), 7)
    assert.equal(channel.versionNow(ECHO, 9, 12), 9)
    assert.equal(channel.versionNow(ECHO, 0, 1), -1)
    assert.equal(channel.versionNow(ECHO, 10, 12), -1)
    assert.equal((await failure(channel.version(ECHO, 10, 12))).sent, false)
    assert.equal((await failure(channel.version(12_345, 0, 1))).sent, false)
  })

  test('asks for the versions again after each connect: a broker may have been exchanged for an older one', async t => {
    const broker = await start(t)
    const channel = channelTo(t, broker.port)
    assert.equal(await channel.version(ECHO, 0, 20), 9)
    await broker.close()
    broker.apis.set(ECHO, { max: 3, flexibleSince: 5, serve: request => request.answer(request.body) })
    await broker.listen()
    await until(() => !channel.connected)
    assert.equal(await channel.version(ECHO, 0, 20), 3)
  })

  for (const [version, flexible] of [
    [4, false],
    [9, true]
  ] as const) {
    test(`returns exactly the bytes behind the header (flexible: ${flexible})`, async t => {
      const broker = await start(t)
      const channel = channelTo(t, broker.port)
      await channel.connect()
      await fc.assert(
        fc.asyncProperty(fc.uint8Array({ minLength: 1, maxLength: 3000 }), async bytes => {
          const answer = await channel.request(ECHO, version, flexible, Buffer.from(bytes))
          assert.deepEqual(answer, Buffer.from(bytes))
        })
      )
      const large = Buffer.alloc(3_000_000, 'large answers come in many chunks ')
      assert.ok((await channel.request(ECHO, version, flexible, large)).equals(large))
    })
  }

  test('keeps nothing back: forty requests reach the broker before it answers the first', async t => {
    const broker = await start(t)
    const channel = channelTo(t, broker.port)
    await channel.connect()
    const sent = Array.from({ length: 40 }, (_, number) => channel.request(HOLD, 0, true, Buffer.from([number])))
    await until(() => broker.asked(HOLD).length === 40)
    for (const request of broker.asked(HOLD)) request.answer(request.body)
    assert.deepEqual(
      (await Promise.all(sent)).map(answer => answer[0]),
      Array.from({ length: 40 }, (_, number) => number)
    )
  })

  test('where nobody listens nothing was sent; the next try comes after a pause, and finds the broker that came back', async t => {
    const broker = await start(t)
    await broker.close()
    const channel = channelTo(t, broker.port)
    const first = await failure(channel.version(ECHO, 0, 9))
    assert.deepEqual([first.sent, channel.resting], [false, true])
    await broker.listen()
    const early = await failure(channel.version(ECHO, 0, 9))
    assert.deepEqual([early.sent, broker.accepted], [false, 0], 'the pause holds')
    assert.match(early.message, /ECONNREFUSED/)
    await until(() => !channel.resting)
    assert.equal(await channel.version(ECHO, 0, 9), 9)
  })

  test('a send without a connection fails at once, as not sent', async t => {
    const broker = await start(t)
    const channel = channelTo(t, broker.port)
    const outcomes: (boolean | undefined)[] = []
    channel.send(ECHO, 9, true, Buffer.from('x'), error => outcomes.push(error?.sent))
    assert.deepEqual(outcomes, [false])
    assert.equal(broker.accepted, 0)
  })

  test('when the broker hangs up, all that was under way counts as sent, and the next call connects anew', async t => {
    const broker = await start(t)
    const channel = channelTo(t, broker.port)
    await channel.connect()
    const errors = Array.from({ length: 5 }, () => failure(channel.request(HOLD, 0, true, Buffer.from('x'))))
    await until(() => broker.asked(HOLD).length === 5)
    broker.requests[0].hangUp()
    assert.deepEqual(
      (await Promise.all(errors)).map(({ sent }) => sent),
      [true, true, true, true, true]
    )
    assert.equal(channel.connected, false)
    assert.deepEqual(await channel.request(ECHO, 9, true, Buffer.from('again')), Buffer.from('again'))
    assert.equal(broker.accepted, 2)
  })

  test('an answer that does not come in time ends the connection: its siblings too count as sent', async t => {
    const broker = await start(t)
    const channel = channelTo(t, broker.port, { requestTimeoutMs: 300 })
    await channel.connect()
    const first = failure(channel.request(HOLD, 0, true, Buffer.from('x')))
    await until(() => broker.asked(HOLD).length === 1)
    await sleep(100)
    const sibling = failure(channel.request(HOLD, 0, true, Buffer.from('y')))
    assert.deepEqual([(await first).sent, (await sibling).sent], [true, true])
    assert.equal(await channel.version(ECHO, 0, 20), 9)
    assert.equal(broker.accepted, 2)
  })

  test('a listener that is no Kafka, or says nothing, is not reached: nothing was sent', async t => {
    for (const greeting of ['', 'HTTP/1.1 400 Bad Request\r\n\r\n']) {
      const server = createServer(socket => {
        socket.on('error', () => undefined)
        socket.on('data', () => greeting !== '' && socket.end(greeting))
      }).listen(0, '127.0.0.1')
      t.after(() => server.close())
      await once(server, 'listening')
      const channel = channelTo(t, (server.address() as AddressInfo).port, { requestTimeoutMs: 300 })
      assert.deepEqual([(await failure(channel.connect())).sent, channel.connected], [false, false])
    }
  })

  test('an address that takes connections and says nothing is given up at the connect time-out', async t => {
    const broker = await start(t)
    broker.frozen = true
    const channel = channelTo(t, broker.port, { connectTimeoutMs: 200, requestTimeoutMs: 10_000 })
    const startedMs = performance.now()
    assert.equal((await failure(channel.connect())).sent, false)
    assert.ok(performance.now() - startedMs < 2000)
    await until(() => broker.open === 0)
  })

  test('certificates that cannot be read are a failure to connect, tried again like any other', async t => {
    const broker = await start(t)
    let readable = false
    const security = () => {
      if (!readable) throw new Error('ENOENT: ca.pem')
      return {}
    }
    const channel = channelTo(t, broker.port, { security })
    const error = await failure(channel.connect())
    assert.equal(error.sent, false)
    assert.match(error.message, /ca\.pem/)
    assert.equal(channel.resting, true)
    readable = true
    await until(() => !channel.resting)
    assert.equal(await channel.version(ECHO, 0, 20), 9)
  })

  test('once closed it opens nothing more, and what was being opened is closed', async t => {
    const broker = await start(t)
    const channel = channelTo(t, broker.port)
    const connecting = channel.connect().catch(() => undefined)
    await channel.close()
    await connecting
    await until(() => broker.open === 0)
    assert.equal(channel.connected, false)
    assert.equal((await failure(channel.connect())).sent, false)
    assert.equal((await failure(channel.version(ECHO, 0, 20))).sent, false)
  })

  test('an answer that cannot be read counts as one that did not come', async t => {
    const broker = await start(t)
    const channel = channelTo(t, broker.port)
    const message: Message<number, number> = {
      key: ECHO,
      min: 2,
      max: 9,
      flexibleSince: 5,
      write: (writer, _version, request) => void writer.int16(request),
      read: reader => reader.int64()
    }
    const error = await failure(exchange(channel, message, 1))
    assert.equal(error.sent, true)
    assert.ok(error.cause instanceof RangeError)
  })
})

suite('BrokerChannel, over seconds', { concurrency: true }, () => {
  test('pauses longer after each failure, never for more than about a second', async t => {
    const broker = await start(t)
    await broker.close()
    const channel = channelTo(t, broker.port)
    const pauses: number[] = []
    for (let failures = 0; failures < 6; failures++) {
      await failure(channel.connect())
      const startedMs = performance.now()
      await until(() => !channel.resting)
      pauses.push(performance.now() - startedMs)
    }
    assert.ok(pauses[0] < pauses[5], String(pauses))
    assert.ok(pauses[5] > 600 && pauses[5] < 5000, String(pauses))
  })

  test('re-authenticates before its session ends; what is asked meanwhile waits, and nothing comes in between', async t => {
    const broker = await start(t)
    const sessions = secure(broker)
    const channel = channelTo(t, broker.port, { security: () => SASL })
    await channel.connect()
    for (const end = Date.now() + 3 * SESSION_MS; sessions.count < 3 && Date.now() < end; await sleep(5)) {
      const version = await channel.version(ECHO, 0, 20)
      assert.deepEqual(await channel.request(ECHO, version, true, Buffer.from('x')), Buffer.from('x'))
    }
    assert.equal(sessions.count, 3)
    assert.equal(broker.accepted, 1)
    const keys = broker.requests.map(({ key }) => key)
    for (const [at, key] of keys.entries()) if (key === SASL_HANDSHAKE) assert.equal(keys[at + 1], SASL_AUTHENTICATE)
  })

  for (const [what, sessionMs] of [
    ['longer than a timer can count', 40 * 86_400_000],
    ['shorter than brokers let clients re-authenticate', 20]
  ] as const) {
    test(`a session ${what} is not renewed again and again`, async t => {
      const broker = await start(t)
      const sessions = secure(broker, sessionMs)
      const channel = channelTo(t, broker.port, { security: () => SASL })
      await channel.connect()
      await sleep(500)
      assert.deepEqual([sessions.count, channel.connected, broker.accepted], [1, true, 1])
    })
  }

  test('a connection lost before its session ended holds nobody up when the time to re-authenticate comes', async t => {
    const broker = await start(t)
    secure(broker)
    const channel = channelTo(t, broker.port, {
      connectTimeoutMs: 5000,
      requestTimeoutMs: 10_000,
      security: () => SASL
    })
    await channel.connect()
    broker.requests[0].hangUp()
    await until(() => !channel.connected)
    await sleep(SESSION_MS)
    const startedMs = performance.now()
    assert.equal(await channel.version(ECHO, 0, 20), 9)
    assert.ok(performance.now() - startedMs < 2000)
  })
})
