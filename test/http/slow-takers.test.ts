import assert from 'node:assert/strict'
import { connect as connectPlain, type Socket } from 'node:net'
import { suite, test } from 'node:test'
import { connect as connectSecure } from 'node:tls'
import type { RecordPage } from '../../src/core/record-page.ts'
import { ca, tls } from './support/certificate.ts'
import { emptyPage, pageOf, startFront } from './support/front.ts'
import { RawClient, rawRequest } from './support/raw-client.ts'
import { waitUntil } from './support/wait-until.ts'

const PATH = 'GET /v1/consumer/topics/a/partitions/0/offsets/0'
/** The second is not plain, so that Node's parser reads it. */
const REQUESTS = { direct: rawRequest(PATH), 'of Node': rawRequest(PATH, ['X-Twice: 1', 'X-Twice: 2']) }
/** More than the kernel takes for a client that does not read. */
const LARGE = pageOf(Buffer.alloc(32 * 1024 * 1024, 'a'))
const limits = { inFlightBytes: 256 * 1024 * 1024, writeTimeoutMs: 400, leastWriteBytesPerSecond: 1024 * 1024 }
const gateway = { consume: () => Promise.resolve(LARGE) }

suite('A client that takes its answer more slowly than allowed', { concurrency: true }, () => {
  for (const secure of [false, true]) {
    const open = (port: number): Socket =>
      secure ? connectSecure({ port, host: '127.0.0.1', servername: 'localhost', ca }) : connectPlain(port, '127.0.0.1')
    const settings = { limits, gateway, ...(secure ? { tls } : {}) }
    for (const [path, request] of Object.entries(REQUESTS)) {
      const how = `${secure ? 'over TLS' : 'in the clear'}, on the path ${path}`

      test(`is cut off though it sends bytes all the time, ${how}`, { timeout: 15_000 }, async t => {
        const { port, budget, log } = await startFront(t, settings)
        const socket = open(port).on('error', () => undefined)
        socket.pause()
        socket.write(request)
        const sending = setInterval(() => socket.write('G'), 50)
        t.after(() => clearInterval(sending))
        await waitUntil(() => log.some(({ message }) => message === 'request'))
        assert.equal(log[0].fields.aborted, true)
        assert.equal(budget.usedBytes, 0)
        socket.destroy()
      })

      test(`is cut off though it takes some bytes now and then, ${how}`, { timeout: 20_000 }, async t => {
        // Long enough for some bytes to be taken within it.
        const { port, budget, log } = await startFront(t, { ...settings, limits: { ...limits, writeTimeoutMs: 2500 } })
        const socket = open(port).on('error', () => undefined)
        socket.on('data', () => {
          socket.pause()
          setTimeout(() => socket.resume(), 100)
        })
        socket.write(request)
        await waitUntil(() => log.some(({ message }) => message === 'request'))
        assert.equal(log[0].fields.aborted, true)
        assert.equal(budget.usedBytes, 0)
        socket.destroy()
      })
    }
  }

  test('is not one who waits for an earlier answer', { timeout: 10_000 }, async t => {
    const first = Promise.withResolvers<RecordPage>()
    let asked = 0
    const { port } = await startFront(t, {
      limits: { ...limits, writeTimeoutMs: 100 },
      gateway: { consume: () => (asked++ === 0 ? first.promise : Promise.resolve(emptyPage())) }
    })
    const client = new RawClient(port).send(REQUESTS['of Node'] + REQUESTS['of Node'])
    await waitUntil(() => asked === 2)
    await new Promise(resolve => setTimeout(resolve, 800))
    first.resolve(emptyPage())
    assert.deepEqual([(await client.answer()).status, (await client.answer()).status], [200, 200])
    client.close()
  })
})
