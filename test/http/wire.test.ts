import assert from 'node:assert/strict'
import { test } from 'node:test'
import { codeIn } from './support/code-in.ts'
import { startFront, stored } from './support/front.ts'
import { RawClient, rawRequest } from './support/raw-client.ts'
import { waitUntil } from './support/wait-until.ts'

/** Headers without those that differ from answer to answer. */
const comparable = ({ date: _date, 'x-request-id': _id, ...rest }: Readonly<Record<string, string>>) => rest
const LIST = rawRequest('GET /v1/metadata/topics')

test(
  'what the HTTP parser refuses is answered in the form of all errors, and the connection closed',
  { timeout: 10_000 },
  async t => {
    const { port, log } = await startFront(t)
    const refused: [string, number, string][] = [
      ['nonsense\r\n\r\n', 400, 'BAD_REQUEST'],
      ['GET / HTTP/9.9\r\n\r\n', 400, 'BAD_REQUEST'],
      ['GET / HTTP/1.1\r\nHost: x\r\nbad header\r\n\r\n', 400, 'BAD_REQUEST'],
      ['POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n', 400, 'BAD_REQUEST'],
      ['POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n', 400, 'BAD_REQUEST'],
      [`GET / HTTP/1.1\r\nHost: x\r\nA: ${'x'.repeat(20_000)}\r\n\r\n`, 431, 'HEADERS_TOO_LARGE'],
      [`GET / HTTP/1.1\r\nHost: x\r\n${'A: b\r\n'.repeat(20_000)}\r\n`, 431, 'HEADERS_TOO_LARGE'],
      [`GET /${'x'.repeat(20_000)}`, 414, 'URI_TOO_LONG'],
      ['CONNECT x:443 HTTP/1.1\r\nHost: x:443\r\n\r\n', 405, 'METHOD_NOT_ALLOWED']
    ]
    for (const [request, status, code] of refused) {
      const client = new RawClient(port).send(request)
      const answer = await client.answer()
      assert.equal(answer.status, status, request.slice(0, 60))
      const { message, ...rest } = JSON.parse(answer.body)
      assert.equal(typeof message, 'string')
      assert.deepEqual(rest, { error_code: status * 100 + 1, code, retriable: false })
      assert.equal(answer.headers['content-type'], 'application/json; charset=utf-8')
      assert.equal(answer.headers['cache-control'], 'no-store')
      assert.equal(await client.ended(), '')
    }
    assert.deepEqual(
      log.map(({ fields }) => fields.status),
      refused.map(([, status]) => status)
    )
  }
)

test('HTTP/1.1 without its one Host is a 400 with a body; HTTP/1.0 needs none', { timeout: 10_000 }, async t => {
  const { port } = await startFront(t)
  for (const host of ['', 'Host: a\r\nHost: b\r\n']) {
    const client = new RawClient(port).send(`GET /health/live HTTP/1.1\r\n${host}\r\n`)
    const { status, body } = await client.answer()
    assert.deepEqual([status, codeIn(body)], [400, 'BAD_REQUEST'])
    client.close()
  }
  const old = new RawClient(port).send('GET /health/live HTTP/1.0\r\n\r\n')
  assert.equal((await old.answer()).status, 200)
  assert.equal(await old.ended(), '')
})

test(
  'the absolute form names the same resource, and an offer to upgrade is passed over',
  { timeout: 10_000 },
  async t => {
    const { port } = await startFront(t)
    const client = new RawClient(port)
    client.send(rawRequest('GET http://proxy.example:80/v1/metadata/topics?x=1'))
    assert.equal((await client.answer()).body, '{"topics":["a","b"]}')
    client.send(
      rawRequest('GET /v1/metadata/topics', [
        'Connection: Upgrade, HTTP2-Settings',
        'Upgrade: h2c',
        'HTTP2-Settings: AAMAAABk'
      ])
    )
    assert.equal((await client.answer()).body, '{"topics":["a","b"]}')
    client.close()
  }
)

test(
  'a half-sent head is answered with 408; a connection that never said a word is closed without one',
  { timeout: 10_000 },
  async t => {
    const { port } = await startFront(t, { limits: { headersTimeoutMs: 200 } })
    const half = new RawClient(port).send('GET /health/live HTTP/1.1\r\nHost')
    const silent = new RawClient(port)
    assert.equal((await half.answer()).status, 408)
    assert.equal(await half.ended(), '')
    assert.equal(await silent.ended(), '')
  }
)

test(
  'an idle connection is closed after the time that is allowed, also when its last answer was waited for',
  { timeout: 10_000 },
  async t => {
    const { port } = await startFront(t, { limits: { keepAliveTimeoutMs: 100 } })
    const client = new RawClient(port).send(LIST)
    assert.equal((await client.answer()).status, 200)
    assert.equal(await client.ended(), '')
  }
)

