import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises'
import { connect } from 'node:tls'
import { queryObjects } from 'node:v8'
import * as fc from 'fast-check'
import { DirectConnection } from '../../../src/http/direct/direct-connection.ts'
import { ca, tls } from '../support/certificate.ts'
import { emptyPage, pageOf, startFront } from '../support/front.ts'
import { RawClient, rawRequest } from '../support/raw-client.ts'
import { waitUntil } from '../support/wait-until.ts'

const PRODUCE = 'POST /v1/producer/topics/a'
const READ = 'GET /v1/consumer/topics/a/partitions/0/offsets/0'
/** Any field twice is more than the direct path understands. */
const BY_NODE = ['X-By: node', 'X-By: node']
/** Answered with 304, which tells the length of what it does not send. */
const UNCHANGED = 'If-None-Match: *'

function produce(records: number, padding = 0, headers: readonly string[] = []): string {
  const body = `{"records":[${Array(records).fill('{"value":1}').join(',')}]}${' '.repeat(padding)}`
  return rawRequest(PRODUCE, [`Content-Length: ${body.length}`, ...headers], body)
}

function offsets(records: number): string {
  const each = Array.from({ length: records }, (_, offset) => `{"partition":0,"offset":${offset}}`)
  return `{"offsets":[${each.join(',')}]}`
}

const chunked = (body: string) => `${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n`
const LIST = '{"topics":["a","b"]}'

/** Requests and what is answered: status, and the body where that tells one from another. */
const kinds = fc.oneof(
  fc.constant([rawRequest('GET /v1/metadata/topics'), 200, LIST] as const),
  fc.integer({ min: 1, max: 30 }).map(count => [produce(count), 200, offsets(count)] as const),
  fc.integer({ min: 1, max: 3 }).map(count => [produce(count, 20_000), 200, offsets(count)] as const),
  fc.integer({ min: 1, max: 3 }).map(count => [produce(count, 0, BY_NODE), 200, offsets(count)] as const),
  fc.constant([
    rawRequest(PRODUCE, ['Transfer-Encoding: chunked'], chunked('{"records":[{"value":1}]}')),
    200,
    offsets(1)
  ] as const),
  fc.constant([rawRequest('GET /nowhere'), 404, undefined] as const),
  fc.constant([rawRequest(PRODUCE, ['Content-Length: 2'], '[]'), 400, undefined] as const)
)
const sizes = fc.oneof(fc.constant(Infinity), fc.integer({ min: 1, max: 40 }), fc.integer({ min: 41, max: 3000 }))
const pauses = fc.constantFrom('none', 'none', 'turn', 'answers')

