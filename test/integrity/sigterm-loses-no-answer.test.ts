import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { suite, test, type TestContext } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { freePort } from '../../src/dev/kafka/free-port.ts'
import { quiet } from '../support/alone.ts'
import { GatewayProcess, type LogLine } from '../support/gateway-process.ts'
import { sharedBroker } from '../support/gateway.ts'
import { untilUnderWay } from '../support/metrics.ts'
import { head, openSocket, received } from './support/sockets.ts'
import { createTopic, fillWithLarge, storedRecords } from './support/topics.ts'

await quiet()

const GRACE_MS = 5000

async function start(
  t: TestContext,
  limits: Readonly<Record<string, number>> = {},
  settings: Readonly<Record<string, object>> = {}
): Promise<{ gateway: GatewayProcess; topic: string; underWay: (requests: number) => Promise<void> }> {
  const port = await freePort()
  const gateway = await GatewayProcess.start({
    bootstrapServers: [sharedBroker()],
    settings: { ...settings, management: { port }, limits: { shutdownGraceMs: GRACE_MS, ...limits } }
  })
  t.after(() => gateway.stop())
  const topic = await createTopic(gateway, 'sigterm', 3)
  return { gateway, topic, underWay: requests => untilUnderWay(port, requests) }
}

/** What a client met on one connection: answers by status, and whether a request was left without one. */
interface Met {
  readonly statuses: number[]
  acknowledged: number
  /** A request was sent and not answered, though nothing had said that the connection ends. */
  unexplained: number
}

/** Sends requests one after the other over a connection until it is told, or finds, that it has ended. */
async function useConnection(gateway: GatewayProcess, topic: string, records: number): Promise<Met> {
  const met: Met = { statuses: [], acknowledged: 0, unexplained: 0 }
  const socket = await openSocket(gateway)
  const body = JSON.stringify({ records: Array.from({ length: records }, (_, at) => ({ value: `v${at}` })) })
  const fields = ['Content-Type: application/json', `Content-Length: ${Buffer.byteLength(body)}`]
  const request = head(gateway.token, 'POST', `/v1/producer/topics/${topic}`, ...fields) + body
  const ended = once(socket, 'close')
  socket.setEncoding('latin1')
  for (;;) {
    if (socket.destroyed || socket.readableEnded) return met
    socket.write(request)
    const answer = await Promise.race([once(socket, 'data') as Promise<[string]>, ended.then(() => null)])
    if (answer === null || typeof answer[0] !== 'string') {
      met.unexplained++
      return met
    }
    const status = Number(answer[0].slice(9, 12))
    met.statuses.push(status)
    if (status === 200) met.acknowledged += records
    if (/\r\nconnection: close\r\n/i.test(answer[0])) {
      await ended
      return met
    }
  }
}

