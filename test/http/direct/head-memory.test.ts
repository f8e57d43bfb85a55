import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import * as fc from 'fast-check'
import { HeadMemory } from '../../../src/http/direct/head-memory.ts'
import { readPlainHead } from '../../../src/http/direct/plain-head.ts'

const LIMIT_BYTES = 1024

const head = fc.oneof(
  fc
    .tuple(
      fc.constantFrom('GET', 'GET', 'POST', 'HEAD'),
      fc.constantFrom(
        '/a',
        '/b',
        '/',
        '/long/'.padEnd(LIMIT_BYTES - 30, 'x'),
        '/long/'.padEnd(LIMIT_BYTES, 'x'),
        '/\xe9',
        '/ b',
        '*'
      ),
      fc.constantFrom(' HTTP/1.1\r\n', ' HTTP/1.1\n', ' HTTP/1.0\r\n'),
      fc.constantFrom('Host: x\r\n', 'Host: x\r\nLast: 1\r\n', '')
    )
    .map(([method, url, version, fields]) => `${method} ${url}${version}${fields}\r\n`),
  fc
    .tuple(
      fc.constantFrom('/a', '/b', '/bb'),
      fc.constantFrom(
        'Content-Length: ',
        'X-Content-Length: 5\r\ncontent-length:',
        'X: content-length: 7\r\nCONTENT-LENGTH:\t'
      ),
      fc.oneof(fc.nat({ max: 2000 }), fc.constantFrom('0', '00', '7', '07', '999999999', '1234567890')),
      fc.constantFrom('\r\n', ' \r\n', '\r\nLast: 1\r\n')
    )
    .map(([url, field, length, rest]) => `POST ${url} HTTP/1.1\r\nHost: x\r\n${field}${length}${rest}\r\n`)
)
/** Cut off somewhere, or followed by something. */
const piece = fc
  .tuple(
    head,
    fc.constantFrom('', '{}', '12', '\r\n\r\n'),
    fc.oneof(fc.constant(9999), fc.integer({ min: 1, max: 120 }))
  )
  .map(([text, rest, length]) => Buffer.from((text + rest).slice(0, length), 'latin1'))

suite('The memory of a connection for heads', () => {
  test('reads each head as if it were the first', () => {
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 12 }), pieces => {
        const memory = new HeadMemory()
        for (const bytes of pieces) assert.deepEqual(memory.read(bytes, LIMIT_BYTES), readPlainHead(bytes, LIMIT_BYTES))
      }),
      { numRuns: 10_000 }
    )
  })

  test('has the fields of a repeated head as they were, whatever the length of the body, until it forgets', () => {
    const memory = new HeadMemory()
    const read = (length: number) => {
      const found = memory.read(
        Buffer.from(`POST / HTTP/1.1\r\nHost: x\r\nContent-Length: ${length}\r\n\r\n`),
        LIMIT_BYTES
      )
      assert.ok(typeof found === 'object')
      return found
    }
    const first = read(5)
    const second = read(1000)
    assert.equal(second.headers, first.headers)
    assert.deepEqual([second.bodyBytes, second.headers['content-length']], [1000, '1000'])
    assert.equal(read(5).headers['content-length'], '5', 'the first length again')
    memory.forget()
    assert.notEqual(read(1000).headers, first.headers)
  })

  test('has the fields as they were where only the request line is another', () => {
    const memory = new HeadMemory()
    const read = (url: string) => {
      const found = memory.read(Buffer.from(`GET ${url} HTTP/1.1\r\nHost: x\r\n\r\n`), LIMIT_BYTES)
      assert.ok(typeof found === 'object')
      return found
    }
    const first = read('/offsets/7')
    for (let offset = 8; offset < 30; offset++) {
      const next = read(`/offsets/${offset}`)
      assert.deepEqual(
        [next.url, next.bodyStart],
        [`/offsets/${offset}`, `GET /offsets/${offset} HTTP/1.1\r\nHost: x\r\n\r\n`.length]
      )
      assert.equal(next.headers, first.headers)
    }
  })

  test('gives up where the fields of every head are others', () => {
    const memory = new HeadMemory()
    const read = (number: number) => memory.read(Buffer.from(`GET / HTTP/1.1\r\nHost: ${number}\r\n\r\n`), LIMIT_BYTES)
    for (let number = 0; number < 20; number++) read(number)
    const [once, again] = [read(20), read(20)]
    assert.deepEqual(once, again)
    assert.ok(typeof once === 'object' && typeof again === 'object')
    assert.notEqual(once.headers, again.headers)
  })
})