test(
  'pipelined requests are answered in their order, however long the first one takes',
  { timeout: 10_000 },
  async t => {
    const first = Promise.withResolvers<string[]>()
    let calls = 0
    const { port } = await startFront(t, {
      gateway: {
        listTopics: () => (++calls === 1 ? first.promise : Promise.resolve(['later']))
      }
    })
    const client = new RawClient(port).send(LIST + LIST + rawRequest('GET /nowhere') + LIST)
    await waitUntil(() => calls === 3)
    first.resolve(['first'])
    const answers = [await client.answer(), await client.answer(), await client.answer(), await client.answer()]
    assert.deepEqual(
      answers.map(({ status, body }) => [status, status === 200 ? body : '']),
      [
        [200, '{"topics":["first"]}'],
        [200, '{"topics":["later"]}'],
        [404, ''],
        [200, '{"topics":["later"]}']
      ]
    )
    client.close()
  }
)

test('one connection cannot have any number of requests under way', { timeout: 10_000 }, async t => {
  let calls = 0
  const all = Promise.withResolvers<string[]>()
  const { port } = await startFront(t, {
    gateway: {
      listTopics() {
        calls++
        return all.promise
      }
    }
  })
  const client = new RawClient(port).send(LIST.repeat(66))
  await waitUntil(() => calls === 64)
  all.resolve([])
  const answers = []
  for (let each = 0; each < 65; each++) answers.push(await client.answer())
  assert.deepEqual(
    answers.map(({ status }) => status),
    [...Array.from({ length: 64 }, () => 200), 503]
  )
  assert.equal(answers.at(-1)?.headers.connection, 'close')
  await client.ended()
  assert.equal(calls, 64, 'what came behind the refusal is not done')
})

test(
  'garbage behind a produce under way does not answer it: its own answer comes first, then the 400',
  { timeout: 10_000 },
  async t => {
    const finished = Promise.withResolvers<void>()
    const { port } = await startFront(t, {
      gateway: {
        async produce(_call, _topic, { count }, released) {
          await finished.promise
          released()
          return stored(count)
        }
      }
    })
    const body = '{"records":[{"value":1}]}'
    const client = new RawClient(port).send(
      `${rawRequest('POST /v1/producer/topics/a', [`Content-Length: ${body.length}`], body)}garbage\r\n\r\n`
    )
    await new Promise(resolve => setTimeout(resolve, 100))
    finished.resolve()
    assert.equal((await client.answer()).body, '{"offsets":[{"partition":0,"offset":0}]}')
    assert.equal((await client.answer()).status, 400)
    assert.equal(await client.ended(), '')
  }
)

test('a malformed chunk ends its own request with 400', { timeout: 10_000 }, async t => {
  const { port, budget, log } = await startFront(t)
  const client = new RawClient(port).send(
    rawRequest('POST /v1/producer/topics/a', ['Transfer-Encoding: chunked'], '4\r\n{"re\r\nzz\r\n')
  )
  const { status, headers } = await client.answer()
  assert.deepEqual([status, headers.connection], [400, 'close'])
  assert.equal(await client.ended(), '')
  assert.equal(budget.usedBytes, 0)
  assert.equal(log[0].fields.code, 'BAD_REQUEST')
})

test('HEAD answers as GET does, without the body', { timeout: 10_000 }, async t => {
  const { port } = await startFront(t)
  const client = new RawClient(port)
  for (const path of [
    '/v1/metadata/topics',
    '/v1/consumer/topics/a/partitions/0/offsets/0',
    '/nowhere',
    '/health/live'
  ]) {
    client.send(rawRequest(`GET ${path}`))
    const get = await client.answer()
    client.send(rawRequest(`HEAD ${path}`))
    const head = await client.answer(false)
    assert.deepEqual([head.status, comparable(head.headers)], [get.status, comparable(get.headers)], path)
  }
  client.close()
})

test(
  'connections over the limit are closed, and the next one is let in when there is room',
  { timeout: 10_000 },
  async t => {
    const { port, log } = await startFront(t, { limits: { connections: 1 } })
    const first = new RawClient(port).send(LIST)
    assert.equal((await first.answer()).status, 200)
    const second = new RawClient(port)
    assert.equal(await second.ended(), '')
    assert.ok(log.some(({ level }) => level === 'warn'))
    first.close()
    for (;;) {
      const next = new RawClient(port).send(LIST)
      const answer = await next.answer().catch(() => undefined)
      next.close()
      if (answer?.status === 200) break
    }
  }
)
