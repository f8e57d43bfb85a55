import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { suite, test } from 'node:test'
import { freePort } from '../../src/dev/kafka/free-port.ts'
import { GatewayProcess } from '../support/gateway-process.ts'
import { sharedBroker, uniqueTopic } from '../support/gateway.ts'
import { startHaproxy, withoutHaproxy } from '../support/haproxy.ts'
import { minutes } from './support/minutes.ts'
import { until } from './support/workers.ts'

/** As docs/operations.md tells to write it. */
const CHECK = 'option httpchk GET /health/ready'
const SERVER = 'check check-ssl inter 1s fall 2'
const SHUTDOWN_DELAY_MS = 3000
const KEPT_CLIENTS = 6
const FRESH_CLIENTS = 2

const gatewayAt = (port: number): Promise<GatewayProcess> =>
  GatewayProcess.start({
    bootstrapServers: [sharedBroker()],
    port,
    settings: { auth: { mode: 'none' }, limits: { shutdownDelayMs: SHUTDOWN_DELAY_MS } }
  })

suite('A rolling restart behind HAProxy fails no call', { skip: withoutHaproxy }, () => {
  test('two gateways under load are ended and started again, one after the other: each call is answered 200, nothing stored twice', async t => {
    const page = readFileSync(new URL('../../docs/operations.md', import.meta.url), 'utf8')
    for (const line of [CHECK, SERVER, `shutdownDelayMs: ${SHUTDOWN_DELAY_MS}`, 'option redispatch', '`retries 2`'])
      assert.ok(page.includes(line), line)
    const ports = [await freePort(), await freePort()]
    const gateways = await Promise.all(ports.map(gatewayAt))
    t.after(() => Promise.all(gateways.map(gateway => gateway.stop())))
    const proxy = await startHaproxy(
      port => `defaults
  mode http
  timeout connect 5s
  timeout client 30s
  timeout server 30s
  option redispatch
  retries 2
frontend callers
  bind 127.0.0.1:${port}
  default_backend gateways
backend gateways
  ${CHECK}
${ports.map((of, number) => `  server gateway-${number} 127.0.0.1:${of} ssl verify none ${SERVER}\n`).join('')}`
    )
    t.after(() => proxy.close())
    const url = `http://127.0.0.1:${proxy.port}`
    const topic = uniqueTopic('rolled')
    const headers = { 'content-type': 'application/json' }
    const created = await fetch(`${url}/v1/topics/${topic}`, { method: 'PUT', headers, body: '{}' })
    assert.equal(created.status, 200)

    const load = new AbortController()
    const answers = new Map<string, number>()
    let stored = 0
    const call = async (own: Record<string, string>) => {
      const body = '{"records":[{"value":1}]}'
      const options = { method: 'POST', headers: { ...headers, ...own }, body }
      const write = await fetch(`${url}/v1/producer/topics/${topic}`, options)
      await write.text()
      if (write.status === 200) stored++
      const read = await fetch(`${url}/v1/consumer/topics/${topic}/partitions/0/offsets/0?count=1`, { headers: own })
      await read.text()
      return `${write.status} ${read.status}`
    }
    const client = async (own: Record<string, string>) => {
      while (!load.signal.aborted) {
        const answer = await call(own).catch((error: unknown) => String(Object(error).cause ?? error))
        answers.set(answer, (answers.get(answer) ?? 0) + 1)
      }
    }
    const clients = [
      ...Array.from({ length: KEPT_CLIENTS }, () => client({})),
      ...Array.from({ length: FRESH_CLIENTS }, () => client({ connection: 'close' }))
    ]
    for (const end = Date.now() + minutes() * 60_000; ;) {
      for (const [number, port] of ports.entries()) {
        assert.equal(await gateways[number].stop(), 0)
        const gateway = (gateways[number] = await gatewayAt(port))
        await until('HAProxy sends it calls again', () => gateway.log.includes('/v1/producer/'))
      }
      if (Date.now() >= end) break
    }
    load.abort()
    await Promise.all(clients)
    t.diagnostic(JSON.stringify(Object.fromEntries(answers)))
    assert.deepEqual([...answers.keys()], ['200 200'])
    const bounds = await fetch(`${url}/v1/metadata/topics/${topic}/partitions/0`)
    assert.equal(((await bounds.json()) as { latest_offset: number }).latest_offset, stored)
  })
})
