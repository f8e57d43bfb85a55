import assert from 'node:assert/strict'
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { readFileSync } from 'node:fs'
import type { Server } from 'node:http'
import { connect } from 'node:net'
import { test } from 'node:test'
import type { RecordPage } from '../../src/core/record-page.ts'
import { tls } from './support/certificate.ts'
import { codeIn } from './support/code-in.ts'
import { emptyPage, type ModelGateway, pageOf, startFront } from './support/front.ts'
import { RawClient, rawRequest } from './support/raw-client.ts'
import { waitUntil } from './support/wait-until.ts'

const LIST = rawRequest('GET /v1/metadata/topics')
const READ = rawRequest('GET /v1/consumer/topics/a/partitions/0/offsets/0')
/** More than the kernel takes for a client that does not read. */
const LARGE = pageOf(Buffer.alloc(32 * 1024 * 1024, 'a'))

/** A gateway whose `listTopics` waits to be told. */
function held(): { gateway: Partial<ModelGateway>; answer: () => void; asked: () => boolean } {
  const waiting: (() => void)[] = []
  return {
    gateway: { listTopics: () => new Promise(resolve => waiting.push(() => resolve(['a']))) },
    answer: () => waiting.splice(0).forEach(each => each()),
    asked: () => waiting.length > 0
  }
}

test(
  'a client that takes no byte of its answer for the time allowed is cut off, and its bytes leave the budget',
  { timeout: 15_000 },
  async t => {
    const { port, budget, log } = await startFront(t, {
      limits: { writeTimeoutMs: 200, inFlightBytes: 256 * 1024 * 1024 },
      gateway: { consume: () => Promise.resolve(LARGE) }
    })
    const client = new RawClient(port)
    client.socket.pause()
    client.send(READ)
    await waitUntil(() => log.length > 0)
    assert.equal(log[0].fields.aborted, true)
    assert.equal(budget.usedBytes, 0)
    client.close()
  }
)

test(
  'an answer that is being taken counts in the budget to its last byte, and slow is not stuck',
  { timeout: 15_000 },
  async t => {
    const { port, budget, log } = await startFront(t, {
      limits: { writeTimeoutMs: 400, inFlightBytes: 256 * 1024 * 1024 },
      gateway: { consume: () => Promise.resolve(LARGE) }
    })
    const socket = connect(port, '127.0.0.1')
    let taken = 0
    socket.on('data', bytes => {
      taken += bytes.length
      socket.pause()
      setTimeout(() => socket.resume(), taken % (4 << 20) < bytes.length ? 100 : 0)
    })
    socket.write(READ)
    await waitUntil(() => taken > 0)
    assert.ok(budget.usedBytes > 32 * 1024 * 1024)
    await waitUntil(() => log.length > 0)
    assert.equal(log[0].fields.aborted, false)
    await waitUntil(() => taken > 32 * 1024 * 1024)
    assert.equal(budget.usedBytes, 0)
    socket.destroy()
  }
)

test('a page that comes for a client who has left holds nothing of the budget', { timeout: 10_000 }, async t => {
  const page = Promise.withResolvers<RecordPage>()
  let asked = false
  const { port, budget, log } = await startFront(t, {
    limits: { inFlightBytes: 256 * 1024 * 1024 },
    gateway: {
      consume() {
        asked = true
        return page.promise
      }
    }
  })
  const client = new RawClient(port).send(READ)
  await waitUntil(() => asked)
  assert.ok(budget.usedBytes > 0)
  client.socket.resetAndDestroy()
  await new Promise(resolve => setTimeout(resolve, 50))
  page.resolve(LARGE)
  await waitUntil(() => log.length > 0)
  assert.equal(budget.usedBytes, 0)
})

