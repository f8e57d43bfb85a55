import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import * as fc from 'fast-check'
import { hostileHeads } from '../../../bench/micro/hostile-heads.ts'
import { readPlainHead } from '../../../src/http/direct/plain-head.ts'
import { parseByNode } from './node-parser.ts'

const LIMIT_BYTES = 16 * 1024

function read(text: string, limitBytes = LIMIT_BYTES): ReturnType<typeof readPlainHead> {
  return readPlainHead(Buffer.from(text, 'latin1'), limitBytes)
}

const name = fc.oneof(
  fc.constantFrom('Host', 'Content-Length', 'content-length', 'Connection', 'Transfer-Encoding', 'Expect', 'Upgrade'),
  fc.constantFrom('X-A', 'x-a', '__proto__', 'constructor', 'X A', '', 'X\u00e9', "!#$%&'*+-.^_`|~", 'TE', 'Trailer'),
  fc.string({ maxLength: 4 })
)
const value = fc.oneof(
  fc.constantFrom('x', '3', '03', '+3', '3, 3', '', ' 3 ', '\t3\t', 'chunked', 'close', 'keep-alive', 'Keep-Alive'),
  fc.constantFrom('100-continue', 'websocket', 'a\r\n b', 'a\rb', 'a\nb', 'a\0b', 'a\x7fb', 'a\x80b'),
  fc.string({ unit: 'binary-ascii', maxLength: 4 })
)
const field = fc
  .tuple(name, fc.constantFrom(':', ': ', ' :', ':\t', ''), value, fc.constantFrom('\r\n', '\n', '\r', '\r\r\n'))
  .map(parts => parts.join(''))
const plainFields = fc
  .uniqueArray(fc.tuple(fc.constantFrom('Accept', 'X-B', 'x-c'), fc.string({ unit: 'grapheme-ascii', maxLength: 9 })), {
    selector: ([key]) => key
  })
  .map(fields => fields.map(([key, text]) => `${key}: ${text}\r\n`).join(''))
const line = fc.oneof(
  fc.constantFrom('GET / HTTP/1.1\r\n', 'POST /v1/a?b=%zz HTTP/1.1\r\nContent-Length: 3\r\n'),
  fc
    .tuple(
      fc.constantFrom('GET', 'POST', 'PUT', 'HEAD', 'CONNECT', 'get', ''),
      fc.constantFrom('/', '*', 'http://x/', '/a b', '/a#b', '/\x80', '/a\tb', ''),
      fc.constantFrom('HTTP/1.1', 'HTTP/1.0', 'HTTP/1.2', 'http/1.1', 'HTTP/1.1 ')
    )
    .map(parts => `${parts.join(' ')}\r\n`)
)
const request = fc
  .tuple(line, plainFields, fc.array(field, { maxLength: 2 }))
  .map(([start, plain, others]) => `${start}Host: x\r\n${plain}${others.join('')}\r\nabc`)
/** One byte of it is another one. */
const damaged = fc
  .tuple(
    request,
    fc.nat(),
    fc.oneof(
      fc.constantFrom('\r', '\n', ' ', '\t', ':', '\0'),
      fc.string({ unit: 'binary-ascii', minLength: 1, maxLength: 1 })
    )
  )
  .map(([text, place, letter]) => {
    const at = place % text.length
    return text.slice(0, at) + letter + text.slice(at + 1)
  })

suite('A plain head', () => {
  test('is nothing but what Node reads in it, to the letter', { timeout: 60_000 }, async () => {
    let plain = 0
    await fc.assert(
      fc.asyncProperty(fc.oneof(request, damaged), async text => {
        const head = read(text)
        // A damaged length may be anything; the bodies of these are made as long as they say.
        if (typeof head === 'string' || head.bodyBytes > 1000) return
        plain++
        const { method, url, headers, bodyStart, bodyBytes } = head
        const bytes = Buffer.from(text.slice(0, bodyStart + bodyBytes).padEnd(bodyStart + bodyBytes, 'z'), 'latin1')
        assert.deepEqual(await parseByNode(bytes), {
          method,
          url,
          httpVersion: '1.1',
          headers: Object.assign(
            Object.create(null),
            Object.fromEntries(Object.entries(headers).map(([key, each]) => [key, [each]]))
          ),
          body: bytes.toString('latin1', bodyStart)
        })
      }),
      { numRuns: 20_000 }
    )
    assert.ok(plain > 1000, `only ${plain} heads were plain`)
  })

  test('is read with names in lower case and values without the space around them', () => {
    const text =
      'POST /v1/producer/topics/a?x=1 HTTP/1.1\r\nHost: x\r\nX-Tab:\t a b \t\r\nEmpty:\r\nContent-Length: 12\r\n\r\n{'
    assert.deepEqual(read(text), {
      method: 'POST',
      url: '/v1/producer/topics/a?x=1',
      headers: Object.assign(Object.create(null), { host: 'x', 'x-tab': 'a b', empty: '', 'content-length': '12' }),
      bodyStart: text.length - 1,
      bodyBytes: 12
    })
  })

  test('is left to Node where a field changes what the message or the connection means', () => {
    const fields = [
      'Transfer-Encoding: chunked',
      'Content-Encoding: gzip',
      'Expect: 100-continue',
      'Upgrade: websocket',
      'Trailer: x',
      'Connection: close',
      'Connection: keep-alive, upgrade',
      'Host: y',
      'Content-Length: 3'
    ]
    for (const each of fields) {
      assert.equal(read(`POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n${each}\r\n\r\nabc`), 'other', each)
    }
    assert.equal(read('POST / HTTP/1.1\r\nHost: x\r\n\r\n'), 'other', 'POST without a length')
    assert.equal(read('GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n'), 'other', 'GET with one')
    assert.equal(read('GET / HTTP/1.1\r\n\r\n'), 'other', 'no host')
  })

  test('is read in time in proportion to its length, whatever it is made of', () => {
    for (const { name: kind, bytes } of hostileHeads()) {
      // The quickest of a few runs: what else the machine does can only add to it.
      const runs = Array.from({ length: 5 }, () => {
        const begin = performance.now()
        readPlainHead(bytes, 32 * 1024)
        return performance.now() - begin
      })
      assert.ok(Math.min(...runs) < 20, `${kind}: ${Math.min(...runs)} ms`)
    }
  })

  test('is unfinished until its empty line is there, and left to Node where it is too long', () => {
    const text = 'GET / HTTP/1.1\r\nHost: x\r\n\r\n'
    for (let length = 1; length < text.length; length++) assert.equal(read(text.slice(0, length)), 'unfinished')
    assert.equal(typeof read(text), 'object')
    assert.equal(read('HEAD'), 'other', 'what cannot become plain is not waited for')
    assert.equal(read(text, text.length - 5), 'other')
    assert.equal(read(text.slice(0, -4), text.length - 5), 'other')
  })
})
