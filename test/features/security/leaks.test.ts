import assert from 'node:assert/strict'
import { test } from 'node:test'
import { bearerToken } from '../../../src/auth/bearer.ts'
import { ByteBudget } from '../../../src/core/byte-budget.ts'
import { acceptsGzip } from '../../../src/http/accept-encoding.ts'
import { assertJsonBody } from '../../../src/http/media-type.ts'
import { chooseType, parseType } from '../../../src/http/negotiate.ts'
import { HttpFront } from '../../../src/http/server.ts'
import { createLogger } from '../../../src/telemetry/logger.ts'
import { authenticator, apisForTests, limitsForTests } from '../../http/support/front.ts'
import { RawClient } from '../../http/support/raw-client.ts'

const TOKEN = 'eyJhbGciOiJub25lIn0.c2VjcmV0LXRva2Vu.c2ln'

test(
  'no answer, no line of the log at any level and no line of the audit log holds a token',
  { timeout: 20_000 },
  async t => {
    let logged = ''
    let answered = ''
    const log = createLogger('trace', { write: (line: string) => void (logged += line) })
    const front = new HttpFront({
      apis: apisForTests(),
      authenticator,
      limits: limitsForTests,
      quotas: { overrides: [], principalsRemembered: 10 },
      cors: { origins: ['https://app.example'], maxAgeMs: 1000 },
      audit: line => void (logged += line),
      budget: new ByteBudget(1024 * 1024),
      log,
      tls: 'none'
    })
    const port = await front.listen(['127.0.0.1'], 0)
    t.after(() => front.close(0))
    const heads = [
      `GET /v1/metadata/topics HTTP/1.1\r\nAuthorization: Bearer ${TOKEN}`,
      `GET /v1/metadata/topics HTTP/1.1\r\nAuthorization: Bearer good\r\nX-Other: ${TOKEN}`,
      `GET /v1/metadata/topics?access_token=${TOKEN} HTTP/1.1\r\nAuthorization: Bearer good`,
      `GET /nowhere?access_token=${TOKEN} HTTP/1.1`,
      `GET /v1/metadata/topics HTTP/1.1\r\nX-Request-Id: ${TOKEN} ${TOKEN}\r\nAuthorization: Basic ${TOKEN}`,
      `OPTIONS / HTTP/1.1\r\nOrigin: https://${TOKEN}\r\nAccess-Control-Request-Method: GET`,
      `GET / HTTP/1.1\r\nbad header ${TOKEN}`,
      `POST /v1/producer/topics/a HTTP/1.1\r\nAuthorization: Bearer good\r\nContent-Type: ${TOKEN}\r\nContent-Length: 1`
    ]
    for (const head of heads) {
      const client = new RawClient(port).send(`${head}\r\nHost: x\r\n\r\nx`)
      const { headers, body } = await client.answer()
      answered += JSON.stringify(headers) + body
      client.close()
    }
    await new Promise(resolve => setTimeout(resolve, 50))
    assert.ok(logged.split('\n').length > heads.length)
    assert.doesNotMatch(logged + answered, /c2VjcmV0|eyJhbGci/)
  }
)

test('no line of the log is begun, ended or coloured by a caller', { timeout: 20_000 }, async t => {
  const lines: string[] = []
  const log = createLogger('trace', { write: (line: string) => void lines.push(line) })
  const front = new HttpFront({
    apis: apisForTests(),
    authenticator,
    limits: limitsForTests,
    quotas: { overrides: [], principalsRemembered: 10 },
    cors: { origins: [], maxAgeMs: 1000 },
    audit: line => void lines.push(line),
    budget: new ByteBudget(1024 * 1024),
    log,
    tls: 'none'
  })
  const port = await front.listen(['127.0.0.1'], 0)
  t.after(() => front.close(0))
  const escape = '\u001b[31m'
  const paths = [
    '/v1/topics/a%0a{"level":"fatal"}',
    '/v1/topics/a%1b%5b31m',
    '/v1/topics/"},{"x":"',
    `/v1/topics/%0d%0a`
  ]
  for (const path of paths) {
    const fields = `Authorization: Bearer good\r\nUser-Agent: ${escape}\r\nX-Request-Id: ${escape}`
    const client = new RawClient(port).send(`DELETE ${path} HTTP/1.1\r\nHost: x\r\n${fields}\r\n\r\n`)
    await client.answer()
    client.close()
  }
  await new Promise(resolve => setTimeout(resolve, 50))
  assert.ok(lines.length >= paths.length)
  for (const line of lines) {
    // oxlint-disable-next-line no-control-regex -- control characters are what must not be there
    assert.match(line, /^[^\x00-\x1f\x7f]*\n$/)
    assert.equal(typeof JSON.parse(line), 'object')
  }
})

/** Milliseconds for the fastest of several runs. */
function fastestMs(act: () => void): number {
  let fastest = Infinity
  for (let run = 0; run < 7; run++) {
    const startedMs = performance.now()
    for (let n = 0; n < 20; n++) act()
    fastest = Math.min(fastest, performance.now() - startedMs)
  }
  return fastest
}

test(
  'what reads header fields takes time in proportion to their length, however they are made',
  { timeout: 60_000 },
  () => {
    const quietly = (act: () => unknown) => () => {
      try {
        act()
      } catch {}
    }
    const offers = ['a/b', 'a/*+json']
    const readers: Record<string, (length: number) => () => void> = {
      'spaces in a token': length => quietly(() => bearerToken(`bearer ${' '.repeat(length)}!`)),
      'equals signs in a token': length => quietly(() => bearerToken(`bearer a${'='.repeat(length)} !`)),
      'a long token': length => quietly(() => bearerToken(`bearer ${'a'.repeat(length)}!`)),
      'a list of codings': length => quietly(() => acceptsGzip('gzip;q=0 ,'.repeat(length / 10))),
      'a list of parameters': length => quietly(() => acceptsGzip(`gzip${' ;'.repeat(length / 2)}`)),
      'a long media type': length =>
        quietly(() => assertJsonBody({ 'content-type': `application/${'a+'.repeat(length / 2)}x` })),
      'media type parameters': length =>
        quietly(() => assertJsonBody({ 'content-type': `application/json${'; charset'.repeat(length / 9)}` })),
      'parameters of any type': length => quietly(() => parseType(`a/b${';x="\\"'.repeat(length / 6)}`)),
      'a list of types': length => quietly(() => chooseType('a/b;q=0 ,'.repeat(length / 9), offers))
    }
    for (const [name, make] of Object.entries(readers)) {
      const short = fastestMs(make(1500))
      const long = fastestMs(make(15_000))
      // Ten times as long: linear is 10, quadratic 100. What takes next to no time is no attack.
      assert.ok(long < 5 || long / short < 45, `${name}: ${short} ms, ${long} ms`)
    }
  }
)
