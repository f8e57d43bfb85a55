import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { type TestContext, test } from 'node:test'
import type { Access } from '../../src/core/principal.ts'
import { Metrics } from '../../src/telemetry/metrics.ts'
import { authenticator, startFront, TOKEN } from '../http/support/front.ts'
import { waitUntil } from '../http/support/wait-until.ts'
import { greetingsApi } from './support/greetings-api.ts'

async function greetings(context: TestContext, access?: Access) {
  const audit: string[] = []
  const meter = new Metrics(0)
  const authenticate: typeof authenticator.authenticate = token => {
    const caller = authenticator.authenticate(token)
    return access === undefined || caller instanceof Promise ? caller : { ...caller, access }
  }
  const front = await startFront(context, {
    apis: [greetingsApi],
    authenticator: { ...authenticator, authenticate },
    audit: line => void audit.push(line),
    meter
  })
  const ask = async (path: string, init: RequestInit = {}) => {
    const answer = await front.call(path, { headers: { authorization: TOKEN }, ...init })
    return [answer.status, await answer.json()]
  }
  return { ...front, ask, audit, meter }
}

test('a new API is judged, audited and counted like the others, and tells errors in its own words', async context => {
  const { ask, audit, meter } = await greetings(context)
  assert.deepEqual(await ask('/greetings/parcels'), [200, { greeting: 'Hello, parcels' }])
  assert.deepEqual(await ask('/greetings/parcels', { headers: {} }), [401, { sorry: 'A bearer token is needed.' }])
  assert.deepEqual(await ask('/greetings/a/b/c'), [404, { sorry: 'There is nothing at this path.' }])
  const [status] = await ask('/greetings/parcels', { method: 'DELETE' })
  assert.equal(status, 405)
  await waitUntil(() => audit.length === 4)
  const [entry] = audit.map(line => JSON.parse(line) as Record<string, unknown>)
  assert.deepEqual([entry.operation, entry.topic, entry.outcome], ['greet', 'parcels', 'allowed'])
  const counted = 'requests_total{version="greetings",method="GET",route="/greetings/{topic}",status="2xx"} 1'
  assert.ok(meter.registry.text('prometheus').includes(counted))
})

test('permission is judged before the handler, by what the route asks for', async context => {
  const { ask } = await greetings(context, { allows: (_operation, _kind, name) => name === 'mine' })
  assert.deepEqual(await ask('/greetings/mine'), [200, { greeting: 'Hello, mine' }])
  assert.deepEqual(await ask('/greetings/yours'), [403, { sorry: "The caller may not describe topic 'yours'." }])
})

test('a handler that is to ask for permission and does not cannot answer', async context => {
  const { ask, log } = await greetings(context, { allows: operation => operation === 'read' })
  assert.deepEqual(await ask('/greetings/a/careful'), [200, {}])
  const [status] = await ask('/greetings/a/careless')
  assert.equal(status, 500)
  const line = log.find(({ level }) => level === 'error')
  assert.match(String(line?.fields.err), /GET \/greetings\/\{topic\}\/careless answered without asking for permission/)
})

test('CONTRIBUTING shows that API', () => {
  const page = readFileSync(new URL('../../CONTRIBUTING.md', import.meta.url), 'utf8')
  const code = readFileSync(new URL('support/greetings-api.ts', import.meta.url), 'utf8')
  const [, shown] = /```ts\n(const greet[\s\S]+?)```/.exec(page) ?? []
  assert.ok(shown.length > 100)
  assert.ok(code.includes(shown.trimEnd()))
})