suite('SIGTERM loses no answer', () => {
  test('under load: not ready at once, what was accepted is answered, the rest hears that the connection ends, exit 0', async t => {
    const { gateway, topic } = await start(t)
    const working = Promise.all(
      Array.from({ length: 24 }, (_, at) => useConnection(gateway, topic, at % 2 === 0 ? 1 : 200))
    )
    await sleep(1500)
    const askedMs = performance.now()
    gateway.signal('SIGTERM')
    const met = await working
    const status = await gateway.exited
    const tookMs = performance.now() - askedMs
    const statuses = met.flatMap(each => each.statuses)
    const acknowledged = met.reduce((sum, each) => sum + each.acknowledged, 0)
    const unexplained = met.reduce((sum, each) => sum + each.unexplained, 0)
    assert.equal(status, 0)
    assert.ok(tookMs < GRACE_MS, `${tookMs} ms`)
    assert.deepEqual(
      [...new Set(statuses)].toSorted((one, other) => one - other),
      statuses.includes(503) ? [200, 503] : [200]
    )
    const after = await GatewayProcess.start({ bootstrapServers: [sharedBroker()] })
    const stored = await storedRecords(after, topic)
    await after.stop()
    t.diagnostic(
      `${acknowledged} records acknowledged, ${stored} found; ${statuses.length} answers, ${unexplained} requests met a connection that had just ended; exit after ${Math.round(tookMs)} ms`
    )
    assert.equal(stored, acknowledged)
    assert.equal(unexplained, 0)
  })

  test('a body that is still on its way and a large answer that is being read are brought to their end', async t => {
    const { gateway, topic, underWay } = await start(t)
    await fillWithLarge(gateway, topic, 5)
    const writer = await openSocket(gateway)
    const answer = received(writer, 4000)
    const body = '{"records":[{"value":"late","partition":1}]}'
    const fields = ['Content-Type: application/json', `Content-Length: ${body.length}`]
    writer.write(head(gateway.token, 'POST', `/v1/producer/topics/${topic}`, ...fields) + body.slice(0, 20))
    await underWay(1)
    const reader = await openSocket(gateway)
    let taken = 0
    reader.on('data', (chunk: Buffer) => {
      taken += chunk.length
      if (taken < 4_000_000) {
        reader.pause()
        setTimeout(() => reader.resume(), 5)
      }
    })
    reader.write(head(gateway.token, 'GET', `/v1/consumer/topics/${topic}/partitions/0/offsets/0?count=5`))
    await once(reader, 'data')
    gateway.signal('SIGTERM')
    while (await gateway.isReady()) await sleep(20)
    writer.write(body.slice(20))
    assert.match(await answer, /^HTTP\/1\.1 200 [\s\S]*"offset":0/)
    await once(reader, 'close')
    assert.ok(taken > 4_500_000, `${taken} bytes of the answer`)
    assert.equal(await gateway.exited, 0)
  })

  test('a client that never reads holds the end up for the grace, not longer; the exit is still 0', async t => {
    const graceMs = 2000
    const { gateway, topic, underWay } = await start(t, { shutdownGraceMs: graceMs })
    await fillWithLarge(gateway, topic, 5)
    const reader = await openSocket(gateway)
    reader.pause()
    reader.write(head(gateway.token, 'GET', `/v1/consumer/topics/${topic}/partitions/0/offsets/0?count=5`))
    await underWay(1)
    const askedMs = performance.now()
    gateway.signal('SIGTERM')
    assert.equal(await gateway.exited, 0)
    const tookMs = performance.now() - askedMs
    assert.ok(tookMs > graceMs - 500 && tookMs < graceMs + 3000, `${tookMs} ms`)
  })

  test('what is cut off when the grace is over leaves its lines in both logs, and its number', async t => {
    const folder = mkdtempSync(join(tmpdir(), 'sigterm-test-'))
    t.after(() => rmSync(folder, { recursive: true }))
    const output = join(folder, 'audit.jsonl')
    const { gateway, topic, underWay } = await start(t, { shutdownGraceMs: 1000 }, { audit: { output } })
    const writer = await openSocket(gateway)
    const path = `/v1/producer/topics/${topic}`
    writer.write(head(gateway.token, 'POST', path, 'X-Request-Id: half', 'Content-Length: 100') + '{"records"')
    await underWay(1)
    gateway.signal('SIGTERM')
    assert.equal(await gateway.exited, 0)
    const lines = gateway.log.split('\n').flatMap(line => (line === '' ? [] : [JSON.parse(line) as LogLine]))
    const request = lines.find(({ requestId }) => requestId === 'half')
    assert.deepEqual([request?.path, request?.status, request?.code], [path, null, 'SHUTTING_DOWN'])
    assert.equal(lines.find(({ msg }) => msg === 'Shutting down')?.openRequests, 1)
    assert.equal(lines.find(({ msg }) => msg === 'Stopped')?.cutOffRequests, 1)
    const audited = readFileSync(output, 'utf8')
      .split('\n')
      .filter(line => line.includes('"request_id":"half"'))
    const [{ operation, outcome, reason }] = audited.map(line => JSON.parse(line) as Record<string, unknown>)
    assert.deepEqual([operation, outcome, reason], ['produce', 'failed', 'SHUTTING_DOWN'])
  })

  test('with a delay, readiness says no for so long while all is served; then it ends', async t => {
    const { gateway, topic } = await start(t, { shutdownDelayMs: 1500 })
    const askedMs = performance.now()
    gateway.signal('SIGTERM')
    while (await gateway.isReady()) await sleep(20)
    const met = await useConnection(gateway, topic, 1)
    assert.deepEqual([met.unexplained, new Set(met.statuses.slice(0, -1))], [0, new Set([200])])
    assert.equal(await gateway.exited, 0)
    const tookMs = performance.now() - askedMs
    assert.ok(tookMs >= 1500 && tookMs < 1500 + GRACE_MS, `${tookMs} ms`)
  })

  test('a second SIGTERM ends it now', async t => {
    const { gateway, topic, underWay } = await start(t)
    const writer = await openSocket(gateway)
    writer.write(
      head(
        gateway.token,
        'POST',
        `/v1/producer/topics/${topic}`,
        'Content-Type: application/json',
        'Content-Length: 100'
      )
    )
    await underWay(1)
    gateway.signal('SIGTERM')
    while (await gateway.isReady()) await sleep(20)
    const askedMs = performance.now()
    gateway.signal('SIGTERM')
    assert.notEqual(await gateway.exited, 0)
    assert.ok(performance.now() - askedMs < GRACE_MS - 1000)
  })
})