suite('The direct path', () => {
  for (const secure of [false, true]) {
    const name = `answers whatever comes over ${secure ? 'TLS' : 'TCP'} in its order, in whatever pieces, be it plain or not`
    test(name, { timeout: 60_000 }, async t => {
      const { port } = await startFront(t, secure ? { tls } : {})
      await fc.assert(
        fc.asyncProperty(
          fc.array(kinds, { minLength: 1, maxLength: 6 }),
          fc.array(fc.tuple(sizes, pauses), { minLength: 1, maxLength: 8 }),
          async (requests, cuts) => {
            const client = new RawClient(secure ? connect({ port, ca, servername: 'localhost' }) : port)
            const text = requests.map(([request]) => request).join('')
            const ends = requests.map((_, at) =>
              requests.slice(0, at + 1).reduce((sum, [request]) => sum + request.length, 0)
            )
            let answered = 0
            const takeUpTo = async (sent: number) => {
              for (; answered < requests.length && ends[answered] <= sent; answered++) {
                const { status, body } = await client.answer()
                const [, expected, expectedBody] = requests[answered]
                assert.deepEqual([status, expectedBody && body], [expected, expectedBody])
              }
            }
            for (let sent = 0, cut = 0; sent < text.length; cut++) {
              // Tiny pieces only for a while: a hundred are as good as ten thousand.
              const [size, pause] = cut < 100 ? cuts[cut % cuts.length] : ([Infinity, 'none'] as const)
              client.send(text.slice(sent, sent + size))
              sent += size
              if (pause === 'turn') await nextTurn()
              if (pause === 'answers') await takeUpTo(sent)
            }
            await takeUpTo(text.length)
            client.close()
          }
        ),
        { numRuns: 200 }
      )
    })
  }

  test('writes the same bytes as Node, but for the date', { timeout: 10_000 }, async t => {
    // Longer than the memory in front of a page, with the rest of its head.
    const longOrigin = `https://${'a'.repeat(1000)}.example`
    const { port } = await startFront(t, {
      gateway: {
        consume: (_call, { count }) =>
          Promise.resolve(count === 1 ? emptyPage(7) : pageOf(Buffer.alloc(count * 2500, 'a')))
      },
      cors: { origins: ['https://a.example', longOrigin] }
    })
    const known = ['X-Request-Id: one']
    const requests: (readonly [line: string, headers: readonly string[], body?: string])[] = [
      ['GET /v1/metadata/topics', known],
      ['GET /v1/metadata/topics', [...known, 'Origin: https://a.example']],
      [READ, known],
      [`${READ}?count=2`, known],
      [`${READ}?count=2`, [...known, 'Accept-Encoding: gzip']],
      [`${READ}?count=2`, [...known, `Origin: ${longOrigin}`]],
      [`${READ}?count=8`, known],
      [`${READ}?count=8`, [...known, `Origin: ${longOrigin}`]],
      [PRODUCE, [...known, 'Content-Length: 25'], '{"records":[{"value":1}]}'],
      [PRODUCE, [...known, 'Content-Length: 2'], '{}'],
      [PRODUCE, [...known, 'Content-Length: 0']],
      ['POST /v1/metadata/topics', [...known, 'Content-Length: 0']],
      ['GET /nowhere', known],
      ['GET /health/live', known],
      ['GET /openapi.json', known],
      ['GET /openapi.json', [...known, UNCHANGED]]
    ]
    for (const [line, headers, body] of requests) {
      const answers = []
      for (const way of [headers, [...headers, ...BY_NODE]]) {
        const client = new RawClient(port)
        const received: Buffer[] = []
        client.socket.on('data', piece => received.push(piece))
        client.send(rawRequest(line, way, body))
        await client.answer(!headers.includes(UNCHANGED))
        client.close()
        answers.push(
          Buffer.concat(received)
            .toString('latin1')
            .replace(/(?<=\r\nDate: ).{29}(?=\r\n)/, '(now)')
        )
      }
      assert.match(answers[0], /\r\nDate: \(now\)\r\n/)
      assert.equal(answers[0], answers[1], line)
    }
  })

  test('keeps a connection as long as it says, and not one that never speaks', { timeout: 10_000 }, async t => {
    const { port } = await startFront(t, { limits: { keepAliveTimeoutMs: 1000, headersTimeoutMs: 700 } })
    const startedMs = performance.now()
    await new RawClient(port).ended()
    assert.ok(performance.now() - startedMs < 2500)
    const client = new RawClient(port)
    for (const wait of [1000, 0]) {
      const { headers } = await client.send(rawRequest('GET /v1/metadata/topics')).answer()
      assert.deepEqual([headers.connection, headers['keep-alive']], ['keep-alive', 'timeout=1'])
      await sleep(wait)
    }
    assert.equal(await client.ended(), '')
  })

  // Over TLS the end of the client's side may come in one piece with its request.
  for (const secure of [false, true]) {
    const name = `a client that ends its side with its request over ${secure ? 'TLS' : 'TCP'} gets an answer that needs no waiting`
    test(name, { timeout: 10_000 }, async t => {
      const { port } = await startFront(t, secure ? { tls } : {})
      for (const line of ['GET /health/live', 'GET /v1/metadata/topics', 'GET /nowhere'])
        for (const way of [[], BY_NODE]) {
          const client = new RawClient(secure ? connect({ port, ca, servername: 'localhost' }) : port)
          client.socket.end(rawRequest(line, way))
          assert.match(await client.ended(), /^HTTP\/1\.1 (200|404) [^]*\r\n\r\n\{.*\}$/, `${line} ${way.length}`)
        }
    })
  }

  test('a client that leaves before its answer ends its request', { timeout: 10_000 }, async t => {
    const answers: (() => void)[] = []
    const { port, log } = await startFront(t, {
      gateway: { listTopics: () => new Promise(resolve => answers.push(() => resolve([]))) }
    })
    const client = new RawClient(port).send(rawRequest('GET /v1/metadata/topics'))
    await waitUntil(() => answers.length > 0)
    client.socket.resetAndDestroy()
    await sleep(50)
    answers[0]()
    await waitUntil(() => log.length > 0)
    const { status, aborted } = log[0].fields
    assert.deepEqual([status, aborted], [null, true])
  })

  test('keeps nothing of a connection that it has left to Node', { timeout: 10_000 }, async t => {
    const { port } = await startFront(t)
    const open = () => queryObjects(DirectConnection, { format: 'count' })
    const before = open()
    const client = new RawClient(port).send(rawRequest('GET /v1/metadata/topics'))
    await client.answer()
    assert.equal(open(), before + 1)
    client.send(rawRequest('GET /v1/metadata/topics', BY_NODE))
    await client.answer()
    assert.equal(open(), before)
    client.close()
  })
})
