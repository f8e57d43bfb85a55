import assert from 'node:assert/strict'
import { connect, type Socket } from 'node:net'
import { suite, test, type TestContext } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { GatewayError } from '../../src/core/errors.ts'
import { authenticator, type FrontSettings, startFront, stored, TOKEN } from './support/front.ts'
import { waitUntil } from './support/wait-until.ts'

const [CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG] = [0x0, 0x1, 0x2, 0x8, 0x9, 0xa]
const FINAL = 0x80
const RECORD = '{"value":1}'
const STORED = '{"offsets":[{"partition":0,"offset":0}]}'

/** A frame as RFC 6455 §5.2 has it. */
function frame(first: number, payload: string | Buffer, masked = true): Buffer {
  const data = Buffer.from(payload)
  const mask = masked ? 0x80 : 0
  const length =
    data.length < 126
      ? Buffer.of(mask | data.length)
      : data.length < 65_536
        ? Buffer.of(mask | 126, data.length >> 8, data.length & 255)
        : Buffer.of(
            mask | 127,
            0,
            0,
            0,
            0,
            data.length >>> 24,
            (data.length >> 16) & 255,
            (data.length >> 8) & 255,
            data.length & 255
          )
  const key = Buffer.of(1, 2, 3, 4)
  return Buffer.concat([
    Buffer.of(first),
    length,
    ...(masked ? [key, data.map((byte, at) => byte ^ key[at % 4])] : [data])
  ])
}

/** A client that sends what it likes. */
class RawClient {
  readonly socket: Socket
  head = ''
  readonly frames: { readonly kind: number; readonly payload: Buffer }[] = []
  ended = false
  #bytes = Buffer.alloc(0)

