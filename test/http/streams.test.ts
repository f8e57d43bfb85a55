import assert from 'node:assert/strict'
import { once } from 'node:events'
import { Agent, request as httpRequest, type IncomingMessage } from 'node:http'
import { connect, type Socket } from 'node:net'
import { type TestContext, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { GatewayError } from '../../src/core/errors.ts'
import type { Sink } from '../../src/http/answer.ts'
import type { Api } from '../../src/http/api.ts'
import type { HttpCall } from '../../src/http/call.ts'
import { errorReply } from '../../src/http/error-reply.ts'
import type { Route } from '../../src/http/route.ts'
import { Metrics } from '../../src/telemetry/metrics.ts'
import { authenticator, type FrontSettings, startFront, TOKEN } from './support/front.ts'
import { waitUntil } from './support/wait-until.ts'

/** What a test has a stream do, and how that came out. */
interface Streaming {
  readonly run: (call: HttpCall, sink: Sink) => Promise<void>
  readonly outcomes: string[]
}

const TYPE = 'application/x-test'

/** An API of one path, whose answers stream. */
function streamingApi({ run, outcomes }: Streaming): Api {
  const route = (method: 'GET' | 'POST'): Route => ({
    method,
    path: '/test/stream',
    permission: 'caller',
    body: method === 'POST' ? { kind: 'stream', types: [TYPE] } : { kind: 'ignored' },
    offers: [TYPE],
    answer: 'stream',
    audit: 'stream',
    handle: call => {
      if (call.query.get('counted') !== null) call.beginStream('reads')
      return {
        status: 200,
        headers: { 'Content-Type': TYPE },
        run: sink =>
          run(call, sink).then(
            () => void outcomes.push('done'),
            (error: unknown) => {
              outcomes.push(error instanceof Error ? error.name : String(error))
              throw error
            }
          )
      }
    }
  })
  return {
    version: 'test',
    prefixes: ['/test/'],
    routes: [route('GET'), route('POST')],
    error: error => errorReply(error, { problem: error.code })
  }
}

async function streaming(context: TestContext, run: Streaming['run'], settings: FrontSettings = {}) {
  const outcomes: string[] = []
  const audit: string[] = []
  const meter = new Metrics(0)
  const api = streamingApi({ run, outcomes })
  const front = await startFront(context, { ...settings, apis: [api], audit: line => void audit.push(line), meter })
  const entries = () => audit.map(line => JSON.parse(line) as Record<string, unknown>)
  return { ...front, outcomes, entries, meter }
}

const untilAborted = (signal: AbortSignal): Promise<string> =>
  new Promise(resolve => signal.addEventListener('abort', () => resolve(String(signal.reason))))

async function open(port: number, method = 'GET', query = ''): Promise<IncomingMessage> {
  const request = httpRequest({
    port,
    method,
    path: `/test/stream${query}`,
    headers: { authorization: TOKEN },
    agent: false
  })
  if (method === 'GET') request.end()
  const [response] = (await once(request, 'response')) as [IncomingMessage]
  return response
}

test('a stream reaches its client as it is written, and ends when its handler does', async context => {
  let goOn = (): void => undefined
  const { call, outcomes, meter } = await streaming(context, async (_call, sink) => {
    await sink.write(Buffer.from('first'))
    await new Promise<void>(resolve => (goOn = resolve))
    await sink.write(Buffer.from('last'))
  })
  const answer = await call('/test/stream')
  assert.deepEqual(
    ['content-type', 'cache-control', 'x-accel-buffering', 'content-length'].map(name => answer.headers.get(name)),
    [TYPE, 'no-store, no-transform', 'no', null]
  )
  assert.ok(answer.body !== null)
  const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader()
  assert.equal((await reader.read()).value, 'first')
  assert.deepEqual(outcomes, [])
  goOn()
  assert.equal((await reader.read()).value, 'last')
  assert.equal((await reader.read()).done, true)
  assert.deepEqual(outcomes, ['done'])
  const counted = 'kafka_rest_requests_total{version="test",method="GET",route="/test/stream",status="2xx"} 1'
  await waitUntil(() => meter.registry.text('prometheus').includes(counted))
})

test('a client that reads slowly holds its own stream back: what it has not taken is not written', async context => {
  let written = 0
  const piece = Buffer.alloc(64 * 1024)
  const { port, outcomes } = await streaming(context, async (call, sink) => {
    while (!call.signal.aborted) {
      await sink.write(piece)
      written += piece.length
    }
  })
  const answer = await open(port)
  answer.pause()
  let before = -1
  while (before !== written) {
    before = written
    await sleep(100)
  }
  // What fits into the buffers of both kernels and of the two sockets.
  assert.ok(written < 16 * 1024 * 1024, `${written} bytes written to a client that reads none`)
  answer.resume()
  await waitUntil(() => written > before + 4 * piece.length)
  answer.destroy()
  await waitUntil(() => outcomes.length === 1)
})

test('a handler hears that its client left, also while it waits for something else', async context => {
  const reasons: string[] = []
  const { port, outcomes, entries } = await streaming(context, async ({ signal }, sink) => {
    await sink.write(Buffer.from('x'))
    reasons.push(await untilAborted(signal))
  })
  const answer = await open(port)
  await once(answer, 'data')
  answer.socket.resetAndDestroy()
  await waitUntil(() => outcomes.length === 1)
  assert.deepEqual(reasons, ['gone'])
  await waitUntil(() => entries().length === 1)
  const [{ operation, outcome, status, reason }] = entries()
  assert.deepEqual([operation, outcome, status, reason], ['stream', 'allowed', 200, null])
})

test('a client that closes without a word has only said that it sends no more: the next writes tell', async context => {
  const { port, outcomes } = await streaming(context, async ({ signal }, sink) => {
    for (; !signal.aborted; await sleep(20)) await sink.write(Buffer.from(':'))
  })
  const answer = await open(port)
  await once(answer, 'data')
  answer.destroy()
  await waitUntil(() => outcomes.length === 1)
})

test('when the gateway stops, its streams hear of it first, say their last word, and keep nobody waiting', async context => {
  const { port, front, outcomes } = await streaming(context, async ({ signal }, sink) => {
    await sink.write(Buffer.from('begun;'))
    await sink.write(Buffer.from(await untilAborted(signal)))
  })
  const answer = await open(port)
  await once(answer, 'readable')
  const startedMs = performance.now()
  const closed = front.close(10_000)
  let text = ''
  for await (const piece of answer as AsyncIterable<Buffer>) text += piece.toString()
  assert.equal(await closed, 0)
  assert.equal(text, 'begun;stopping')
  assert.deepEqual(outcomes, ['done'])
  assert.ok(performance.now() - startedMs < 5000)
})

test('a stream that fails is cut off, so that no client takes a part for the whole', async context => {
  const { promise: taken, resolve: take } = Promise.withResolvers<void>()
  const { port, log } = await streaming(context, async (_call, sink) => {
    await sink.write(Buffer.from('part'))
    await taken
    throw new Error('the disk is full')
  })
  const answer = await open(port)
  const failed = once(answer, 'error') as Promise<[NodeJS.ErrnoException]>
  const [piece] = (await once(answer, 'data')) as [Buffer]
  take()
  const [{ code }] = await failed
  assert.deepEqual([piece.toString(), code, answer.complete], ['part', 'ECONNRESET', false])
  const line = log.find(({ level }) => level === 'error')
  assert.match(String(line?.fields.err), /the disk is full/)
})

test('what is sent and what is answered stream at the same time, for as long as the client likes', async context => {
  const { port, outcomes } = await streaming(context, async (call, sink) => {
    await new Promise<void>(resolve =>
      call.receive({
        piece: bytes => void sink.write(Buffer.from(bytes.toString().toUpperCase())),
        end: resolve
      })
    )
  })
  const request = httpRequest({
    port,
    method: 'POST',
    path: '/test/stream',
    headers: { authorization: TOKEN, 'transfer-encoding': 'chunked' },
    agent: false
  })
  request.flushHeaders()
  const [answer] = (await once(request, 'response')) as [IncomingMessage]
  for (const word of ['one', 'two', 'three']) {
    request.write(word)
    const [piece] = (await once(answer, 'data')) as [Buffer]
    assert.equal(piece.toString(), word.toUpperCase())
  }
  request.end()
  await once(answer, 'end')
  assert.deepEqual(outcomes, ['done'])
})

test('a reader of pieces that is slow holds its client back: what it has not asked for is not read', async context => {
  let goOn = (): void => undefined
  const { port } = await streaming(context, async call => {
    await new Promise<void>(resolve => {
      const flow = call.receive({ piece: () => flow.pause(), end: resolve })
      goOn = resolve
    })
  })
  const socket = connect(port, '127.0.0.1')
  context.after(() => socket.destroy())
  socket.write(`POST /test/stream HTTP/1.1\r\nHost: x\r\nAuthorization: ${TOKEN}\r\nContent-Length: 1000000000\r\n\r\n`)
  await once(socket, 'data')
  while (socket.write(Buffer.alloc(256 * 1024)) || socket.writableLength < 16 * 1024 * 1024) {
    if (socket.bytesWritten > 256 * 1024 * 1024) break
    await sleep(1)
  }
  await sleep(200)
  const taken = socket.bytesWritten - socket.writableLength
  assert.ok(taken < 32 * 1024 * 1024, `${taken} bytes taken by a reader that asked for one piece`)
  goOn()
})

test('HEAD tells what a stream would be, and starts none', async context => {
  const { call, outcomes } = await streaming(context, async (_call, sink) => sink.write(Buffer.from('x')))
  const answer = await call('/test/stream', { method: 'HEAD' })
  assert.deepEqual([answer.status, answer.headers.get('content-type'), await answer.text()], [200, TYPE, ''])
  assert.deepEqual(outcomes, [])
})

test('each API tells errors in its own form, from the first byte of a path that is its own', async context => {
  const { call } = await streaming(context, () => Promise.resolve())
  const theirs = await call('/test/nowhere')
  const ours = await call('/nowhere')
  assert.deepEqual([theirs.status, await theirs.json()], [404, { problem: 'ROUTE_NOT_FOUND' }])
  assert.equal(((await ours.json()) as { code: string }).code, 'ROUTE_NOT_FOUND')
  const stranger = await call('/test/stream', { headers: {} })
  assert.deepEqual([stranger.status, await stranger.json()], [401, { problem: 'UNAUTHENTICATED' }])
})

test('a stream ends within a minute of its credential, with the error on record; a provider that is away ends none', async context => {
  context.mock.timers.enable({ apis: ['setInterval'] })
  const outcomes: string[] = []
  const audit: string[] = []
  const api = streamingApi({
    outcomes,
    run: async (call, sink) => {
      await sink.write(Buffer.from('first '))
      await sink.write(Buffer.from(await untilAborted(call.signal)))
    }
  })
  let refusal: GatewayError | undefined
  const front = await startFront(context, {
    apis: [api],
    audit: line => void audit.push(line),
    authenticator: {
      ...authenticator,
      authenticate(credentials) {
        if (refusal !== undefined) throw refusal
        return authenticator.authenticate(credentials)
      }
    }
  })
  const response = await open(front.port)
  const text = new Promise<string>(resolve => {
    const chunks: Buffer[] = []
    response.on('data', (chunk: Buffer) => chunks.push(chunk))
    response.on('end', () => resolve(Buffer.concat(chunks).toString()))
  })
  for (const code of [undefined, 'IDENTITY_UNAVAILABLE', 'INVALID_CREDENTIALS'] as const) {
    refusal = code && new GatewayError(code, 'refused')
    context.mock.timers.tick(60_000)
    await sleep(20)
  }
  assert.equal(await text, 'first GatewayError: refused')
  await waitUntil(() => audit.length === 4)
  const last = JSON.parse(audit[3]) as Record<string, unknown>
  assert.deepEqual([last.reason, last.outcome], ['INVALID_CREDENTIALS', 'denied'])
})

test('more streams than limits.streams are OVERLOADED, until one of them is over', async context => {
  const { port, call } = await streaming(
    context,
    async (stream, sink) => {
      await sink.write(Buffer.from('x'))
      await untilAborted(stream.signal)
    },
    { limits: { streams: 1 } }
  )
  const first = await open(port, 'GET', '?counted')
  await once(first, 'data')
  const refused = await call('/test/stream?counted')
  assert.equal(refused.status, 503)
  first.destroy()
  for (let status = 0; status !== 200; await sleep(5)) {
    const next = await call('/test/stream?counted')
    await next.body?.cancel()
    status = next.status
  }
})

test('each write is one chunk on the wire, and plain bytes for a client of HTTP/1.0', async context => {
  const shared = Buffer.from('to many')
  const { port } = await streaming(context, async (_call, sink) => {
    for (const bytes of [shared, Buffer.alloc(17, 'x'), shared]) await sink.write(bytes)
  })
  const bodyOf = async (version: string) => {
    const socket = connect(port, '127.0.0.1')
    socket.write(`GET /test/stream HTTP/${version}\r\nhost: a\r\nauthorization: ${TOKEN}\r\nconnection: close\r\n\r\n`)
    let text = ''
    for await (const piece of socket) text += String(piece)
    return text.slice(text.indexOf('\r\n\r\n') + 4)
  }
  const long = 'x'.repeat(17)
  assert.equal(await bodyOf('1.1'), `7\r\nto many\r\n11\r\n${long}\r\n7\r\nto many\r\n0\r\n\r\n`)
  assert.equal(await bodyOf('1.0'), `to many${long}to many`)
})

test('streams one after the other on one connection leave nothing behind on it', async context => {
  const sockets = new Set<Socket>()
  const { port, outcomes } = await streaming(context, (_call, sink) => Promise.resolve(sink.write(Buffer.from('x'))))
  const warnings: string[] = []
  const onWarning = ({ name }: Error) => void warnings.push(name)
  process.on('warning', onWarning)
  context.after(() => process.removeListener('warning', onWarning))
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  context.after(() => agent.destroy())
  for (let round = 1; round <= 12; round++) {
    const headers = { authorization: TOKEN }
    const request = httpRequest({ port, path: '/test/stream?counted=1', headers, agent }).end()
    const [response] = (await once(request, 'response')) as [IncomingMessage]
    sockets.add(response.socket)
    response.resume()
    await once(response, 'end')
    await waitUntil(() => outcomes.length === round)
  }
  assert.deepEqual([sockets.size, warnings], [1, []])
})

test('memory that is lent carries the frame, and is given back once for each client, also by one that left', async context => {
  const memory = Buffer.from('....................lent.......')
  const bytes = memory.subarray(20, 24)
  let taken = 0
  const lent = { frontBytes: 20, backBytes: 7, taken: () => void taken++ }
  const { port, outcomes } = await streaming(context, async ({ signal }, sink) => {
    await sink.write(bytes, lent)
    await untilAborted(signal)
    await sink.write(bytes, lent)
  })
  const first = await open(port)
  assert.equal(String(((await once(first, 'data')) as Buffer[])[0]), 'lent')
  await waitUntil(() => taken === 1)
  assert.equal(memory.toString(), '.................4\r\nlent\r\n.....')
  const second = await open(port)
  await once(second, 'data')
  await waitUntil(() => taken === 2)
  second.socket.resetAndDestroy()
  await waitUntil(() => outcomes.length === 1)
  assert.deepEqual([taken, outcomes], [3, ['ClientGone']])
  first.destroy()
})
