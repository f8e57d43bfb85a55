import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { after, before, suite, test, type TestContext } from 'node:test'
import { quiet } from '../support/alone.ts'
import { GatewayProcess } from '../support/gateway-process.ts'
import { sharedBroker, uniqueTopic } from '../support/gateway.ts'
import { minutes } from './support/minutes.ts'

await quiet()

/** In the short form; the first part of it is for the pools to fill. */
const SHORT_MS = 1500
/** Beside the pools, a stream may have a window, unread answers and a piece of either in memory. */
const GROWTH_MB = 48

suite('Lines take constant memory', () => {
  let gateway: GatewayProcess
  let topic: string
  before(async () => {
    gateway = await GatewayProcess.start({ bootstrapServers: [sharedBroker()], plain: true })
    topic = uniqueTopic('endless')
    const { status } = await fetch(`${gateway.url}/v1/topics/${topic}`, {
      method: 'PUT',
      headers: { authorization: `Bearer ${gateway.token}`, 'content-type': 'application/json' },
      body: '{"partition_count":4}'
    })
    assert.equal(status, 200)
  })
  after(() => gateway.stop())

  async function open(t: TestContext): Promise<Socket> {
    const socket = connect(gateway.port, '127.0.0.1')
    t.after(() => socket.destroy())
    await once(socket, 'connect')
    const fields = `Host: x\r\nAuthorization: Bearer ${gateway.token}\r\nContent-Type: application/x-ndjson\r\nTransfer-Encoding: chunked`
    socket.write(`POST /v1/producer/topics/${topic} HTTP/1.1\r\n${fields}\r\n\r\n`)
    return socket
  }
  const lines = Array.from({ length: 200 }, (_, at) => `{"key":"${at}","value":"${'x'.repeat(200)}"}\n`).join('')
  const chunk = Buffer.from(`${lines.length.toString(16)}\r\n${lines}\r\n`)

  /** Sends as fast as the gateway takes, until the time is over. Returns how many bytes were taken. */
  async function send(socket: Socket, endMs: number): Promise<number> {
    while (performance.now() < endMs) {
      if (socket.write(chunk)) continue
      const drained = once(socket, 'drain', {
        signal: AbortSignal.timeout(Math.ceil(Math.max(1, endMs - performance.now())))
      })
      await drained.catch(() => undefined)
    }
    return socket.bytesWritten - socket.writableLength
  }

  test('a client that sends for as long as it likes, and takes its answers, takes no more of it with time', async t => {
    const socket = await open(t)
    let answers = 0
    socket.on('data', (piece: Buffer) => (answers += piece.length))
    const totalMs = SHORT_MS + minutes() * 60_000
    const first = await send(socket, performance.now() + totalMs * 0.4)
    const { peak } = gateway.memoryMb()
    const all = await send(socket, performance.now() + totalMs * 0.6)
    const grown = gateway.memoryMb().peak - peak
    t.diagnostic(`${Math.round(all / 1e6)} MB sent, peak ${peak} MB and ${grown} MB more`)
    assert.ok(all > first && answers > 0)
    assert.ok(grown < GROWTH_MB, `${grown} MB`)
  })

  test('clients that send and never read are held back, and cost no more than what may wait for them', async t => {
    const { now } = gateway.memoryMb()
    const sockets = await Promise.all(Array.from({ length: 8 }, () => open(t)))
    for (const socket of sockets) socket.pause()
    const endMs = performance.now() + SHORT_MS + minutes() * 1000
    await Promise.all(sockets.map(socket => send(socket, endMs)))
    const grown = gateway.memoryMb().now - now
    t.diagnostic(`${grown} MB for ${sockets.length} clients`)
    assert.ok(grown < GROWTH_MB + sockets.length * 4, `${grown} MB`)
  })
})
