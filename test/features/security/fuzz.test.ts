import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect } from 'node:net'
import { after, before, suite, test } from 'node:test'
import { gzipSync } from 'node:zlib'
import fc from 'fast-check'
import { errorNumbers } from '../../../src/api/v1/errors.ts'
import { ByteBudget } from '../../../src/core/byte-budget.ts'
import { HttpFront } from '../../../src/http/server.ts'
import { authenticator, apisForTests, limitsForTests } from '../../http/support/front.ts'
import { longestTurnMs } from '../../support/loop-watch.ts'

/** Cases of each property; more with the environment variable, for a night's run. */
const RUNS = Number(process.env.KAFKA_REST_FUZZ_RUNS ?? 400)
/** What a case may take before it counts as hanging. */
const CASE_MS = 4000
/** Processor time that a case may take in one turn of the event loop. */
const TURN_MS = 20

const PATHS = [
  '/v1/topics/a',
  '/v1/metadata/brokers',
  '/v1/metadata/topics',
  '/v1/metadata/topics/a/partitions',
  '/v1/metadata/topics/a/partitions/0',
  '/v1/producer/topics/a',
  '/v1/consumer/topics/a/partitions/0/offsets/0?count=3',
  '/health/live',
  '/topics/a',
  '/topics/a/partitions/0',
  '/topics/a/partitions/0/records?offset=0&include=timestamp',
  '/consumers/g',
  '/consumers/g/instances/i',
  '/consumers/g/instances/i/records?timeout=0&max_bytes=1',
  '/consumers/g/instances/i/offsets?topic=a&partition=0',
  '/consumers/g/instances/i/positions',
  '/admin/topics'
]
const BODIES = [
  '',
  '{}',
  '{"records":[{"key":"k","value":{"a":[1,2.50,null]},"partition":0}]}',
  '{"records":[{"value":"x","headers":[{"key":"h","value":null}],"timestamp":1}]}',
  '{"partition_count":3,"replication_factor":1,"topic_properties":{"retention.ms":1}}',
  '{"topic_name":"a","partitions_count":"3"}',
  '{"name":"i","format":"JSON","auto.commit.enable":"false","fetch.min.bytes":-1}',
  '{"offsets":[{"topic":"a","partition":0,"offset":7,"metadata":null}],"timestamps":[{"topic":"a","partition":"0","timestamp":"2020-10-30T19:39:45Z"}]}',
  '{"topics":["a"],"topic_pattern":"a.*"}'
]

const METHODS = ['GET', 'HEAD', 'PUT', 'POST', 'DELETE', 'OPTIONS', 'PATCH', 'TRACE', 'CONNECT', 'M-SEARCH', 'get', 'X']
const SPLINTERS = [
  '%',
  '%2e',
  '%2f',
  '%00',
  '%c0%ae',
  '//',
  '/../',
  '\\',
  '?',
  '#',
  '\0',
  '\r',
  '\n',
  '\r\n',
  '\r\n\r\n',
  ' ',
  '\t',
  '__proto__',
  'constructor',
  '"',
  '{',
  '[',
  ']',
  '}',
  ':',
  ',',
  '\\u0000',
  '\\ud800',
  '1e999',
  '-0',
  'ÿ',
  '\u001b[2J',
  'Transfer-Encoding: chunked\r\n',
  'Content-Length: 5\r\n',
  'Expect: 100-continue\r\n',
  'Connection: close\r\n',
  '0\r\n\r\n',
  'Content-Encoding: gzip\r\n',
  'Upgrade: h2c\r\nConnection: Upgrade\r\n',
  'HTTP/1.1',
  'HTTP/1.0',
  'Host: y\r\n',
  'zz\r\n'
]

interface Mutation {
  readonly at: number
  readonly removed: number
  readonly text: string
}

const mutations = (most: number) =>
  fc.array(
    fc.record({
      at: fc.nat(5000),
      removed: fc.nat(4),
      text: fc.oneof(fc.constantFrom(...SPLINTERS), fc.string({ unit: 'binary', maxLength: 3 }))
    }),
    { maxLength: most }
  )

function mutated(text: string, steps: readonly Mutation[]): string {
  let result = text
  for (const { at, removed, text: splinter } of steps) {
    const start = at % (result.length + 1)
    result = result.slice(0, start) + splinter + result.slice(start + removed)
  }
  return result
}

interface Answer {
  readonly status: number
  readonly headers: ReadonlyMap<string, string>
  readonly body: string
}

