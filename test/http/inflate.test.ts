import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { deflateSync, gzipSync } from 'node:zlib'
import { codeIn } from './support/code-in.ts'
import { startFront, stored } from './support/front.ts'
import { RawClient, rawRequest } from './support/raw-client.ts'
import { waitUntil } from './support/wait-until.ts'

const PATH = '/v1/producer/topics/a'
const BODY = '{"records":[{"value":"x"}]}'
const MEGABYTE = 1024 * 1024

const head = (headers: readonly string[]) =>
  Buffer.from(rawRequest(`POST ${PATH}`, ['Content-Encoding: gzip', ...headers]))
const gzipped = (bytes: Buffer) => Buffer.concat([head([`Content-Length: ${bytes.length}`]), bytes])
const chunk = (bytes: Buffer) =>
  Buffer.concat([Buffer.from(`${bytes.length.toString(16)}\r\n`), bytes, Buffer.from('\r\n')])

async function outcome(port: number, request: Buffer): Promise<string> {
  const client = new RawClient(port).send(request)
  const { status, body } = await client.answer()
  client.close()
  return `${status} ${codeIn(body) ?? ''}`.trim()
}

test(
  'a gzipped body is its text, declared or chunked, byte by byte, in one stream or several',
  { timeout: 20_000 },
  async t => {
    const values: string[] = []
    const { port, budget, log } = await startFront(t, {
      gateway: {
        produce(_call, _topic, { bytes, count, spans }, released) {
          values.push(bytes.toString('utf8', spans[2], spans[2] + spans[3]))
          released()
          return Promise.resolve(stored(count))
        }
      }
    })
    const packed = gzipSync(BODY)
    assert.equal(await outcome(port, gzipped(packed)), '200')
    const pieces = Array.from(packed, byte => chunk(Buffer.of(byte)))
    const chunked = Buffer.concat([head(['Transfer-Encoding: chunked']), ...pieces, Buffer.from('0\r\n\r\n')])
    assert.equal(await outcome(port, chunked), '200')
    const halves = Buffer.concat([gzipSync(BODY.slice(0, 9)), gzipSync(BODY.slice(9))])
    assert.equal(await outcome(port, gzipped(halves)), '200')
    const long = 'y'.repeat(60_000)
    assert.equal(await outcome(port, gzipped(gzipSync(BODY.replace('"x"', `"${long}"`)))), '200')
    assert.deepEqual(values, ['x', 'x', 'x', long])
    assert.equal(budget.usedBytes, 0)
    await waitUntil(() => log.length === 4)
    assert.equal(log[0].fields.bytesIn, packed.length)
  }
)

test('what is no gzip, breaks off or goes on after its end is a 400', { timeout: 20_000 }, async t => {
  const { port, budget } = await startFront(t)
  const packed = gzipSync(BODY)
  const spoiled = Buffer.from(packed)
  spoiled[packed.length - 6] ^= 1
  const bad = {
    plain: Buffer.from(BODY),
    zlib: deflateSync(BODY),
    truncated: packed.subarray(0, packed.length - 3),
    'header only': packed.subarray(0, 10),
    'wrong checksum': spoiled,
    'rest after the end': Buffer.concat([packed, Buffer.from('rest')]),
    'second stream broken': Buffer.concat([packed, packed.subarray(0, 12)])
  }
  for (const [name, bytes] of Object.entries(bad))
    assert.equal(await outcome(port, gzipped(bytes)), '400 MALFORMED_GZIP', name)
  const [first, rest] = [packed, Buffer.from('rest')].map(chunk)
  const late = Buffer.concat([head(['Transfer-Encoding: chunked']), first, rest, Buffer.from('0\r\n\r\n')])
  assert.equal(await outcome(port, late), '400 MALFORMED_GZIP')
  assert.equal(await outcome(port, gzipped(gzipSync('{"records":'))), '400 INVALID_BODY')
  assert.equal(await outcome(port, gzipped(gzipSync(''))), '400 MALFORMED_JSON')
  assert.equal(budget.usedBytes, 0)
})

test('a bomb is refused with 413 as soon as it passes the limit, and holds no memory', { timeout: 30_000 }, async t => {
  const limit = 256 * 1024
  const { port, budget } = await startFront(t, { limits: { bodyBytes: limit, inFlightBytes: 64 * MEGABYTE } })
  const bomb = gzipSync(Buffer.alloc(200 * MEGABYTE))
  assert.ok(bomb.length < limit)
  const client = new RawClient(port).send(head([`Content-Length: ${bomb.length}`])).send(bomb.subarray(0, 4096))
  let mostBytes = 0
  const sampler = setInterval(() => (mostBytes = Math.max(mostBytes, budget.usedBytes)), 1)
  // 4 of some 200 KB hold 4 MB: the answer does not wait for the rest.
  const { status, body } = await client.answer()
  clearInterval(sampler)
  client.close()
  assert.deepEqual([status, codeIn(body)], [413, 'BODY_TOO_LARGE'])
  assert.ok(mostBytes <= 2 * (limit + 4096), `${mostBytes} bytes held`)
  await waitUntil(() => budget.usedBytes === 0)
})

test('a long row of empty gzip streams is measured by what is sent', { timeout: 20_000 }, async t => {
  const { port } = await startFront(t, { limits: { bodyBytes: 10_000 } })
  const empty = chunk(Buffer.concat(Array.from({ length: 600 }, () => gzipSync(''))))
  assert.equal(
    await outcome(port, Buffer.concat([head(['Transfer-Encoding: chunked']), empty, Buffer.from('0\r\n\r\n')])),
    '413 BODY_TOO_LARGE'
  )
})

test('what is inflated counts against the budget of the process', { timeout: 20_000 }, async t => {
  const { port, budget } = await startFront(t, { limits: { bodyBytes: MEGABYTE, inFlightBytes: MEGABYTE } })
  budget.add(900_000)
  assert.equal(await outcome(port, gzipped(gzipSync(Buffer.alloc(MEGABYTE - 1, ' ')))), '503 OVERLOADED')
  assert.equal(budget.usedBytes, 900_000)
})

test('a client that leaves in the middle leaves nothing behind', { timeout: 20_000 }, async t => {
  const { port, budget, log } = await startFront(t)
  const packed = gzipSync(BODY)
  const client = new RawClient(port).send(head([`Content-Length: ${packed.length}`])).send(packed.subarray(0, 15))
  await sleep(50)
  client.close()
  await waitUntil(() => log.length === 1)
  assert.equal(budget.usedBytes, 0)
})

test('another encoding is refused with the name of the one that is taken', { timeout: 20_000 }, async t => {
  const { port } = await startFront(t)
  const client = new RawClient(port).send(
    rawRequest(`POST ${PATH}`, ['Content-Encoding: br', 'Content-Length: 1'], 'x')
  )
  const { status, headers } = await client.answer()
  assert.deepEqual([status, headers['accept-encoding']], [415, 'gzip'])
  client.close()
})
