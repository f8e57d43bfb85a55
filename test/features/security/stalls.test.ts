import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { connect as connectPlain } from 'node:net'
import { after, before, suite, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { connect } from 'node:tls'
import { gzipSync } from 'node:zlib'
import { hostileHeads } from '../../../bench/micro/hostile-heads.ts'
import { hostileBodies } from '../../../bench/micro/hostile.ts'
import { RawClient } from '../../http/support/raw-client.ts'
import { alone } from '../../support/alone.ts'
import { TestGateway } from '../../support/gateway.ts'
import { longestTurnMs } from '../../support/loop-watch.ts'

await alone()

/** What one request of somebody without a token may hold up all others. */
const MOST_MS = 20
const ROOM_BYTES = 30 * 1024

const fill = (piece: string) => piece.repeat(Math.floor(ROOM_BYTES / piece.length))
const part = (value: string | object) =>
  Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url')
const request = (line: string, ...fields: readonly string[]) =>
  [`${line} HTTP/1.1`, 'Host: x', ...fields, '', ''].join('\r\n')

/** Tokens as dear as their makers could think of; none was signed by anybody. */
function tokens(issuer: string): Record<string, string> {
  const claims = part({ iss: issuer, aud: 'x', exp: 9_999_999_999 })
  const most = 16_000
  const nested = (depth: number) => `${'['.repeat(depth)}${']'.repeat(depth)}`
  return {
    'of the letter a': 'a'.repeat(most),
    'of dots': '.'.repeat(most),
    'of equal signs': `a${'='.repeat(most)}`,
    'of equal signs before a letter': `${'='.repeat(most)}a`,
    'of spaces': `${' '.repeat(most)}é`,
    'longer than any': 'a'.repeat(ROOM_BYTES),
    'whose header nests': `${part(`{"alg":"RS256","x":${nested(5500)}}`)}.${claims}.c2ln`,
    'whose claims nest': `${part({ alg: 'RS256', kid: 'x' })}.${part(`{"iss":"${issuer}","x":${nested(5500)}}`)}.c2ln`,
    'with a kid of 10 KB': `${part({ alg: 'RS256', kid: 'k'.repeat(10_000) })}.${claims}.c2ln`,
    'with many claims': `${part({ alg: 'RS256' })}.${part(Object.fromEntries(Array.from({ length: 900 }, (_, at) => [`c${at}`, at])))}.c2ln`,
    'with an issuer of hexadecimal digits': `${part({ alg: 'RS256' })}.${part({ iss: '0a'.repeat(5000) })}.c2ln`,
    'with a long signature': `${part({ alg: 'RS256' })}.${claims}.${'A'.repeat(15_000)}`,
    'with an unsigned algorithm': `${part({ alg: 'none' })}.${claims}.`
  }
}

/** Whole requests that say who sends them, or nobody. */
function requests(): Record<string, string | Buffer> {
  const paths = {
    slashes: fill('/'),
    'encoded slashes': `/${fill('%2f')}`,
    'broken escapes': `/v1/topics/${fill('%')}`,
    'a topic of percent escapes': `/v1/producer/topics/${fill('%41')}`,
    dots: `/v1/${fill('../')}`,
    'a query of ampersands': `/v1/metadata/topics?${fill('&')}`,
    'a query of equal signs': `/openapi.json?${fill('=')}`,
    'a query of escapes': `/health/ready?${fill('%zz')}`,
    'an absolute form': `http://${fill('x')}/v1/metadata/topics`,
    'an absolute form without a path': `http://${fill('?')}`
  }
  const fields = {
    'Accept-Encoding of commas': `Accept-Encoding: ${fill(',')}`,
    'Accept-Encoding of semicolons': `Accept-Encoding: ${fill(';q=')}`,
    'Accept-Encoding of many codings': `Accept-Encoding: ${fill('gzip;q=0.1, ')}`,
    'If-None-Match of commas': `If-None-Match: ${fill(',')}`,
    'If-None-Match of tags': `If-None-Match: ${fill('W/"x", ')}`,
    'If-None-Match of spaces': `If-None-Match: a${fill(' ')}b`,
    'X-Request-Id of letters': `X-Request-Id: ${fill('a')}`,
    traceparent: `traceparent: ${fill('0')}`,
    tracestate: `tracestate: ${fill('a=b,')}`,
    Origin: `Origin: ${fill('a')}`,
    Expect: `Expect: ${fill('100-continue, ')}`,
    Connection: `Connection: ${fill('a, ')}`,
    'Transfer-Encoding': `Transfer-Encoding: ${fill('chunked, ')}`,
    Upgrade: `Upgrade: ${fill('h2c, ')}`,
    'Content-Type': `Content-Type: application/${fill('json+')}`,
    Host: `Host: ${fill('x,')}`
  }
  const post = 'POST /v1/producer/topics/a'
  const bomb = gzipSync(Buffer.alloc(16 * 1024 * 1024))
  const upload = (body: Buffer, ...more: readonly string[]) =>
    Buffer.concat([Buffer.from(request(post, `Content-Length: ${body.length}`, ...more)), body])
  return {
    ...Object.fromEntries(hostileHeads().map(({ name, bytes }) => [`head: ${name}`, bytes])),
    ...Object.fromEntries(Object.entries(paths).map(([name, path]) => [`path: ${name}`, request(`GET ${path}`)])),
    ...Object.fromEntries(
      Object.entries(fields).map(([name, field]) => [`field: ${name}`, request('GET /openapi.json', field)])
    ),
    ...Object.fromEntries(hostileBodies().map(({ name, body }) => [`body: ${name}`, upload(body)])),
    'body: gzip of 16 MB of zeros': upload(bomb, 'Content-Encoding: gzip'),
    'body: chunks of one byte': request(post, 'Transfer-Encoding: chunked') + '1\r\nx\r\n'.repeat(50_000),
    'body: a chunk extension': `${request(post, 'Transfer-Encoding: chunked')}1;${'x'.repeat(100_000)}\r\nx\r\n`,
    'no request at all': '\0'.repeat(100_000),
    'line feeds': '\n'.repeat(100_000)
  }
}

suite('A request of somebody without a token', () => {
  let gateway: TestGateway
  let ca: Buffer

  before(async () => {
    gateway = await TestGateway.start({ settings: { management: { port: 0, token: 'secret' } } })
    ca = readFileSync(gateway.services.certificates.caFile)
  })

  after(() => gateway.close())

  async function connected(): Promise<RawClient> {
    const client = new RawClient(connect({ port: gateway.port, host: '127.0.0.1', servername: 'localhost', ca }))
    await new Promise(resolve => client.socket.once('secureConnect', resolve))
    return client
  }

  /** From the first byte sent until the gateway has answered, or said nothing for a while. */
  async function stallOf(client: RawClient, bytes: string | Buffer): Promise<number> {
    const answered = Promise.race([
      client
        .send(bytes)
        .answer()
        .catch(() => undefined),
      sleep(600)
    ])
    const longestMs = await longestTurnMs(answered)
    client.close()
    return longestMs
  }

  async function judge(all: Readonly<Record<string, string | Buffer>>): Promise<void> {
    const stalls: [string, number][] = []
    for (const [name, bytes] of Object.entries(all)) {
      let longestMs = await stallOf(await connected(), bytes)
      // A collection of garbage may fall into a turn, not into each: the least of three is what the request costs.
      for (let again = 0; again < 2 && longestMs > MOST_MS; again++)
        longestMs = Math.min(longestMs, await stallOf(await connected(), bytes))
      stalls.push([name, longestMs])
    }
    const longest = stalls.toSorted(([, one], [, other]) => other - one).slice(0, 8)
    assert.deepEqual(
      longest.filter(([, ms]) => ms > MOST_MS),
      []
    )
  }

  test('holds the event loop for no longer than 20 ms, whatever it is', { timeout: 120_000 }, () => judge(requests()))

  test(
    'a thousand times in one piece holds it as long as those do that are answered',
    { timeout: 20_000 },
    async () => {
      // Sixty-four of them are: the rest must not be served just because it arrived with them.
      for (const line of ['GET /health/live', 'GET /v1/metadata/topics']) {
        const longestMs = await stallOf(await connected(), request(line).repeat(1000))
        assert.ok(longestMs < 4 * MOST_MS, `${line}: ${longestMs} ms`)
      }
    }
  )

  test('with any token holds it for no longer than 20 ms', { timeout: 60_000 }, async () => {
    const { issuer } = gateway.services.settings().auth.oidc[0]
    const lines = Object.entries(tokens(issuer)).map(([name, token]) => [
      name,
      request('GET /v1/metadata/topics', `Authorization: Bearer ${token}`)
    ])
    await judge(Object.fromEntries(lines))
  })

  test('to the management listener holds it for no longer than 20 ms', { timeout: 60_000 }, async () => {
    const port = gateway.server.managementPort
    assert.ok(port !== undefined)
    for (const line of ['GET /metrics', 'GET /health/ready', 'GET /log-level']) {
      for (const field of [`Authorization: Bearer ${fill('a')}`, `Accept: ${fill('text/plain;q=0.1, ')}`]) {
        const longestMs = await stallOf(new RawClient(connectPlain(port, '127.0.0.1')), request(line, field))
        assert.ok(longestMs < MOST_MS, `${line}: ${longestMs} ms`)
      }
    }
  })
})
