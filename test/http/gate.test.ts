import assert from 'node:assert/strict'
import { test } from 'node:test'
import { GatewayError } from '../../src/core/errors.ts'
import type { Principal } from '../../src/core/principal.ts'
import { codeIn } from './support/code-in.ts'
import { authenticator, startFront } from './support/front.ts'
import { RawClient, rawRequest } from './support/raw-client.ts'
import { waitUntil } from './support/wait-until.ts'

const NO_TOKEN = { headers: {} }

test(
  'without a token the answer is 401 on every path and for every method, before anything else is judged',
  { timeout: 10_000 },
  async t => {
    const { call } = await startFront(t)
    const calls: [string, RequestInit][] = [
      ['/v1/metadata/topics', NO_TOKEN],
      ['/nowhere', NO_TOKEN],
      ['/v1/topics/a', { method: 'PATCH', ...NO_TOKEN }],
      ['/v1/topics/%zz', { method: 'PUT', ...NO_TOKEN }],
      ['/v1/producer/topics/a', { method: 'POST', headers: { 'content-type': 'text/plain' }, body: 'x' }],
      ['/v1/producer/topics/a', { method: 'POST', headers: { 'content-encoding': 'br' }, body: 'x' }],
      ['/v1/producer/topics/a', { method: 'POST', headers: {}, body: 'x'.repeat(100_000) }]
    ]
    for (const [path, init] of calls) {
      const answer = await call(path, init)
      assert.equal(answer.status, 401, path)
      assert.equal(answer.headers.get('www-authenticate'), 'Bearer')
      assert.deepEqual(await answer.json(), {
        error_code: 40101,
        code: 'UNAUTHENTICATED',
        message: 'A bearer token is needed.',
        retriable: false
      })
    }
  }
)

test('a known caller without permission gets 403, on unknown paths too', { timeout: 10_000 }, async t => {
  const { call } = await startFront(t)
  for (const path of ['/v1/metadata/topics', '/nowhere']) {
    const answer = await call(path, { headers: { authorization: 'Bearer stranger' } })
    assert.equal(answer.status, 403)
  }
})

test('two Authorization fields do not pass as the first of them', { timeout: 10_000 }, async t => {
  const { port } = await startFront(t)
  const client = new RawClient(port)
  client.send(rawRequest('GET /v1/metadata/topics', ['Authorization: Bearer other']))
  assert.equal((await client.answer()).status, 401)
  client.close()
})

test(
  'an admitted caller finds 404 where nothing is and 405 with Allow where another method is',
  { timeout: 10_000 },
  async t => {
    const { call } = await startFront(t)
    for (const path of [
      '/v1',
      '/v1/metadata/topics/',
      '/v1//metadata/topics',
      '/v1/metadata/topics/a',
      '/v2/topics/a',
      '/health/other'
    ]) {
      const answer = await call(path)
      assert.equal(answer.status, 404, path)
      assert.deepEqual(await answer.json(), {
        error_code: 40403,
        code: 'ROUTE_NOT_FOUND',
        message: 'There is nothing at this path.',
        retriable: false
      })
    }
    const wrong: [string, string, string][] = [
      ['DELETE', '/v1/metadata/topics', 'GET, HEAD'],
      ['OPTIONS', '/v1/metadata/topics', 'GET, HEAD'],
      ['GET', '/v1/topics/a', 'PUT, DELETE'],
      ['PROPFIND', '/v1/topics/a', 'PUT, DELETE'],
      ['GET', '/v1/producer/topics/a', 'POST'],
      ['POST', '/v1/consumer/topics/a/partitions/0/offsets/0', 'GET, HEAD'],
      ['POST', '/health/live', 'GET, HEAD']
    ]
    for (const [method, path, allow] of wrong) {
      const answer = await call(path, { method })
      assert.equal(answer.status, 405, `${method} ${path}`)
      assert.deepEqual(new Set(answer.headers.get('allow')?.split(', ')), new Set(allow.split(', ')))
      assert.equal(codeIn(await answer.text()), 'METHOD_NOT_ALLOWED')
    }
  }
)

test('health needs no token, and ready says 503 while Kafka or the keys are missing', { timeout: 10_000 }, async t => {
  let kafka = true
  let keys = true
  const { call } = await startFront(t, {
    gateway: { ready: () => kafka },
    authenticator: { ...authenticator, ready: () => keys }
  })
  const ask = async (path: string) => {
    const answer = await call(path, NO_TOKEN)
    return [answer.status, await answer.text()]
  }
  assert.deepEqual(await ask('/health/live'), [200, '{"status":"ok"}'])
  assert.deepEqual(await ask('/health/ready'), [200, '{"status":"ok"}'])
  kafka = false
  assert.deepEqual(await ask('/health/ready'), [503, '{"status":"unavailable"}'])
  assert.deepEqual(await ask('/health/live'), [200, '{"status":"ok"}'])
  kafka = true
  keys = false
  assert.deepEqual(await ask('/health/ready?x=1'), [503, '{"status":"unavailable"}'])
})

