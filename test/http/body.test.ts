import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { codeIn } from './support/code-in.ts'
import { authenticator, startFront, stored, TOKEN } from './support/front.ts'
import { RawClient, rawRequest } from './support/raw-client.ts'
import { waitUntil } from './support/wait-until.ts'

const PATH = '/v1/producer/topics/a'
const BODY = '{"records":[{"value":"x"}]}'

const post = (headers: readonly string[], body = '') => rawRequest(`POST ${PATH}`, headers, body)
const record = (value: string) => `{"records":[{"value":${value}}]}`

test(
  'JSON is taken under every name it has, and under none; what is something else is a 415',
  { timeout: 10_000 },
  async t => {
    const { port, budget } = await startFront(t)
    const send = async (headers: readonly string[]) => {
      const client = new RawClient(port).send(post([...headers, `Content-Length: ${BODY.length}`], BODY))
      const { status, body } = await client.answer()
      client.close()
      return status === 200 ? 200 : codeIn(body)
    }
    const good = [
      'application/json',
      'APPLICATION/JSON',
      'application/json; charset=utf-8',
      'application/json;charset="UTF-8"',
      'application/vnd.x.v2+json'
    ]
    for (const type of good) assert.equal(await send([`Content-Type: ${type}`]), 200, type)
    assert.equal(await send([]), 200)
    assert.equal(await send(['Content-Type:']), 200)
    const bad = [
      'text/plain',
      'application/x-www-form-urlencoded',
      'application/json; charset=latin1',
      'application/jsonx',
      'text/json',
      ';charset=utf-8'
    ]
    for (const type of bad) assert.equal(await send([`Content-Type: ${type}`]), 'UNSUPPORTED_MEDIA_TYPE', type)
    assert.equal(await send(['Content-Type: application/json', 'Content-Type: text/plain']), 'UNSUPPORTED_MEDIA_TYPE')
    assert.equal(await send(['Content-Encoding: identity']), 200)
    for (const encoding of ['deflate', 'br', 'zstd', 'identity, gzip', 'gzip, gzip'])
      assert.equal(await send([`Content-Encoding: ${encoding}`]), 'UNSUPPORTED_ENCODING', encoding)
    assert.equal(budget.usedBytes, 0)
  }
)

test('a transfer encoding beyond chunked is not taken for plain bytes', { timeout: 10_000 }, async t => {
  const { port } = await startFront(t)
  const client = new RawClient(port).send(post(['Transfer-Encoding: gzip, chunked'], `1\r\nx\r\n0\r\n\r\n`))
  const { status, body } = await client.answer()
  assert.deepEqual([status, codeIn(body)], [415, 'UNSUPPORTED_ENCODING'])
  client.close()
})

test(
  'a body arrives whole however it is cut: declared or chunked, in one piece or byte by byte',
  { timeout: 10_000 },
  async t => {
    const values: string[] = []
    const { port, budget } = await startFront(t, {
      gateway: {
        produce(_call, _topic, { bytes, count, spans }, released) {
          values.push(bytes.toString('utf8', spans[2], spans[2] + spans[3]))
          released()
          return Promise.resolve(stored(count))
        }
      }
    })
    const client = new RawClient(port)
    client.socket.setNoDelay(true)
    client.send(post([`Content-Length: ${BODY.length}`], BODY))
    assert.equal((await client.answer()).status, 200)
    client.send(post([`Content-Length: ${BODY.length}`]))
    for (const byte of BODY) {
      client.send(byte)
      await new Promise(setImmediate)
    }
    assert.equal((await client.answer()).status, 200)
    client.send(
      post(['Transfer-Encoding: chunked'], `${Array.from(BODY, byte => `1\r\n${byte}\r\n`).join('')}0\r\n\r\n`)
    )
    assert.equal((await client.answer()).status, 200)
    assert.deepEqual(values, ['x', 'x', 'x'])
    assert.equal(budget.usedBytes, 0)
    client.close()
  }
)

