import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ByteBudget } from '../../src/core/byte-budget.ts'
import { BudgetReservation } from '../../src/http/budget-reservation.ts'
import type { HttpCall } from '../../src/http/call.ts'
import { staticRoutes } from '../../src/http/static-page.ts'
import { apiDescriptionText } from '../../src/server/apis.ts'
import { Metrics } from '../../src/telemetry/metrics.ts'
import { startFront } from './support/front.ts'
import { waitUntil } from './support/wait-until.ts'

const PAGE = '/openapi.json'
const anonymous = { headers: {} }

test('the description of the API is served to everybody, the same with and without gzip', async context => {
  const { call } = await startFront(context)
  const packed = await call(PAGE, anonymous)
  const plain = await call(`${PAGE}?x=1`, { headers: { 'accept-encoding': 'identity' } })
  assert.deepEqual([packed.status, plain.status], [200, 200])
  assert.deepEqual([packed.headers.get('content-encoding'), plain.headers.get('content-encoding')], ['gzip', null])
  assert.deepEqual([packed.headers.get('vary'), packed.headers.get('cache-control')], ['Accept-Encoding', 'no-cache'])
  const document: unknown = await packed.json()
  assert.deepEqual(document, JSON.parse(apiDescriptionText()))
  assert.deepEqual(await plain.json(), document)
})

test('who has the description already is told so, without a body', async context => {
  const { call } = await startFront(context)
  const etag = (await call(PAGE, anonymous)).headers.get('etag') ?? ''
  const again = (value: string) => call(PAGE, { headers: { 'if-none-match': value } })
  for (const value of [etag, '*', `"other", ${etag}`, etag.replace('W/', '')]) {
    const answer = await again(value)
    assert.deepEqual([answer.status, await answer.text(), answer.headers.get('etag')], [304, '', etag], value)
  }
  assert.equal((await again('"other"')).status, 200)
})

test('who reads it is counted, but not in the audit log, as nobody has to show who they are', async context => {
  const lines: string[] = []
  const metrics = new Metrics(0)
  const { call } = await startFront(context, { meter: metrics, audit: line => lines.push(line) })
  await (await call(PAGE, anonymous)).text()
  await (await call('/v1/metadata/topics')).text()
  await waitUntil(() => lines.length > 0)
  assert.match(lines.join(''), /^[^\n]*"operation":"list_topics"[^\n]*\n$/)
  const line = `kafka_rest_requests_total{version="",method="GET",route="${PAGE}",status="2xx"} 1`
  assert.ok(metrics.registry.text('prometheus').includes(line))
})

test('HEAD tells the length, and other methods are 405 without a token', async context => {
  const { call } = await startFront(context)
  const head = await call(PAGE, { method: 'HEAD', headers: { 'accept-encoding': 'identity' } })
  const whole = await call(PAGE, { headers: { 'accept-encoding': 'identity' } })
  assert.deepEqual([head.status, await head.text()], [200, ''])
  assert.equal(head.headers.get('content-length'), String((await whole.arrayBuffer()).byteLength))
  const posted = await call(PAGE, { method: 'POST', headers: {} })
  assert.deepEqual([posted.status, posted.headers.get('allow')], [405, 'GET, HEAD'])
})

test('readers of public pages hold up one another beyond 16 MiB, and nobody for longer than they read', () => {
  const body = () => Buffer.alloc(1024 * 1024)
  const [route] = staticRoutes([{ path: '/p', contentType: 'text/plain', body }])
  const held: BudgetReservation[] = []
  const read = () => {
    const hold = (bytes: number, budget?: ByteBudget) => {
      assert.ok(budget !== undefined)
      const reservation = new BudgetReservation(budget)
      held.push(reservation)
      reservation.raiseTo(bytes)
    }
    return route.handle({ headers: {}, hold } as HttpCall)
  }
  for (let reader = 0; reader < 16; reader++) void read()
  assert.throws(read, { code: 'OVERLOADED' })
  held[0].release()
  void read()
  assert.throws(read, { code: 'OVERLOADED' })
})

test('a page of another origin may read it, and no cache takes its answer for that to others', async context => {
  const { call } = await startFront(context, { cors: { origins: ['https://app.example'] } })
  const { headers } = await call(PAGE, { headers: { origin: 'https://app.example' } })
  assert.equal(headers.get('access-control-allow-origin'), 'https://app.example')
  assert.equal(headers.get('vary'), 'Origin, Accept-Encoding')
})