/** All answers in what a connection returned, one after the other. */
function answersIn(received: string): Answer[] {
  const answers: Answer[] = []
  for (let at = 0; at < received.length;) {
    const end = received.indexOf('\r\n\r\n', at)
    assert.ok(end > 0, `an answer without an end of its headers: ${received.slice(at)}`)
    const [first, ...lines] = received.slice(at, end).split('\r\n')
    assert.match(first, /^HTTP\/1\.1 \d{3} /)
    const headers = new Map(lines.map(line => [line.split(':', 1)[0].toLowerCase(), line.slice(line.indexOf(':') + 2)]))
    const status = Number(first.slice(9, 12))
    at = end + 4
    // The answer to a HEAD has none of the body that it tells of.
    const absent = at === received.length || received.startsWith('HTTP/1.1 ', at)
    const length = absent ? 0 : Number(headers.get('content-length') ?? 0)
    answers.push({ status, headers, body: received.slice(at, at + length) })
    at += length
  }
  return answers
}

const CODES = new Map(Object.entries(errorNumbers))

function judge({ status, headers, body }: Answer): void {
  if (status === 100) return
  // The errors of v2 have a form of their own.
  const isV2 = headers.get('content-type')?.startsWith('application/vnd.kafka.') === true
  if (!isV2 && status !== 204) assert.equal(headers.get('content-type'), 'application/json; charset=utf-8')
  assert.equal(headers.get('x-content-type-options'), 'nosniff')
  assert.equal(headers.get('cache-control'), 'no-store')
  assert.match(headers.get('x-request-id') ?? '', /^[A-Za-z0-9._-]{1,64}$/)
  assert.ok(!headers.has('server') && !headers.has('x-powered-by'))
  assert.notEqual(status, 500, body)
  const json: unknown = body === '' ? undefined : JSON.parse(body)
  if (status < 300 || json === undefined) return
  const { error_code: errorCode, code, message, retriable } = json as Record<string, unknown>
  if (isV2) {
    assert.deepEqual([typeof errorCode, typeof message], ['number', 'string'])
    return
  }
  assert.equal(CODES.get(String(code)), errorCode)
  assert.equal(Math.floor(Number(errorCode) / 100), status)
  assert.deepEqual([typeof message, typeof retriable], ['string', 'boolean'])
}

