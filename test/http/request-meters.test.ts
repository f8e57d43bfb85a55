import assert from 'node:assert/strict'
import { connect } from 'node:net'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { Metrics } from '../../src/telemetry/metrics.ts'
import { emptyPage, startFront, TOKEN } from './support/front.ts'
import { waitUntil } from './support/wait-until.ts'

const has = (metrics: Metrics, line: string): boolean => metrics.registry.text('prometheus').includes(`\n${line}\n`)

test('what the HTTP parser refuses is counted by its code', async context => {
  const metrics = new Metrics(0)
  const { port } = await startFront(context, { meter: metrics })
  const socket = connect(port, '127.0.0.1')
  socket.end('NONSENSE\r\n\r\n').resume()
  await waitUntil(() => has(metrics, 'kafka_rest_errors_total{code="BAD_REQUEST"} 1'))
  socket.destroy()
})

test('a request whose client went away is in flight until its operation is over, and counts as aborted', async context => {
  const metrics = new Metrics(0)
  let answer = () => undefined as void
  const consume = () => new Promise<ReturnType<typeof emptyPage>>(resolve => (answer = () => resolve(emptyPage())))
  const { port } = await startFront(context, { meter: metrics, gateway: { consume } })
  const path = '/v1/consumer/topics/t/partitions/0/offsets/0'
  const socket = connect(port, '127.0.0.1')
  socket.write(`GET ${path} HTTP/1.1\r\nHost: x\r\nAuthorization: ${TOKEN}\r\n\r\n`)
  await waitUntil(() => has(metrics, 'kafka_rest_requests_in_flight 1'))
  socket.resetAndDestroy()
  await sleep(50)
  assert.ok(has(metrics, 'kafka_rest_requests_in_flight 1'))
  answer()
  await waitUntil(() => has(metrics, 'kafka_rest_requests_in_flight 0'))
  const route = '/v1/consumer/topics/{topic}/partitions/{partition}/offsets/{offset}'
  assert.ok(has(metrics, `kafka_rest_requests_total{version="v1",method="GET",route="${route}",status="aborted"} 1`))
})

test('health is counted apart from the API', async context => {
  const metrics = new Metrics(0)
  const { call } = await startFront(context, { meter: metrics })
  await call('/health/live')
  const line = 'kafka_rest_requests_total{version="",method="GET",route="/health",status="2xx"} 1'
  await waitUntil(() => has(metrics, line))
  assert.ok(has(metrics, 'kafka_rest_token_lookups_total{result="hit"} 0'))
})