test(
  'a declared length over the limit is refused before the body comes, and its sender still reads the answer',
  { timeout: 10_000 },
  async t => {
    const { port, budget, log } = await startFront(t, { limits: { bodyBytes: 4096 } })
    const client = new RawClient(port).send(post(['Content-Length: 104857600']))
    const { status, headers, body } = await client.answer()
    assert.deepEqual([status, codeIn(body), headers.connection], [413, 'BODY_TOO_LARGE', 'close'])
    // The answer itself counts until the client is done; the body never did.
    assert.ok(budget.usedBytes < 1000)
    for (let sent = 0; sent < 64; sent++) client.send(Buffer.alloc(65_536))
    await new Promise<void>(resolve => client.socket.end(resolve))
    assert.equal(await client.ended(), '')
    assert.equal(client.error, undefined)
    await waitUntil(() => log.length > 0)
    assert.equal(log[0].fields.status, 413)
  }
)

test('a chunked body is cut at the limit, not read on', { timeout: 10_000 }, async t => {
  const { port, budget } = await startFront(t, { limits: { bodyBytes: 4096 } })
  const client = new RawClient(port).send(post(['Transfer-Encoding: chunked']))
  for (let sent = 0; sent < 5; sent++) client.send(`400\r\n${'x'.repeat(1024)}\r\n`)
  const { status, body } = await client.answer()
  assert.deepEqual([status, codeIn(body)], [413, 'BODY_TOO_LARGE'])
  client.close()
  await waitUntil(() => budget.usedBytes === 0)
})

test('a client that sends slower than the limit gets 408 while it still sends', { timeout: 10_000 }, async t => {
  const { port, budget, log } = await startFront(t, { limits: { bodyTimeoutMs: 300 } })
  const client = new RawClient(port).send(post(['Content-Length: 1000']))
  const drip = setInterval(() => client.send(' '), 50)
  t.after(() => clearInterval(drip))
  const { status, headers, body } = await client.answer()
  clearInterval(drip)
  assert.deepEqual([status, codeIn(body), headers.connection], [408, 'REQUEST_TIMEOUT', 'close'])
  await client.ended()
  assert.equal(budget.usedBytes, 0)
  await waitUntil(() => log.length > 0)
  assert.equal(log[0].fields.code, 'REQUEST_TIMEOUT')
})

test(
  'over the byte budget a body is refused with 503 OVERLOADED before it is read, and taken when there is room again',
  { timeout: 10_000 },
  async t => {
    const finished = Promise.withResolvers<void>()
    const { port, budget } = await startFront(t, {
      limits: { inFlightBytes: 2048 },
      gateway: {
        async produce(_call, _topic, { count }, released) {
          await finished.promise
          released()
          return stored(count)
        }
      }
    })
    const padded = BODY.padEnd(1000)
    const first = new RawClient(port).send(post([`Content-Length: ${padded.length}`], padded))
    await waitUntil(() => budget.usedBytes === 2000)
    const second = new RawClient(port).send(post([`Content-Length: ${padded.length}`]))
    const { status, headers, body } = await second.answer()
    assert.deepEqual([status, codeIn(body), headers['retry-after']], [503, 'OVERLOADED', '1'])
    finished.resolve()
    assert.equal((await first.answer()).status, 200)
    first.close()
    second.close()
    await waitUntil(() => budget.usedBytes === 0)
  }
)

test(
  'the bytes of a batch that outlives its answer stay in the budget until the gateway frees them',
  { timeout: 10_000 },
  async t => {
    const freeing: (() => void)[] = []
    const { call, budget } = await startFront(t, {
      gateway: {
        produce(_call, _topic, { count }, released) {
          freeing.push(released)
          return Promise.resolve(stored(count))
        }
      }
    })
    assert.equal(
      (
        await call(PATH, {
          method: 'POST',
          body: BODY,
          headers: { authorization: TOKEN, 'content-type': 'application/json' }
        })
      ).status,
      200
    )
    assert.equal(budget.usedBytes, BODY.length * 2)
    for (const free of freeing) free()
    assert.equal(budget.usedBytes, 0)
  }
)

