import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { after, before, suite, test } from 'node:test'
import { connect } from 'node:tls'
import { appWithGroups } from '../../../src/dev/identity/directory.ts'
import { RawClient, type RawAnswer } from '../../http/support/raw-client.ts'
import { TestGateway, uniqueTopic } from '../../support/gateway.ts'

const SECOND = 'GET /v1/metadata/brokers HTTP/1.1\r\nHost: x\r\n\r\n'

suite('An attacker on the wire', () => {
  let gateway: TestGateway
  let token: string

  before(async () => {
    gateway = await TestGateway.start({ settings: { limits: { headersTimeoutMs: 1000, bodyTimeoutMs: 1500 } } })
    token = await gateway.token(appWithGroups)
  })

  after(() => gateway.close())

  function open(): RawClient {
    const ca = readFileSync(gateway.services.certificates.caFile)
    return new RawClient(connect({ port: gateway.port, host: '127.0.0.1', servername: 'localhost', ca }))
  }

  const request = (line: string, headers: readonly string[] = [], body = '') =>
    [`${line} HTTP/1.1`, 'Host: x', `Authorization: Bearer ${token}`, ...headers, '', body].join('\r\n')

  async function send(bytes: string | Buffer): Promise<RawAnswer> {
    const client = open().send(bytes)
    const answer = await client.answer()
    client.close()
    return answer
  }

  const outcome = ({ status, body }: RawAnswer): string =>
    `${status} ${(JSON.parse(body) as { code?: string }).code ?? ''}`.trim()

  test('gets no second request past the first by a doubtful length', { timeout: 60_000 }, async () => {
    const smuggled: Record<string, readonly string[]> = {
      'length and chunks': ['Content-Length: 4', 'Transfer-Encoding: chunked'],
      'chunks and length': ['Transfer-Encoding: chunked', 'Content-Length: 4'],
      'two lengths': ['Content-Length: 0', 'Content-Length: 44'],
      'the same length twice': ['Content-Length: 2', 'Content-Length: 2'],
      'a list of lengths': ['Content-Length: 2, 2'],
      'a signed length': ['Content-Length: +2'],
      'a hexadecimal length': ['Content-Length: 0x2'],
      'a length beyond 64 bits': ['Content-Length: 18446744073709551618'],
      'chunked in disguise': ['Transfer-Encoding: xchunked'],
      'chunked not last': ['Transfer-Encoding: chunked, identity'],
      'a space before the colon': ['Transfer-Encoding : chunked'],
      'a folded line': ['Transfer-Encoding:', ' chunked'],
      'a bare line feed in the value': ['X: y\nTransfer-Encoding: chunked'],
      'a control character in the value': ['Transfer-Encoding: \vchunked'],
      'chunks over HTTP in quotes': ['Transfer-Encoding: "chunked"']
    }
    for (const [name, headers] of Object.entries(smuggled)) {
      const client = open().send(request('POST /v1/producer/topics/a', headers, `0\r\n\r\n${SECOND}`))
      const first = await client.answer()
      assert.ok([400, 415].includes(first.status), `${name}: ${first.status} ${first.body}`)
      // Nothing of what follows is taken for a request: a 401 would be its answer.
      assert.equal(await client.ended(), '', name)
    }
  })

  test('is told 431 and 414 for what is too long, and cut off when slow', { timeout: 30_000 }, async () => {
    assert.equal(
      outcome(await send(request('GET /v1/metadata/topics', [`X: ${'y'.repeat(40_000)}`]))),
      '431 HEADERS_TOO_LARGE'
    )
    // Which of the two depends on how TLS cuts the line.
    assert.match(outcome(await send(request(`GET /${'y'.repeat(40_000)}`))), /^(414 URI|431 HEADERS)_TOO_/)
    assert.equal(outcome(await send('GET / HTTP/1.1\r\nHost: x\r\nX: y')), '408 REQUEST_TIMEOUT')
    const slow = request('POST /v1/producer/topics/a', ['Content-Length: 100'], '{')
    assert.equal(outcome(await send(slow)), '408 REQUEST_TIMEOUT')
  })

  test('reaches no other resource by another spelling of its path', { timeout: 30_000 }, async () => {
    const topic = uniqueTopic('path')
    await gateway.createTopic(topic)
    const partitions = (name: string) => `/v1/metadata/topics/${name}/partitions`
    const spelled: [string, string][] = [
      [partitions(topic), '200'],
      [partitions(topic.replace('p', '%70')), '200'],
      [`http://elsewhere.example${partitions(topic)}`, '200'],
      [`//v1/metadata/topics`, '404 ROUTE_NOT_FOUND'],
      ['/v1//metadata/topics', '404 ROUTE_NOT_FOUND'],
      ['/v1/metadata/topics/', '404 ROUTE_NOT_FOUND'],
      ['/v1/x/../metadata/topics', '404 ROUTE_NOT_FOUND'],
      ['/v1/%6detadata/topics', '404 ROUTE_NOT_FOUND'],
      ['/V1/metadata/topics', '404 ROUTE_NOT_FOUND'],
      ['/v1\\metadata\\topics', '404 ROUTE_NOT_FOUND'],
      ['/health/live/../../v1/metadata/topics', '404 ROUTE_NOT_FOUND'],
      ['/health%2flive', '404 ROUTE_NOT_FOUND'],
      ['*', '404 ROUTE_NOT_FOUND'],
      [partitions('%2e%2e'), '404 TOPIC_NOT_FOUND'],
      [partitions('..'), '404 TOPIC_NOT_FOUND'],
      [partitions(`x%2f..%2f${topic}`), '404 TOPIC_NOT_FOUND'],
      [partitions(`${topic}%00`), '404 TOPIC_NOT_FOUND'],
      [partitions(`${topic}%0a`), '404 TOPIC_NOT_FOUND'],
      [partitions(`${topic}%2570`), '404 TOPIC_NOT_FOUND'],
      [partitions('%c0%ae%c0%ae'), '400 BAD_REQUEST'],
      [partitions('%ff'), '400 BAD_REQUEST'],
      [partitions('%u002e'), '400 BAD_REQUEST'],
      [partitions('%'), '400 BAD_REQUEST'],
      [partitions('__consumer_offsets%20'), '404 TOPIC_NOT_FOUND'],
      ['/v1/consumer/topics/%5f%5fconsumer_offsets/partitions/0/offsets/0', '403 INTERNAL_TOPIC']
    ]
    for (const [path, expected] of spelled) assert.equal(outcome(await send(request(`GET ${path}`))), expected, path)
    for (const bytes of ['\0', '\x01', '\x7f', ' x']) {
      const answer = outcome(await send(request(`GET /v1/metadata/topics${bytes}`)))
      assert.match(answer, /^40[04] (BAD_REQUEST|ROUTE_NOT_FOUND)$/, JSON.stringify(bytes))
    }
  })

  test('poisons no prototype', { timeout: 30_000 }, async () => {
    const record = '{"value":1}'
    const poisoned: [string, string][] = [
      [`{"__proto__":{"records":[${record}]}}`, '400 INVALID_BODY'],
      [`{"records":[${record}],"__proto__":{"polluted":1}}`, '400 INVALID_BODY'],
      [`{"records":[${record}],"constructor":{"prototype":{"polluted":1}}}`, '400 INVALID_BODY'],
      ['{"records":[{"__proto__":{"value":1}}]}', '400 INVALID_BODY'],
      ['{"records":[{"value":1,"toString":1}]}', '400 INVALID_BODY'],
      ['{"records":[{"value":1,"\\u005f_proto__":1}]}', '400 INVALID_BODY']
    ]
    const post = (line: string, body: string) => send(request(line, [`Content-Length: ${body.length}`], body))
    for (const [body, expected] of poisoned)
      assert.equal(outcome(await post('POST /v1/producer/topics/a', body)), expected, body)
    for (const name of ['__proto__', 'constructor', 'prototype', 'hasOwnProperty']) {
      const body = `{"topic_properties":{"${name}":"1"}}`
      assert.match(outcome(await post(`PUT /v1/topics/${uniqueTopic('proto')}`, body)), /^400 INVALID_/, name)
      assert.equal(
        outcome(await post(`PUT /v1/topics/${uniqueTopic('proto')}`, `{"topic_properties":{"${name}":{"x":1}}}`)),
        '400 INVALID_BODY'
      )
      assert.equal(outcome(await send(request(`GET /v1/metadata/topics/${name}/partitions`))), '404 TOPIC_NOT_FOUND')
    }
    assert.equal(Object.keys(Object.prototype).length, 0)
    assert.equal(({} as { polluted?: number }).polluted, undefined)
  })

  test('stores what looks like poison as the text that it is', { timeout: 30_000 }, async () => {
    const topic = uniqueTopic('proto-value')
    await gateway.createTopic(topic)
    const value = '{"__proto__":{"polluted":1},"constructor":2}'
    const { status } = await gateway.request('POST', `/v1/producer/topics/${topic}`, {
      body: `{"records":[{"value":${value}}]}`
    })
    assert.equal(status, 200)
    const { json } = await gateway.read(topic, 0, 0)
    assert.equal(json.records[0].value, value)
  })

  test('chooses no answer header and no id beyond a plain one', { timeout: 30_000 }, async () => {
    for (const id of ['a b', 'x\u001b[31m', 'a'.repeat(65), '{"level":"error"}', 'é', 'a,b']) {
      const { headers } = await send(request('GET /v1/metadata/topics', [`X-Request-Id: ${id}`]))
      assert.match(headers['x-request-id'], /^[0-9a-f-]{36}$/, id)
    }
    const { headers } = await send(request('GET /v1/metadata/topics%0d%0aSet-Cookie:x=1?a=%0d%0aSet-Cookie:y=1'))
    assert.equal(headers['set-cookie'], undefined)
  })
})