suite('Whatever arrives', () => {
  let front: HttpFront
  let port: number
  let errors = 0
  const budget = new ByteBudget(8 * 1024 * 1024)

  before(async () => {
    const ignore = () => undefined
    const log = { debug: ignore, info: ignore, warn: ignore, error: () => void errors++, request: ignore }
    const limits = { ...limitsForTests, headersTimeoutMs: 1000, bodyTimeoutMs: 1500 }
    const quotas = { overrides: [], principalsRemembered: 10 }
    const cors = { origins: ['https://app.example'], maxAgeMs: 1000 }
    front = new HttpFront({ apis: apisForTests(), authenticator, limits, quotas, cors, budget, log, tls: 'none' })
    port = await front.listen(['127.0.0.1'], 0)
  })

  after(() => front.close(0))

  async function exchange(bytes: string | Buffer): Promise<Answer[]> {
    let { answers, longestMs } = await timed(bytes)
    // A collection of garbage may fall into a turn, not into each.
    for (let again = 0; again < 2 && longestMs > TURN_MS; again++) longestMs = (await timed(bytes)).longestMs
    assert.ok(longestMs < TURN_MS, `the event loop is held for ${longestMs} ms`)
    return answers
  }

  async function timed(bytes: string | Buffer): Promise<{ answers: Answer[]; longestMs: number }> {
    const socket = connect(port, '127.0.0.1')
    const chunks: Buffer[] = []
    socket.on('data', (chunk: Buffer) => chunks.push(chunk))
    socket.on('error', () => undefined)
    socket.setTimeout(CASE_MS, () => socket.destroy(new Error('hangs')))
    const startedMs = performance.now()
    socket.end(typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes)
    const longestMs = await longestTurnMs(once(socket, 'close').catch(() => undefined))
    assert.ok(performance.now() - startedMs < CASE_MS, 'the connection hangs')
    return { answers: answersIn(Buffer.concat(chunks).toString('latin1')), longestMs }
  }

  async function holds(bytes: string | Buffer): Promise<void> {
    const answers = await exchange(bytes)
    answers.forEach(judge)
    const [health] = await exchange('GET /health/live HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n')
    assert.deepEqual([health.status, health.body], [200, '{"status":"ok"}'])
    assert.equal(errors, 0)
  }

  const check = <T>(property: fc.IAsyncProperty<T>) => fc.assert(property, { numRuns: RUNS })

  test(
    'a request bent out of shape is answered as documented, never with 500',
    { timeout: 120_000 + RUNS * 100 },
    async () => {
      const parts = fc.record({
        method: fc.constantFrom(...METHODS),
        path: fc.constantFrom(...PATHS),
        body: fc.constantFrom(...BODIES),
        bentPath: mutations(2),
        bentBody: mutations(3),
        bentWhole: mutations(2),
        coding: fc.constantFrom('declared', 'chunked', 'gzip'),
        token: fc.constantFrom('Authorization: Bearer good\r\n', 'Authorization: Bearer stranger\r\n', '')
      })
      const property = fc.asyncProperty(parts, async each => {
        const text = Buffer.from(mutated(each.body, each.bentBody), 'latin1')
        const body = each.coding === 'gzip' ? gzipSync(text) : text
        const framing = {
          declared: `Content-Length: ${body.length}\r\n\r\n`,
          gzip: `Content-Encoding: gzip\r\nContent-Length: ${body.length}\r\n\r\n`,
          chunked: `Transfer-Encoding: chunked\r\n\r\n${body.length.toString(16)}\r\n`
        }
        const line = `${each.method} ${mutated(each.path, each.bentPath)} HTTP/1.1\r\nHost: x\r\n`
        const tail = each.coding === 'chunked' ? '\r\n0\r\n\r\n' : ''
        const whole = line + each.token + framing[each.coding] + body.toString('latin1') + tail
        await holds(mutated(whole, each.bentWhole))
      })
      await check(property)
    }
  )

  test('bytes that are no request at all are answered or hung up on', { timeout: 120_000 + RUNS * 100 }, async () => {
    const bytes = fc.oneof(
      fc.uint8Array({ maxLength: 300 }),
      fc
        .array(fc.constantFrom(...SPLINTERS, ...METHODS, ...PATHS, ...BODIES), { maxLength: 20 })
        .map(all => Buffer.from(all.join('')))
    )
    await check(fc.asyncProperty(bytes, each => holds(Buffer.from(each))))
  })

  test('JSON of any form as a body is taken or refused as documented', { timeout: 120_000 + RUNS * 100 }, async () => {
    const names = [
      'records',
      'key',
      'value',
      'partition',
      'headers',
      'timestamp',
      'key_encoding',
      '__proto__',
      'constructor',
      'topic_properties',
      'topic',
      'topics',
      'topic_pattern',
      'topic_name',
      'partitions',
      'offsets',
      'offset',
      'timestamps',
      'metadata',
      'name',
      'format',
      'fetch.min.bytes',
      'auto.commit.enable'
    ]
    const json = fc.letrec<{ value: unknown }>(tie => ({
      value: fc.oneof(
        { maxDepth: 5 },
        fc.oneof(fc.string(), fc.double(), fc.integer(), fc.boolean(), fc.constant(null)),
        fc.array(tie('value'), { maxLength: 3 }),
        fc.array(fc.tuple(fc.constantFrom(...names), tie('value')), { maxLength: 4 }).map(members => new Map(members))
      )
    })).value
    const text = (value: unknown): string => {
      if (value instanceof Map)
        return `{${[...value].map(([name, member]) => `${JSON.stringify(name)}:${text(member)}`).join(',')}}`
      return Array.isArray(value) ? `[${value.map(text).join(',')}]` : JSON.stringify(value)
    }
    const v1 = ['POST /v1/producer/topics/a', 'PUT /v1/topics/a']
    const v2 = ['', 'subscription', 'assignments', 'offsets', 'positions', 'positions/end'].map(
      call => `POST /consumers/g${call === '' ? '' : `/instances/i/${call}`}`
    )
    const target = fc.constantFrom(...v1, 'POST /topics/a', 'POST /topics/a/partitions/0', 'POST /admin/topics', ...v2)
    const property = fc.asyncProperty(target, json, async (line, value) => {
      const isProduce = line.includes('/producer/') || line.startsWith('POST /topics/')
      const body = Buffer.from(isProduce ? `{"records":[${text(value)}]}` : text(value))
      const head = `${line} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer good\r\nContent-Length: ${body.length}\r\n\r\n`
      const answers = await exchange(Buffer.concat([Buffer.from(head), body]))
      assert.equal(answers.length, 1)
      answers.forEach(judge)
      const documented = line.includes(' /v1/') ? [200, 400] : [200, 201, 204, 400, 404, 422]
      assert.ok(documented.includes(answers[0].status), String(answers[0].status))
    })
    await check(property)
  })

  test('nothing is left of all that', () => {
    assert.equal(budget.usedBytes, 0)
    assert.equal(errors, 0)
  })
})