test('answers that wait behind another one on a lost connection end with it', { timeout: 10_000 }, async t => {
  const first = held()
  const { port, budget, log } = await startFront(t, {
    gateway: { ...first.gateway, consume: () => Promise.resolve(emptyPage()) }
  })
  const client = new RawClient(port).send(LIST + READ + READ)
  await waitUntil(() => first.asked() && budget.usedBytes > 0)
  client.socket.resetAndDestroy()
  await waitUntil(() => log.length === 2)
  first.answer()
  await waitUntil(() => log.length === 3)
  assert.deepEqual(
    log.map(({ fields }) => fields.aborted),
    [true, true, true]
  )
  assert.equal(budget.usedBytes, 0)
})

test(
  'closing answers what was accepted, refuses what comes after it, and says with the last answer that the connection ends',
  { timeout: 10_000 },
  async t => {
    const { gateway, answer, asked } = held()
    let draining = false
    const { port, front } = await startFront(t, { gateway: { ...gateway, ready: () => !draining } })
    const client = new RawClient(port).send(LIST)
    await waitUntil(asked)
    draining = true
    const closed = front.close(5000)
    client.send(LIST + rawRequest('GET /health/ready'))
    await new Promise(resolve => setTimeout(resolve, 20))
    answer()
    const answers = [await client.answer(), await client.answer(), await client.answer()]
    assert.deepEqual(
      answers.map(({ status, headers }) => [status, headers.connection]),
      [
        [200, 'keep-alive'],
        [503, 'keep-alive'],
        [503, 'close']
      ]
    )
    assert.equal(await client.ended(), '')
    await closed
  }
)

test(
  'a request on a connection that is open still when closing begins gets 503 SHUTTING_DOWN',
  { timeout: 10_000 },
  async t => {
    const { port, front } = await startFront(t)
    const client = new RawClient(port).send('GET /v1/metadata/topics HTTP/1.1\r\nHost: x\r\n')
    // Until the server has read the first half, the connection counts as unused.
    await new Promise(resolve => setTimeout(resolve, 50))
    const closed = front.close(5000)
    await new Promise(resolve => setTimeout(resolve, 20))
    client.send('\r\n')
    const { status, headers, body } = await client.answer()
    assert.deepEqual([status, headers.connection, headers['retry-after']], [503, 'close', '1'])
    assert.equal(codeIn(body), 'SHUTTING_DOWN')
    await client.ended()
    await closed
  }
)

test('a request whose body is on its way when closing begins is answered', { timeout: 10_000 }, async t => {
  const { port, front } = await startFront(t)
  const body = '{"records":[{"value":1}]}'
  const head = rawRequest('POST /v1/producer/topics/a', [`Content-Length: ${body.length}`])
  const client = new RawClient(port).send(head + body.slice(0, 5))
  // So long that the server has read it.
  await new Promise(resolve => setTimeout(resolve, 50))
  const closed = front.close(5000)
  await new Promise(resolve => setTimeout(resolve, 50))
  const { status, headers } = await client.send(body.slice(5)).answer()
  assert.deepEqual([status, headers.connection], [200, 'close'])
  await client.ended()
  await closed
})

test('closing ends idle connections and those that never said a word at once', { timeout: 10_000 }, async t => {
  const { port, front } = await startFront(t)
  const idle = new RawClient(port).send(LIST)
  assert.equal((await idle.answer()).status, 200)
  const silent = new RawClient(port)
  await new Promise(resolve => silent.socket.once('connect', resolve))
  const startedMs = performance.now()
  await front.close(60_000)
  assert.ok(performance.now() - startedMs < 5000)
  await Promise.all([idle.ended(), silent.ended()])
})

test('closing cuts off what is not done after the grace, and resolves', { timeout: 10_000 }, async t => {
  const { gateway, asked, answer } = held()
  const { port, front, log } = await startFront(t, { gateway })
  const client = new RawClient(port).send(LIST)
  await waitUntil(asked)
  await front.close(100)
  assert.equal(await client.ended(), '')
  answer()
  await waitUntil(() => log.length > 0)
  assert.equal(log[0].fields.aborted, true)
})