  constructor(port: number, { path = '/v1/producer/topics/t', fields = [] as string[] } = {}) {
    this.socket = connect(port, '127.0.0.1')
    const all = ['Host: x', `Authorization: ${TOKEN}`, 'Connection: Upgrade', 'Upgrade: websocket', ...fields]
    if (!fields.some(field => field.startsWith('Sec-WebSocket-Key')))
      all.push('Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==')
    if (!fields.some(field => field.startsWith('Sec-WebSocket-Version'))) all.push('Sec-WebSocket-Version: 13')
    this.socket.write(`GET ${path} HTTP/1.1\r\n${all.join('\r\n')}\r\n\r\n`)
    this.socket.on('data', (piece: Buffer) => this.#take(piece))
    this.socket.on('close', () => (this.ended = true))
    this.socket.on('error', () => undefined)
  }

  get texts(): string[] {
    return this.frames.filter(({ kind }) => kind === TEXT).map(({ payload }) => payload.toString())
  }

  /** The code of the server's close; undefined before. */
  get closeCode(): number | undefined {
    return this.frames.find(({ kind }) => kind === CLOSE)?.payload.readUInt16BE()
  }

  #take(piece: Buffer): void {
    this.#bytes = Buffer.concat([this.#bytes, piece])
    if (this.head === '') {
      const end = this.#bytes.indexOf('\r\n\r\n')
      if (end < 0) return
      this.head = this.#bytes.toString('latin1', 0, end)
      this.#bytes = this.#bytes.subarray(end + 4)
    }
    if (!this.head.startsWith('HTTP/1.1 101')) return
    for (;;) {
      const [first, second] = this.#bytes
      if (second === undefined) return
      const begin = second < 126 ? 2 : second === 126 ? 4 : 10
      if (this.#bytes.length < begin) return
      const length = second < 126 ? second : second === 126 ? this.#bytes.readUInt16BE(2) : this.#bytes.readUInt32BE(6)
      if (this.#bytes.length < begin + length) return
      this.frames.push({ kind: first & 0x0f, payload: Buffer.from(this.#bytes.subarray(begin, begin + length)) })
      this.#bytes = this.#bytes.subarray(begin + length)
    }
  }
}

async function start(context: TestContext, settings: FrontSettings = {}) {
  const audit: Record<string, unknown>[] = []
  const front = await startFront(context, { ...settings, audit: line => void audit.push(JSON.parse(line)) })
  const open = (options: ConstructorParameters<typeof RawClient>[1] = {}) => {
    const client = new RawClient(front.port, options)
    context.after(() => client.socket.destroy())
    return client
  }
  return { ...front, audit, open }
}

suite('A WebSocket on the wire', () => {
  test('begins with the handshake of RFC 6455, without extensions, and ends as its client does', async context => {
    const { open, audit, log } = await start(context)
    const client = open({ fields: ['Sec-WebSocket-Extensions: permessage-deflate', 'X-Request-Id: mine'] })
    client.socket.write(frame(FINAL | TEXT, RECORD))
    await waitUntil(() => client.texts.length === 1)
    assert.match(client.head, /^HTTP\/1\.1 101 /)
    assert.match(client.head, /\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK\+xOo=/)
    assert.match(client.head, /\r\nX-Request-Id: mine/)
    assert.doesNotMatch(client.head, /Sec-WebSocket-(Extensions|Protocol)/i)
    assert.deepEqual(client.texts, [STORED])
    client.socket.write(frame(FINAL | CLOSE, Buffer.of(0x03, 0xe8)))
    await waitUntil(() => client.ended && audit.length === 1)
    assert.equal(client.closeCode, 1000)
    const [{ operation, outcome, status, reason, records }] = audit
    assert.deepEqual([operation, outcome, status, reason, records], ['produce', 'allowed', 101, null, 1])
    const line = log.find(({ message }) => message === 'request')
    assert.deepEqual([line?.fields.status, line?.fields.aborted, line?.fields.bytesIn], [101, false, RECORD.length])
  })

  test('takes a message in pieces, with pings between them', async context => {
    const { open } = await start(context)
    const client = open()
    client.socket.write(
      Buffer.concat([
        frame(TEXT, '{"val'),
        frame(FINAL | PING, 'between'),
        frame(CONTINUATION, 'ue":'),
        frame(FINAL | CONTINUATION, '1}')
      ])
    )
    await waitUntil(() => client.texts.length === 1)
    assert.deepEqual(
      client.frames.map(({ kind, payload }) => [kind, payload.toString()]),
      [
        [PONG, 'between'],
        [TEXT, STORED]
      ]
    )
  })

  for (const [what, bytes, code] of [
    ['longer than limits.bodyBytes', frame(FINAL | TEXT, Buffer.alloc(64 * 1024 + 1, 'x')), 1009],
    [
      'longer than that in pieces',
      Buffer.concat(Array.from({ length: 70 }, (_, at) => frame(at === 0 ? TEXT : CONTINUATION, Buffer.alloc(1024)))),
      1009
    ],
    ['not masked', frame(FINAL | TEXT, RECORD, false), 1002],
    ['not UTF-8', frame(FINAL | TEXT, Buffer.of(0x22, 0xff, 0x22)), 1007],
    ['binary', frame(FINAL | BINARY, RECORD), 1003],
    ['marked for an extension', frame(FINAL | 0x40 | TEXT, RECORD), 1002],
    ['of a reserved kind', frame(FINAL | 0x3, RECORD), 1002],
    ['a ping in pieces', frame(PING, 'x'), 1002],
    ['a close without a valid code', frame(FINAL | CLOSE, Buffer.of(0, 1)), 1002]
  ] as const)
    test(`is closed with ${code} by a frame that is ${what}, and nothing is stored`, async context => {
      let produced = 0
      const { open, budget, audit } = await start(context, {
        gateway: {
          produce(_call, _topic, records, released) {
            produced++
            released()
            return Promise.resolve(stored(records.count))
          }
        }
      })
      const client = open()
      client.socket.write(bytes)
      await waitUntil(() => client.closeCode !== undefined)
      assert.equal(client.closeCode, code)
      client.socket.end(frame(FINAL | CLOSE, Buffer.of(0x03, 0xe8)))
      await waitUntil(() => audit.length === 1)
      assert.deepEqual([produced, budget.usedBytes], [0, 0])
    })

  test('is refused as any request where the handshake is not valid, and the connection closes', async context => {
    const { open } = await start(context)
    for (const [field, text] of [
      [
        'Sec-WebSocket-Version: 8',
        /^HTTP\/1\.1 400 [\s\S]*\r\nSec-WebSocket-Version: 13\r\n[\s\S]*\r\nConnection: close/
      ],
      ['Sec-WebSocket-Key: short', /^HTTP\/1\.1 400 [\s\S]*\r\nConnection: close/],
      ['Sec-WebSocket-Protocol: kafka-rest.v1,,', /^HTTP\/1\.1 400 /],
      ['Sec-WebSocket-Protocol: other', /^HTTP\/1\.1 400 /]
    ] as const) {
      const client = open({ fields: [field] })
      await waitUntil(() => client.ended)
      assert.match(client.head, text)
    }
  })

  test('counts as a stream: one more than the caller may have is 429, and one that is closed gives its place back', async context => {
    const { open } = await start(context, { quotas: { principal: { concurrentStreams: 1, burstSeconds: 1 } } })
    const first = open()
    await waitUntil(() => first.head !== '')
    const second = open()
    await waitUntil(() => second.head !== '')
    assert.match(second.head, /^HTTP\/1\.1 429 /)
    first.socket.destroy()
    for (let head = ''; !head.startsWith('HTTP/1.1 101'); await sleep(5)) {
      const next = open()
      await waitUntil(() => next.head !== '')
      head = next.head
    }
  })

  test('ends with the error and 1008 when the credential does not count any more', async context => {
    context.mock.timers.enable({ apis: ['setInterval'] })
    let refusal: GatewayError | undefined
    const { open, audit } = await start(context, {
      authenticator: {
        ...authenticator,
        authenticate(credentials) {
          if (refusal !== undefined) throw refusal
          return authenticator.authenticate(credentials)
        }
      }
    })
    const client = open()
    await waitUntil(() => client.head !== '')
    refusal = new GatewayError('INVALID_TOKEN', 'Expired.')
    for (let pings = 1; pings <= 4; pings++) {
      context.mock.timers.tick(15_000)
      await waitUntil(() => client.frames.filter(({ kind }) => kind === PING).length >= pings)
      client.socket.write(frame(FINAL | PONG, ''))
      client.socket.write(frame(FINAL | PING, ''))
      await waitUntil(() => client.frames.filter(({ kind }) => kind === PONG).length >= pings || pings === 4)
    }
    await waitUntil(() => client.closeCode !== undefined)
    assert.deepEqual([client.closeCode, JSON.parse(client.texts[0]).error.code], [1008, 'INVALID_TOKEN'])
    client.socket.destroy()
    await waitUntil(() => audit.length === 2)
    assert.deepEqual([audit[1].outcome, audit[1].reason], ['denied', 'INVALID_TOKEN'])
  })

  test('pings a client each 15 s, and lets go of one that does not answer', async context => {
    context.mock.timers.enable({ apis: ['setInterval'] })
    const { open } = await start(context)
    const client = open()
    await waitUntil(() => client.head !== '')
    context.mock.timers.tick(15_000)
    await waitUntil(() => client.frames.length === 1)
    assert.equal(client.frames[0].kind, PING)
    client.socket.write(frame(FINAL | PONG, ''))
    client.socket.write(frame(FINAL | TEXT, RECORD))
    await waitUntil(() => client.texts.length === 1)
    context.mock.timers.tick(15_000)
    await waitUntil(() => client.frames.length === 3)
    context.mock.timers.tick(15_000)
    await waitUntil(() => client.ended)
  })

  test('makes no queue of pongs for a client that floods it with pings and reads none', async context => {
    const { open } = await start(context)
    const client = open()
    await waitUntil(() => client.head !== '')
    client.socket.pause()
    const pings = Buffer.concat(Array.from({ length: 2000 }, () => frame(FINAL | PING, Buffer.alloc(100, 'p'))))
    for (let sent = 0; sent < 150; sent++)
      if (!client.socket.write(pings)) await new Promise(resolve => client.socket.once('drain', resolve))
    client.socket.write(frame(FINAL | PING, 'last'))
    client.socket.resume()
    await waitUntil(() => client.frames.at(-1)?.payload.toString() === 'last')
    // As many as both kernels have room for.
    assert.ok(client.frames.length < 150_000, `${client.frames.length} pongs to 300 000 pings`)
  })

  test('breaks off at a defect, which is logged, and the process goes on', async context => {
    const { open, log, call } = await start(context, {
      gateway: { produce: () => Promise.reject(new Error('a defect')) }
    })
    const client = open()
    client.socket.write(frame(FINAL | TEXT, RECORD))
    await waitUntil(() => client.ended)
    assert.match(String(log.find(({ level }) => level === 'error')?.fields.err), /a defect/)
    assert.equal((await call('/v1/metadata/topics')).status, 200)
  })

  test('holds back a client that writes and takes no answers, and stores what it held back when those are taken', async context => {
    let records = 0
    const { open } = await start(context, {
      gateway: {
        produce(_call, _topic, table, released) {
          records += table.count
          released()
          return Promise.resolve(stored(table.count))
        }
      },
      limits: { streamStallMs: 20_000 }
    })
    const client = open()
    await waitUntil(() => client.head !== '')
    client.socket.pause()
    const message = frame(FINAL | TEXT, `[${Array.from({ length: 1000 }, () => RECORD).join()}]`)
    const sent = 600
    client.socket.write(Buffer.concat(Array.from({ length: sent }, () => message)))
    await waitUntil(() => records > 0)
    await sleep(300)
    assert.ok(records < sent * 1000, 'all were taken from a client that takes nothing')
    client.socket.resume()
    await waitUntil(() => client.texts.length === sent)
    assert.equal(records, sent * 1000)
  })
})
