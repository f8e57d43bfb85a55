import assert from 'node:assert/strict'
import { once } from 'node:events'
import { after, before, suite, test, type TestContext } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import type { TLSSocket } from 'node:tls'
import { quiet } from '../support/alone.ts'
import { GatewayProcess } from '../support/gateway-process.ts'
import { sharedBroker } from '../support/gateway.ts'
import { minutes } from './support/minutes.ts'
import { head, openSocket, openSockets, received } from './support/sockets.ts'
import { createTopic, fillWithLarge } from './support/topics.ts'
import { wellBehaved } from './support/well-behaved.ts'

await quiet()

/** In the long form as many as a promise speaks of; both ends of each connection need a file descriptor. */
const scale = (long: number, short: number) => (minutes() > 0 ? long : short)
const WRITE_TIMEOUT_MS = scale(3000, 1500)
const READY = 'GET /health/live HTTP/1.1\r\nHost: localhost\r\n\r\n'
/** A client that does nothing wrong may wait so long while others do: the test's own connections share two cores with it. */
const BEARABLE_MS = 2500

suite('Hostile clients hurt nobody', () => {
  let gateway: GatewayProcess
  let topic: string
  before(async () => {
    gateway = await GatewayProcess.start({
      bootstrapServers: [sharedBroker()],
      settings: { limits: { connections: 20_000, writeTimeoutMs: WRITE_TIMEOUT_MS, inFlightBytes: 64 * 1024 * 1024 } }
    })
    topic = await createTopic(gateway, 'hostile', 2)
  })
  after(() => gateway.stop())

  /** A client that does nothing wrong is served while `hostile` goes on. */
  const servedDuring = async (t: TestContext, what: string, hostile: Promise<unknown>, allowed: number[] = [200]) => {
    const { statuses, medianMs, longestMs } = await wellBehaved(gateway, topic, hostile)
    t.diagnostic(
      `${what}: ${statuses.length} requests of a good client, median ${medianMs.toFixed(1)} ms, longest ${longestMs.toFixed(0)} ms; memory ${gateway.memoryMb().now} MB`
    )
    assert.deepEqual(
      statuses.filter(status => !allowed.includes(status)),
      []
    )
    assert.ok(longestMs < BEARABLE_MS, `${longestMs} ms`)
  }
  const end = (sockets: readonly TLSSocket[]) => {
    for (const socket of sockets) socket.destroy()
  }

  test('idle connections cost little memory and no time', async t => {
    const count = scale(10_000, 1000)
    const beforeMb = gateway.memoryMb().now
    const opening = openSockets(gateway, count)
    await servedDuring(t, `opening ${count} connections`, opening)
    const sockets = await opening
    await servedDuring(t, `${count} idle connections`, sleep(1500))
    const perConnectionKb = ((gateway.memoryMb().now - beforeMb) * 1024) / count
    t.diagnostic(`${perConnectionKb.toFixed(0)} KB a connection`)
    assert.ok(perConnectionKb < 150)
    end(sockets)
  })

  test('bodies that come a byte a second, heads that come a byte a second', async t => {
    const count = scale(1000, 200)
    const sockets = await openSockets(gateway, count)
    for (const [number, socket] of sockets.entries()) {
      const fields = ['Content-Type: application/json', 'Content-Length: 100000']
      socket.write(number % 2 === 0 ? head(gateway.token, 'POST', `/v1/producer/topics/${topic}`, ...fields) : 'GET /')
    }
    const drip = setInterval(() => {
      for (const socket of sockets) if (socket.writable) socket.write('x')
    }, 1000)
    await servedDuring(t, `${count} slow senders`, sleep(scale(5000, 2500)))
    clearInterval(drip)
    end(sockets)
  })

  test('answers that nobody reads', async t => {
    const large = await createTopic(gateway, 'unread')
    await fillWithLarge(gateway, large, 3)
    const count = scale(1000, 100)
    const beforeMb = gateway.memoryMb().now
    const sockets = await openSockets(gateway, count)
    // Every other one takes a few bytes and sends one, again and again.
    const dripping = setInterval(() => {
      for (let at = 0; at < count; at += 2) sockets[at].resume().write('G')
    }, 500)
    for (const socket of sockets) {
      socket.on('data', () => socket.pause())
      socket.write(head(gateway.token, 'GET', `/v1/consumer/topics/${large}/partitions/0/offsets/0?count=3`))
    }
    // Answers that are not taken fill the budget: then new requests are refused, which is what it is for.
    await servedDuring(t, `${count} that do not read, or hardly`, sleep(WRITE_TIMEOUT_MS + 1000), [200, 503])
    const growthMb = gateway.memoryMb().now - beforeMb
    assert.ok(growthMb < 300, `${growthMb} MB more`)
    // They have been cut off, though they still stand there.
    await sleep(WRITE_TIMEOUT_MS)
    await servedDuring(t, 'after their time', sleep(500))
    clearInterval(dripping)
    end(sockets)
  })

  test('searches for what is dearest to look for, and never there', async t => {
    const large = await createTopic(gateway, 'searched')
    await fillWithLarge(gateway, large, 6)
    const sockets = await openSockets(gateway, scale(400, 24))
    const beforeMb = gateway.memoryMb().now
    const path = `/v1/consumer/topics/${large}/partitions/0/offsets/0?count=9&find=${'x'.repeat(249)}y`
    const answers = Promise.all(
      sockets.map(async socket => {
        socket.write(head(gateway.token, 'GET', path))
        assert.match(String(await once(socket, 'data')), /^HTTP\/1\.1 200 /)
      })
    )
    await servedDuring(t, `${sockets.length} searches`, answers)
    const growthMb = gateway.memoryMb().now - beforeMb
    assert.ok(growthMb < 200, `${growthMb} MB more`)
    end(sockets)
  })

  test('heads that are too long or have too many fields', async t => {
    const flood = async () => {
      for (let round = 0; round < 20; round++) {
        const sockets = await openSockets(gateway, 10)
        const answers = sockets.map(socket => received(socket, 1000))
        for (const [number, socket] of sockets.entries()) {
          const fields = number % 2 === 0 ? `X-Long: ${'x'.repeat(200_000)}\r\n` : 'X-Many: 1\r\n'.repeat(20_000)
          socket.write(`GET /health/live HTTP/1.1\r\nHost: localhost\r\n${fields}\r\n`)
        }
        for (const answer of await Promise.all(answers)) assert.match(answer, /^(HTTP\/1\.1 431 |$)/)
      }
    }
    await servedDuring(t, 'floods of head fields', flood())
  })

  test('more requests than one connection may have under way, and connections that are half closed', async t => {
    const pipelined = await openSocket(gateway)
    const answers = received(pipelined, 2000)
    pipelined.write(head(gateway.token, 'GET', '/v1/metadata/topics').repeat(1000))
    await servedDuring(t, '1000 pipelined requests', answers)
    const statuses = Array.from((await answers).matchAll(/HTTP\/1\.1 (\d+) /g), ([, status]) => status)
    assert.equal(statuses.pop(), '503', 'one refusal, which closes the connection')
    assert.ok(statuses.length > 0 && statuses.every(status => status === '200'))
    assert.ok(pipelined.destroyed || pipelined.readableEnded)
    const half = await openSockets(gateway, 50)
    const heard = half.map(socket => received(socket, 2000))
    for (const socket of half) socket.end(READY)
    await servedDuring(t, '50 half-closed connections', Promise.all(heard))
    for (const answer of await Promise.all(heard)) assert.match(answer, /^HTTP\/1\.1 200 /)
  })

  const produceHead = (...fields: readonly string[]) =>
    head(gateway.token, 'POST', `/v1/producer/topics/${topic}`, 'Content-Type: application/json', ...fields)
  const smuggled = 'GET /health/live HTTP/1.1\r\nHost: localhost\r\n\r\n'
  for (const [what, request] of [
    ['two lengths', () => produceHead('Content-Length: 0', `Content-Length: ${smuggled.length}`) + smuggled],
    [
      'a length and chunks',
      () => produceHead('Content-Length: 5', 'Transfer-Encoding: chunked') + `0\r\n\r\n${smuggled}`
    ],
    ['chunks by another name', () => produceHead('Transfer-Encoding: xchunked') + `0\r\n\r\n${smuggled}`],
    ['a chunk size that is none', () => produceHead('Transfer-Encoding: chunked') + `zz\r\n${smuggled}`],
    [
      'a chunk size that overflows',
      () => produceHead('Transfer-Encoding: chunked') + `ffffffffffffffffff\r\n${smuggled}`
    ],
    ['a blank before the colon', () => produceHead('Content-Length : 5') + `abcde${smuggled}`],
    ['a folded field', () => produceHead('X-Folded: a', ' Content-Length: 5') + `abcde${smuggled}`],
    ['a NUL in a field', () => produceHead('X-Nul: a\0b', 'Content-Length: 0') + smuggled],
    ['a length that is no number', () => produceHead('Content-Length: +5') + `abcde${smuggled}`]
  ] as const) {
    test(`${what}: one refusal, and nothing that was smuggled in behind it is answered`, async () => {
      const socket = await openSocket(gateway)
      const answer = received(socket, 1500)
      socket.write(request())
      const text = await answer
      assert.match(text, /^HTTP\/1\.1 4\d\d /)
      assert.equal(text.match(/HTTP\/1\.1 /g)?.length, 1, text)
      assert.match(text, /\r\nConnection: close\r\n/i)
      assert.equal(socket.destroyed || socket.readableEnded, true, 'the connection is closed')
    })
  }
})