test('a port in use is a rejection that leaves nothing listening', { timeout: 10_000 }, async t => {
  const taken = await startFront(t)
  const { front } = await startFront(t)
  await assert.rejects(front.listen(['127.0.0.1'], taken.port), { code: 'EADDRINUSE' })
})

test(
  'texts whose memory is used again are never mixed, whoever is slow to take them or leaves',
  { timeout: 30_000 },
  async t => {
    const BYTES = 5_000_000 // more than the kernel takes at once
    const { port } = await startFront(t, {
      limits: { inFlightBytes: 256 * 1024 * 1024 },
      gateway: { consume: (_call, { partition }) => Promise.resolve(pageOf(Buffer.alloc(BYTES, 97 + partition))) }
    })
    const read = (reader: number, round: number) =>
      new Promise<void>((resolve, reject) => {
        const letter = (reader + round) % 26
        const socket = connect(port, '127.0.0.1')
        const pieces: Buffer[] = []
        let taken = 0
        socket.on('error', reject)
        socket.on('data', piece => {
          pieces.push(piece)
          taken += piece.length
          if (reader % 5 === 1) {
            socket.destroy()
            resolve()
          } else if (taken >= BYTES + 200) {
            const [value] = /(?<="value":")[^"]*/.exec(Buffer.concat(pieces).toString('latin1')) ?? ['']
            socket.destroy()
            if (value === String.fromCharCode(97 + letter).repeat(BYTES)) resolve()
            else reject(new Error(`reader ${reader} was sent another's bytes`))
          } else if (reader % 5 === 0) {
            socket.pause()
            setTimeout(() => socket.resume(), 3)
          }
        })
        socket.write(rawRequest(`GET /v1/consumer/topics/a/partitions/${letter}/offsets/0`))
      })
    const reader = async (number: number) => {
      for (let round = 0; round < 3; round++) await read(number, round)
    }
    await Promise.all(Array.from({ length: 20 }, (_, number) => reader(number)))
  }
)

test('a connection without a sign of life is asked for one after a minute', { timeout: 10_000 }, async t => {
  for (const settings of [{}, { tls }]) {
    const { port, front } = await startFront(t, settings)
    const client = new RawClient(port)
    await waitUntil(() => front.openConnections === 1)
    const timer = timerOf(port)
    assert.ok(timer !== undefined && timer > 50 && timer <= 60, String(timer))
    client.close()
  }
})

test('a connection that cannot be accepted is a warning, and the server serves on', { timeout: 10_000 }, async t => {
  const { port, log } = await startFront(t)
  const found = Promise.withResolvers<Server>()
  const onStart = (message: unknown) => found.resolve((message as { server: Server }).server)
  subscribe('http.server.request.start', onStart)
  const client = new RawClient(port).send(rawRequest('GET /v1/metadata/topics', ['X-Twice: 1', 'X-Twice: 2']))
  await client.answer()
  unsubscribe('http.server.request.start', onStart)
  const server = await found.promise
  // As Node does when the kernel has no memory or descriptor for it.
  for (let time = 0; time < 3; time++)
    server.emit('error', Object.assign(new Error('accept EMFILE'), { code: 'EMFILE' }))
  assert.deepEqual(
    log.filter(({ level }) => level === 'warn').map(({ message }) => message),
    ['A connection cannot be accepted']
  )
  assert.equal((await new RawClient(port).send(LIST).answer()).status, 200)
  client.close()
})

/** Seconds until the kernel sends a keep-alive for the one connection to a port; undefined if it will send none. */
function timerOf(port: number): number | undefined {
  const local = `:${port.toString(16).toUpperCase().padStart(4, '0')}`
  for (const line of readFileSync('/proc/net/tcp', 'latin1').split('\n').slice(1)) {
    const [, from, , state, , timer] = line.trim().split(/ +/)
    // Established; its timer is one of keep-alive; in hundredths of a second.
    if (from?.endsWith(local) && state === '01' && timer.startsWith('02:')) return parseInt(timer.slice(3), 16) / 100
  }
  return undefined
}
