import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Cors } from '../../src/http/cors.ts'
import { pageOf, startFront, TOKEN } from './support/front.ts'

const PAGE = 'https://app.example'
const READ = '/v1/consumer/topics/a/partitions/0/offsets/0'
const preflight = (origin: string) => ({
  method: 'OPTIONS',
  headers: { origin, 'access-control-request-method': 'POST', 'access-control-request-headers': 'authorization' }
})
const allowed = (answer: Response) => [...answer.headers.keys()].filter(name => name.startsWith('access-control-'))

test('without configured origins no browser is told anything', { timeout: 10_000 }, async t => {
  const { call } = await startFront(t)
  const answers = [
    await call(READ, preflight(PAGE)),
    await call(READ, { headers: { authorization: TOKEN, origin: PAGE } })
  ]
  assert.deepEqual(
    answers.map(({ status }) => status),
    [401, 200]
  )
  for (const answer of answers) assert.deepEqual([allowed(answer), answer.headers.get('vary')], [[], null])
})

test(
  'a configured origin may ask ahead without a token, and read the headers it needs',
  { timeout: 10_000 },
  async t => {
    const gateway = { consume: () => Promise.resolve(pageOf(Buffer.alloc(5000, 'x'))) }
    const { call } = await startFront(t, { gateway, cors: { origins: [PAGE], maxAgeMs: 60_000 } })
    const asked = await call(READ, preflight(PAGE))
    assert.equal(asked.status, 200)
    assert.equal(asked.headers.get('access-control-allow-origin'), PAGE)
    assert.equal(asked.headers.get('access-control-allow-methods'), 'GET, HEAD, PUT, POST, DELETE')
    assert.equal(asked.headers.get('access-control-max-age'), '60')
    assert.equal(
      asked.headers.get('access-control-allow-headers'),
      'Authorization, Content-Type, Content-Encoding, X-Request-Id, X-Kafka-Rest-Strict, Last-Event-ID, traceparent, tracestate'
    )
    assert.equal(asked.headers.get('access-control-allow-credentials'), null)
    const read = await call(READ, { headers: { authorization: TOKEN, origin: PAGE } })
    assert.equal(read.headers.get('access-control-allow-origin'), PAGE)
    assert.match(
      read.headers.get('access-control-expose-headers') ?? '',
      /NextOffset, NextPosition, Retry-After, DPoP-Nonce, X-Request-Id, RateLimit/
    )
    assert.equal(read.headers.get('vary'), 'Origin, Accept-Encoding')
    const refused = await call(READ, { headers: { origin: PAGE } })
    assert.deepEqual([refused.status, refused.headers.get('access-control-allow-origin')], [401, PAGE])
  }
)

test('an origin that is not listed to the letter gets no permission, only Vary', { timeout: 10_000 }, async t => {
  const { call } = await startFront(t, { cors: { origins: [PAGE] } })
  const others = [
    'https://app.example.evil',
    'https://evil.app.example',
    'http://app.example',
    `${PAGE}/`,
    `${PAGE}:8443`,
    'null',
    'HTTPS://APP.EXAMPLE',
    '*'
  ]
  for (const origin of others) {
    const asked = await call(READ, preflight(origin))
    assert.deepEqual([asked.status, allowed(asked), asked.headers.get('vary')], [401, [], 'Origin'], origin)
    const read = await call(READ, { headers: { authorization: TOKEN, origin } })
    assert.deepEqual([read.status, allowed(read), read.headers.get('vary')], [200, [], 'Origin'], origin)
  }
})

test('a page may send further headers, if they are named', () => {
  const cors = new Cors({ origins: [PAGE], maxAgeMs: 1000 }, ['GET'], ['X-API-Key'])
  const asked = cors.preflight('OPTIONS', { origin: PAGE, 'access-control-request-method': 'GET' })
  assert.equal(
    asked?.headers?.['Access-Control-Allow-Headers'],
    'Authorization, Content-Type, Content-Encoding, X-Request-Id, X-Kafka-Rest-Strict, Last-Event-ID, traceparent, tracestate, X-API-Key'
  )
})