test(
  'a client that leaves in the middle of its body gives its bytes back and is marked in the log',
  { timeout: 10_000 },
  async t => {
    const { port, budget, log } = await startFront(t)
    const client = new RawClient(port).send(post(['Content-Length: 1000'], 'half'))
    await waitUntil(() => budget.usedBytes === 2000)
    client.socket.resetAndDestroy()
    await waitUntil(() => log.length > 0)
    assert.equal(budget.usedBytes, 0)
    assert.deepEqual([log[0].fields.status, log[0].fields.aborted], [null, true])
  }
)

test('a client that leaves while its token is judged leaves nothing in the budget', { timeout: 10_000 }, async t => {
  const judged = Promise.withResolvers<void>()
  const asked = Promise.withResolvers<void>()
  const { port, budget, log } = await startFront(t, {
    authenticator: {
      ready: () => true,
      async authenticate(authorization) {
        asked.resolve()
        await judged.promise
        return authenticator.authenticate(authorization)
      }
    }
  })
  const client = new RawClient(port).send(post(['Content-Length: 1000'], 'half'))
  await asked.promise
  client.socket.resetAndDestroy()
  await sleep(50)
  judged.resolve()
  await waitUntil(() => log.length > 0)
  assert.equal(budget.usedBytes, 0)
})

test('a body that is broken off half-closed is answered with 400', { timeout: 10_000 }, async t => {
  const { port, budget } = await startFront(t)
  const client = new RawClient(port).send(post(['Content-Length: 1000'], 'half'))
  client.socket.end()
  const { status, body } = await client.answer()
  assert.deepEqual([status, codeIn(body)], [400, 'BAD_REQUEST'])
  assert.equal(budget.usedBytes, 0)
})

test('identity, length and type are judged before 100 Continue is sent', { timeout: 10_000 }, async t => {
  const { port } = await startFront(t)
  const expect = 'Expect: 100-continue'
  const refused: [string, number][] = [
    [`POST ${PATH} HTTP/1.1\r\nHost: x\r\n${expect}\r\nContent-Length: 5\r\n\r\n`, 401],
    [post([expect, 'Content-Length: 99999999']), 413],
    [post([expect, 'Content-Length: 5', 'Content-Type: text/plain']), 415],
    [rawRequest('POST /nowhere', [expect, 'Content-Length: 5']), 404]
  ]
  for (const [request, status] of refused) {
    const client = new RawClient(port).send(request)
    assert.equal((await client.answer()).status, status)
    client.close()
  }
  const client = new RawClient(port).send(post([expect, `Content-Length: ${BODY.length}`]))
  assert.equal((await client.answer()).status, 100)
  client.send(BODY)
  assert.equal((await client.answer()).status, 200)
  client.send(post(['Expect: something-else', `Content-Length: ${BODY.length}`], BODY))
  assert.equal((await client.answer()).status, 200)
  client.close()
})

test('bad JSON is a 400 with the reason, whatever is wrong with it', { timeout: 10_000 }, async t => {
  const { port, budget } = await startFront(t)
  const client = new RawClient(port)
  const bodies: [string | Buffer, string][] = [
    ['', 'MALFORMED_JSON'],
    ['{"records":[{"value":"x"', 'MALFORMED_JSON'],
    ['[]', 'INVALID_BODY'],
    [record('['.repeat(20_000)), 'MALFORMED_JSON'],
    [record('"x","value":"y"'), 'INVALID_BODY'],
    [Buffer.from(record('"\xff"'), 'latin1'), 'MALFORMED_JSON'],
    [record(String.raw`"\ud800"`), 'INVALID_BODY'],
    [`\ufeff${BODY}`, 'MALFORMED_JSON'],
    [`${BODY}x`, 'MALFORMED_JSON']
  ]
  for (const [body, code] of bodies) {
    client.send(post([`Content-Length: ${Buffer.byteLength(body)}`])).send(body)
    const answer = await client.answer()
    assert.deepEqual([answer.status, codeIn(answer.body)], [400, code], body.toString().slice(0, 60))
  }
  assert.equal(budget.usedBytes, 0)
  client.close()
})
