import assert from 'node:assert/strict'
import { connect as connectPlain, type Socket } from 'node:net'
import { suite, test, type TestContext } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { connect as connectSecure } from 'node:tls'
import { gzipSync } from 'node:zlib'
import { ca, tls } from './support/certificate.ts'
import { codeIn } from './support/code-in.ts'
import { startFront, stored } from './support/front.ts'
import { RawClient, rawRequest } from './support/raw-client.ts'
import { waitUntil } from './support/wait-until.ts'

const BODY = '{"records":[{"value":1}]}'
const POST = 'POST /v1/producer/topics/a'
const PUT = 'PUT /v1/topics/a'
const packed = gzipSync(BODY)
const LIST = rawRequest('GET /v1/metadata/topics')

const REQUESTS: Readonly<Record<string, string | Buffer>> = {
  'a read': LIST,
  'a produce': rawRequest(POST, [`Content-Length: ${BODY.length}`], BODY),
  'a chunked produce': rawRequest(POST, ['Transfer-Encoding: chunked'], `19\r\n${BODY}\r\n0\r\n\r\n`),
  'a gzipped produce': Buffer.concat([
    Buffer.from(rawRequest(POST, [`Content-Length: ${packed.length}`, 'Content-Encoding: gzip'])),
    packed
  ]),
  'a produce in HTTP/1.0': rawRequest(POST, [`Content-Length: ${BODY.length}`], BODY).replace('HTTP/1.1', 'HTTP/1.0'),
  'a create': rawRequest(PUT, ['Content-Length: 2'], '{}')
}

/** How the client ends its side, and how the connection is made. */
const CLIENTS = {
  'in the clear': (port: number) => {
    const socket = connectPlain(port, '127.0.0.1')
    return { socket, end: (last: string | Buffer) => void socket.end(last) }
  },
  'over TLS': (port: number) => {
    const socket = secured(connectPlain({ port, host: '127.0.0.1', allowHalfOpen: true }))
    return { socket, end: (last: string | Buffer) => void socket.end(last) }
  },
  'over TLS without a word of it': (port: number) => {
    const below = connectPlain({ port, host: '127.0.0.1', allowHalfOpen: true })
    const socket = secured(below)
    return { socket, end: (last: string | Buffer) => void socket.write(last, () => below.end()) }
  }
}

const secured = (socket: Socket): Socket =>
  Object.assign(connectSecure({ socket, servername: 'localhost', ca }), { allowHalfOpen: true })

suite('A client that has ended its side', () => {
  async function begin(t: TestContext, how: keyof typeof CLIENTS) {
    const slowly = async <T>(value: T) => {
      await sleep(150)
      return value
    }
    const { port, log, budget } = await startFront(t, {
      ...(how === 'in the clear' ? {} : { tls }),
      gateway: {
        listTopics: () => slowly(['a']),
        createTopic: () => slowly(undefined),
        async produce(_call, _topic, records, released) {
          released()
          return slowly(stored(records.count))
        }
      }
    })
    const { socket, end } = CLIENTS[how](port)
    if (how !== 'in the clear') await new Promise(resolve => socket.once('secureConnect', resolve))
    return { client: new RawClient(socket), end, log, budget }
  }

  for (const how of Object.keys(CLIENTS) as (keyof typeof CLIENTS)[]) {
    for (const [what, request] of Object.entries(REQUESTS)) {
      test(`is answered ${what}, and then the connection closes, ${how}`, { timeout: 5000 }, async t => {
        const { client, end } = await begin(t, how)
        end(request)
        const { status, headers } = await client.answer()
        assert.deepEqual([status, headers.connection], [200, 'close'])
        assert.equal(await client.ended(), '')
      })
    }

    test(`is answered all that it pipelined, ${how}`, { timeout: 5000 }, async t => {
      const { client, end } = await begin(t, how)
      end(LIST + rawRequest(PUT, ['Content-Length: 2'], '{}') + LIST)
      const statuses = []
      for (let answer = 0; answer < 3; answer++) statuses.push((await client.answer()).status)
      assert.deepEqual(statuses, [200, 200, 200])
      assert.equal(await client.ended(), '')
    })

    test(`is answered what it pipelined behind a request under way, ${how}`, { timeout: 5000 }, async t => {
      const { client, end } = await begin(t, how)
      client.send(LIST)
      await sleep(50)
      end(rawRequest(PUT, ['Content-Length: 2'], '{}'))
      assert.deepEqual([(await client.answer()).status, (await client.answer()).status], [200, 200])
      assert.equal(await client.ended(), '')
    })

    test(`within a request is told that it is cut off, ${how}`, { timeout: 5000 }, async t => {
      for (const cut of ['GET /v1/metadata/topics HTTP/1.1\r\nHost:', rawRequest(POST, ['Content-Length: 30'], BODY)]) {
        const { client, end } = await begin(t, how)
        end(cut)
        const { status, body } = await client.answer()
        assert.deepEqual([status, codeIn(body)], [400, 'BAD_REQUEST'])
        assert.equal(await client.ended(), '')
      }
    })

    test(`without a request is closed, ${how}`, { timeout: 5000 }, async t => {
      const { client, end } = await begin(t, how)
      end('')
      assert.equal(await client.ended(), '')
    })
  }

  test('before TLS is agreed on is closed at once', { timeout: 5000 }, async t => {
    const { port, front } = await startFront(t, { tls })
    const socket = connectPlain({ port, host: '127.0.0.1', allowHalfOpen: true })
    await waitUntil(() => front.openConnections === 1)
    socket.end()
    await waitUntil(() => front.openConnections === 0)
    socket.destroy()
  })
})