test(
  'what is no GatewayError leaves as 500 without a word of its cause, which the log has under the same id',
  { timeout: 10_000 },
  async t => {
    const { call, log } = await startFront(t, {
      gateway: { listTopics: () => Promise.reject(new Error('secret broker:9092')) }
    })
    const answer = await call('/v1/metadata/topics')
    const text = await answer.text()
    assert.equal(answer.status, 500)
    assert.equal(codeIn(text), 'INTERNAL_ERROR')
    assert.doesNotMatch(text, /secret|broker/)
    const line = log.find(({ level }) => level === 'error')
    assert.equal(line?.fields.requestId, answer.headers.get('x-request-id'))
    assert.match(String(line?.fields.err), /secret broker:9092/)
  }
)

test(
  'a retriable 503 carries Retry-After, members follow the four fixed ones, and the detail stays in the log',
  { timeout: 10_000 },
  async t => {
    const error = new GatewayError('KAFKA_UNAVAILABLE', 'Kafka cannot be reached.', {
      detail: 'broker:9092',
      members: { earliest_offset: 3 }
    })
    const { call, log } = await startFront(t, { gateway: { listTopics: () => Promise.reject(error) } })
    const answer = await call('/v1/metadata/topics')
    assert.equal(answer.status, 503)
    assert.equal(answer.headers.get('retry-after'), '1')
    assert.equal(
      await answer.text(),
      '{"error_code":50301,"code":"KAFKA_UNAVAILABLE","message":"Kafka cannot be reached.","retriable":true,"earliest_offset":3}'
    )
    assert.ok(log.some(({ fields }) => fields.detail === 'broker:9092'))
  }
)

test(
  'a sane X-Request-Id is returned, another is replaced, and answers carry the headers of all data',
  { timeout: 10_000 },
  async t => {
    const { call } = await startFront(t)
    const ask = async (id: string) => (await call('/health/live', { headers: { 'x-request-id': id } })).headers
    assert.equal((await ask('abc-1.2_3')).get('x-request-id'), 'abc-1.2_3')
    for (const id of ['a b', 'x'.repeat(65), 'a<b'])
      assert.match((await ask(id)).get('x-request-id') ?? '', /^[0-9a-f-]{36}$/)
    const headers = await ask('x')
    assert.equal(headers.get('cache-control'), 'no-store')
    assert.equal(headers.get('x-content-type-options'), 'nosniff')
    assert.equal(headers.get('strict-transport-security'), null)
  }
)

test(
  'one line a request tells who asked for what and how it ended, never query or token',
  { timeout: 10_000 },
  async t => {
    const { call, log } = await startFront(t)
    await (await call('/v1/metadata/topics?token=hidden')).text()
    await waitUntil(() => log.length > 0)
    const [{ level, message, fields }] = log
    assert.equal(`${level} ${message}`, 'info request')
    const { requestId, durationMs, principal, ...rest } = fields
    assert.equal((principal as Principal).id, 'caller-1')
    assert.deepEqual(rest, {
      address: '127.0.0.1',
      method: 'GET',
      path: '/v1/metadata/topics',
      status: 200,
      code: undefined,
      traceId: undefined,
      bytesIn: 0,
      bytesOut: 20,
      aborted: false,
      isProbe: false
    })
    assert.match(String(requestId), /^[0-9a-f-]{36}$/)
    assert.equal(typeof durationMs, 'number')
    assert.doesNotMatch(JSON.stringify(log), /hidden|good/)
  }
)

test('no error fills the log: whatever it is, its cause is logged once a minute', { timeout: 10_000 }, async t => {
  const causes = [
    new GatewayError('KAFKA_UNAVAILABLE', 'Kafka cannot be reached.', { detail: 'ECONNREFUSED' }),
    new GatewayError('LEADER_NOT_AVAILABLE', 'The partition has no leader.', { detail: 'orders-0' }),
    new GatewayError('TOPIC_EXISTS', "Topic 'orders' exists already.", { detail: 'TOPIC_ALREADY_EXISTS' }),
    new TypeError('a defect')
  ]
  let cause: Error
  const { call, log } = await startFront(t, { gateway: { listTopics: () => Promise.reject(cause) } })
  for (cause of causes) for (let n = 0; n < 5; n++) assert.ok((await call('/v1/metadata/topics')).status >= 400)
  const warnings = log.filter(({ level }) => level === 'warn' || level === 'error')
  assert.deepEqual(
    warnings.map(({ level, message, fields }) => [level, message, 'detail' in fields ? fields.detail : undefined]),
    [
      ['warn', 'Kafka cannot be reached.', 'ECONNREFUSED'],
      ['warn', 'The partition has no leader.', 'orders-0'],
      ['warn', "Topic 'orders' exists already.", 'TOPIC_ALREADY_EXISTS'],
      ['error', 'A request failed inside the gateway', undefined]
    ]
  )
  assert.equal(log.filter(({ level, message }) => level === 'debug' && message.startsWith('Kafka')).length, 4)
})
