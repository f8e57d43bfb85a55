import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect } from 'node:net'
import { suite, test, type TestContext } from 'node:test'
import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises'
import { GatewayError } from '../../../src/core/errors.ts'
import { SPAN_STRIDE, VALUE_LENGTH, VALUE_START, type RecordTable } from '../../../src/core/record-table.ts'
import type { ProduceOutcome, RecordFailure } from '../../../src/gateway/gateway.ts'
import {
  authenticator,
  type FrontSettings,
  type ModelGateway,
  startFront,
  stored,
  TOKEN
} from '../../http/support/front.ts'
import { waitUntil } from '../../http/support/wait-until.ts'
import { TestUpload } from '../../support/upload.ts'

const LINES = { authorization: TOKEN, 'content-type': 'application/x-ndjson' }
const PATH = '/v1/producer/topics/t'

const valuesOf = ({ bytes, spans, count }: RecordTable): string[] =>
  Array.from({ length: count }, (_, record) => {
    const start = spans[record * SPAN_STRIDE + VALUE_START]
    return bytes.toString('utf8', start, start + spans[record * SPAN_STRIDE + VALUE_LENGTH])
  })

/** A gateway that stores records one behind the other in partition 0, once `settle` says so. */
class Store {
  readonly values: string[] = []
  batches = 0
  /** Of the next record. */
  #offset = 0
  readonly #step: number
  #held: (() => void)[] | undefined

  readonly produce: ModelGateway['produce'] = async (_call, _topic, records, released, options) => {
    const first = this.#offset
    this.#offset += records.count * this.#step
    this.values.push(...valuesOf(records))
    this.batches++
    options?.submitted?.()
    if (this.#held !== undefined) await new Promise<void>(resolve => this.#held?.push(resolve))
    released()
    const { count, partitions } = stored(records.count)
    return {
      count,
      partitions,
      offsets: Float64Array.from({ length: count }, (_, record) => first + record * this.#step)
    }
  }

  /** @param step from one offset to the next */
  constructor(step = 1) {
    this.#step = step
  }

  hold(): void {
    this.#held = []
  }

  /** Lets the batches go, in the order of `order`. */
  letGo(order: (batches: (() => void)[]) => (() => void)[] = batches => batches): void {
    const held = this.#held ?? []
    this.#held = undefined
    for (const settle of order(held)) settle()
  }
}

async function start(context: TestContext, settings: FrontSettings = {}) {
  const audit: Record<string, unknown>[] = []
  const front = await startFront(context, { ...settings, audit: line => void audit.push(JSON.parse(line)) })
  const upload = (query = '', headers: Record<string, string> = LINES) => {
    const opened = new TestUpload(`${front.url}${PATH}${query}`, { headers })
    context.after(() => opened.close())
    return opened
  }
  return { ...front, audit, upload }
}

const at = (offset: number) => ({ partition: 0, offset })

suite('Lines that are written', () => {
  test('are answered one by one while more are sent, and the last one needs no line feed', async context => {
    const store = new Store()
    const { upload, audit } = await start(context, { gateway: store })
    const client = upload()
    const answer = await client.answer
    assert.deepEqual([answer.status, answer.response.headers['content-type']], [200, 'application/x-ndjson'])
    await client.send({ value: 'a' })
    await answer.until(({ lines }) => lines.length === 1)
    await client.send({ value: 'b' }, { value: 'c' })
    await answer.until(({ lines }) => lines.length === 3)
    client.end('{"value":"d"}')
    await answer.untilEnded()
    assert.deepEqual(answer.lines, [at(0), at(1), at(2), at(3)])
    assert.deepEqual(store.values, ['a', 'b', 'c', 'd'])
    await waitUntil(() => audit.length === 1)
    const [{ operation, outcome, status, reason, records }] = audit
    assert.deepEqual([operation, outcome, status, reason, records], ['produce', 'allowed', 200, null, 4])
  })

  test('that are no records are answered with their errors, and the rest goes on', async context => {
    const store = new Store()
    const { upload } = await start(context, { gateway: store, limits: { bodyBytes: 1000 } })
    const client = upload()
    client.end(`{"value":1}\n\nnot JSON\n{"value":"${'x'.repeat(200_000)}"}\n{"key":1}\n{"value":2}\n  \n{"value":3,`)
    const answer = await client.answer
    await answer.untilEnded()
    const error = (line: number, error_code: number, code: string, message: string) => ({
      line,
      error_code,
      code,
      message,
      retriable: false,
      stored: 'no'
    })
    assert.deepEqual(answer.lines, [
      at(0),
      error(3, 40002, 'MALFORMED_JSON', 'The line is not valid JSON at byte 1.'),
      error(4, 41301, 'BODY_TOO_LARGE', 'The line is longer than 1000 bytes.'),
      error(5, 40003, 'INVALID_BODY', 'The record has no value; null would be a tombstone.'),
      at(1),
      error(8, 40002, 'MALFORMED_JSON', 'The line ends at byte 11, in the middle of a value.')
    ])
    assert.deepEqual(store.values, ['1', '2'])
  })

  test('are answered in their order, whichever batch is stored first', async context => {
    const store = new Store()
    store.hold()
    const { upload } = await start(context, { gateway: store })
    const client = upload()
    for (let batch = 0; batch < 3; batch++) {
      await client.send({ value: `${batch}` })
      await waitUntil(() => store.batches === batch + 1)
    }
    client.end()
    store.letGo(batches => batches.toReversed())
    const answer = await client.answer
    await answer.untilEnded()
    assert.deepEqual(answer.lines, [at(0), at(1), at(2)])
  })

  test('that Kafka refuses, or that name a partition which is not there, have their errors with their lines', async context => {
    const refusal = { code: 'RECORD_TOO_LARGE', message: 'Too large.', retriable: false, stored: 'no' } as const
    const doubt = { code: 'OUTCOME_UNKNOWN', message: 'Unknown.', retriable: false, stored: 'unknown' } as const
    const outcome: ProduceOutcome = {
      count: 4,
      partitions: Int32Array.of(1, 1, 2, 2),
      offsets: Float64Array.of(5, -1, -1, -1),
      failures: new Map<number, RecordFailure>([
        [1, refusal],
        [2, doubt],
        [3, doubt]
      ])
    }
    for (const query of ['', '?receipts=all', '?receipts=errors']) {
      const { upload } = await start(context, {
        gateway: {
          produce(_call, _topic, _records, released) {
            released()
            return Promise.resolve(outcome)
          }
        }
      })
      const client = upload(query)
      client.end('{"value":1}\n\n{"value":2}\n{"value":3}\n{"value":4}\n')
      const answer = await client.answer
      await answer.untilEnded()
      const failures = [
        { line: 3, partition: 1, error_code: 41302, ...refusal },
        { line: 4, partition: 2, error_code: 50401, ...doubt },
        { line: 5, partition: 2, error_code: 50401, ...doubt }
      ]
      assert.deepEqual(
        answer.lines,
        query === '?receipts=errors'
          ? [...failures, { stored: 1, not_stored: 1, unknown: 2 }]
          : [{ partition: 1, offset: 5 }, ...failures]
      )
    }
  })

  test('have the error of their whole batch where nothing was sent to Kafka', async context => {
    const { upload } = await start(context, {
      gateway: {
        produce(_call, _topic, _records, released) {
          released()
          return Promise.reject(new GatewayError('KAFKA_UNAVAILABLE', 'No broker.'))
        }
      }
    })
    const client = upload()
    client.end('{"value":1}\n{"value":2}\n')
    const answer = await client.answer
    await answer.untilEnded()
    const error = { error_code: 50301, code: 'KAFKA_UNAVAILABLE', message: 'No broker.', retriable: true, stored: 'no' }
    assert.deepEqual(answer.lines, [
      { line: 1, ...error },
      { line: 2, ...error }
    ])
  })

  for (const [what, query, headers, status, code] of [
    ['a topic that is not there', '', LINES, 404, 'TOPIC_NOT_FOUND'],
    ['no permission', '', { ...LINES, authorization: 'Bearer stranger' }, 403, 'NOT_PERMITTED'],
    ['a body that is gzipped', '', { ...LINES, 'content-encoding': 'gzip' }, 415, 'UNSUPPORTED_ENCODING'],
    [
      'another charset',
      '',
      { ...LINES, 'content-type': 'application/x-ndjson; charset=utf-16' },
      415,
      'UNSUPPORTED_MEDIA_TYPE'
    ],
    ['a wrong parameter', '?receipts=none', LINES, 400, 'INVALID_PARAMETER']
  ] as const)
    test(`of a client with ${what} are refused with ${status} before any is read`, async context => {
      const store = new Store()
      const requireTopic = () =>
        code === 'TOPIC_NOT_FOUND' ? Promise.reject(new GatewayError(code, 'No.')) : Promise.resolve()
      const { upload } = await start(context, { gateway: { produce: store.produce, requireTopic } })
      const client = upload(query, headers)
      await client.send({ value: 1 })
      const answer = await client.answer
      client.end()
      await answer.untilEnded()
      assert.deepEqual([answer.status, JSON.parse(answer.text).code, store.batches], [status, code, 0])
    })

  test('beyond what a stream may have under way are left with the client until others are stored', async context => {
    const store = new Store()
    store.hold()
    const { upload } = await start(context, { gateway: store, limits: { inFlightBytes: 64 * 1024 * 1024 } })
    const client = upload()
    const line = `{"value":"${'x'.repeat(10_000)}"}\n`
    let isSent = false
    void client.write(line.repeat(2000)).then(() => (isSent = true))
    await waitUntil(() => store.values.length >= 50)
    await sleep(100)
    assert.equal(isSent, false)
    assert.ok(store.values.length * line.length < 1024 * 1024, `${store.values.length}`)
    store.letGo()
    client.end()
    const answer = await client.answer
    await answer.untilEnded()
    assert.equal(answer.lines.length, 2000)
  })

  test('wait for a budget that others have used up, and hold none themselves when all is done', async context => {
    const store = new Store()
    const { upload, budget } = await start(context, { gateway: store })
    budget.add(budget.limitBytes)
    const client = upload()
    await client.send({ value: 'a' })
    await client.answer
    await sleep(50)
    assert.equal(store.batches, 0)
    budget.release(budget.limitBytes)
    await waitUntil(() => store.batches === 1)
    client.end(`{"value":"${'x'.repeat(60_000)}"}`)
    await (await client.answer).untilEnded()
    assert.equal((await client.answer).lines.length, 2)
    assert.equal(budget.usedBytes, 0)
  })

  test('end with OVERLOADED where the budget stays used up', async context => {
    const { upload, budget } = await start(context, { gateway: new Store(), limits: { streamStallMs: 100 } })
    budget.add(budget.limitBytes)
    const client = upload()
    await client.send({ value: 'a' })
    const answer = await client.answer
    await answer.until(({ lines }) => lines.length === 1)
    assert.equal(answer.lines[0].error.code, 'OVERLOADED')
    client.end()
    await answer.untilEnded()
    assert.equal(budget.usedBytes, budget.limitBytes)
  })

  test('end with REQUEST_TIMEOUT where one is begun and not finished in time, however slowly it grows', async context => {
    const { upload } = await start(context, { gateway: new Store(), limits: { bodyTimeoutMs: 200 } })
    const client = upload()
    await client.write('{"value":1}\n{"val')
    const answer = await client.answer
    const trickle = setInterval(() => void client.write('x').catch(() => undefined), 20)
    await answer.until(({ lines }) => lines.length === 2)
    clearInterval(trickle)
    assert.deepEqual([answer.lines[0], answer.lines[1].error.code], [at(0), 'REQUEST_TIMEOUT'])
  })

  test('count in the quotas of the caller: what is overdrawn is paid off before more is read', async context => {
    const store = new Store()
    const { upload } = await start(context, {
      gateway: store,
      quotas: { principal: { recordsPerSecond: 100, concurrentStreams: 1, burstSeconds: 1 } }
    })
    const client = upload()
    const beganMs = performance.now()
    await client.write('{"value":1}\n'.repeat(130))
    const answer = await client.answer
    await answer.until(({ lines }) => lines.length === 130)
    await client.send({ value: 'late' })
    await answer.until(({ lines }) => lines.length === 131)
    assert.ok(performance.now() - beganMs > 250)
    const second = upload()
    assert.equal((await second.answer).status, 429)
  })

  test('of a client that breaks off in the middle of one: that one is not stored, those before are', async context => {
    const store = new Store()
    const { upload, audit, budget } = await start(context, { gateway: store })
    const client = upload()
    await client.write('{"value":1}\n{"value":2}')
    await waitUntil(() => store.values.length === 1)
    client.close()
    await waitUntil(() => audit.length === 1)
    assert.deepEqual([store.values, audit[0].records, budget.usedBytes], [['1'], 1, 0])
  })

  test('of a client that waits for 100 are asked for before the answer begins', async context => {
    const { port } = await start(context, { gateway: new Store() })
    const socket = connect(port, '127.0.0.1')
    context.after(() => socket.destroy())
    let text = ''
    socket.on('data', (piece: Buffer) => (text += piece.toString()))
    socket.write(
      `POST ${PATH} HTTP/1.1\r\nHost: x\r\nAuthorization: ${TOKEN}\r\nContent-Type: application/jsonl\r\nExpect: 100-continue\r\nContent-Length: 12\r\n\r\n`
    )
    await waitUntil(() => text.includes(' 200 OK'))
    assert.match(text, /^HTTP\/1\.1 100 Continue\r\n\r\nHTTP\/1\.1 200 OK\r\nCache-Control: no-store, no-transform\r\n/)
    assert.match(text, /\r\nContent-Type: application\/jsonl\r\n/)
    socket.write('{"value":1}\n')
    await waitUntil(() => text.endsWith('0\r\n\r\n'))
    assert.match(text, /\{"partition":0,"offset":0\}\n/)
    // The connection serves the next request.
    socket.write(`GET /v1/metadata/topics HTTP/1.1\r\nHost: x\r\nAuthorization: ${TOKEN}\r\n\r\n`)
    await waitUntil(() => text.includes('{"topics":["a","b"]}'))
  })

  test('of a client that has closed its side are all answered', async context => {
    const { port } = await start(context, { gateway: new Store() })
    const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true })
    context.after(() => socket.destroy())
    socket.end(
      `POST ${PATH} HTTP/1.1\r\nHost: x\r\nAuthorization: ${TOKEN}\r\nContent-Type: application/jsonl\r\nContent-Length: 12\r\n\r\n{"value":1}\n`
    )
    let text = ''
    socket.on('data', (piece: Buffer) => (text += piece.toString()))
    await once(socket, 'end')
    assert.match(text, /\{"partition":0,"offset":0\}\n\r\n0\r\n\r\n$/)
  })

  test('that are under way when the gateway stops are answered; then comes the error, and later ones are not stored', async context => {
    const store = new Store()
    store.hold()
    const { upload, front, audit } = await start(context, { gateway: store })
    const client = upload()
    await client.send({ value: 'a' })
    await waitUntil(() => store.batches === 1)
    const closed = front.close(5000)
    await client.send({ value: 'b' })
    store.letGo()
    const answer = await client.answer
    await answer.untilEnded()
    assert.deepEqual([answer.lines[0], answer.lines[1].error.code], [at(0), 'SHUTTING_DOWN'])
    assert.equal(answer.response.complete, true)
    assert.deepEqual(store.values, ['a'])
    client.end()
    assert.equal(await closed, 0)
    assert.deepEqual([audit[0].reason, audit[0].records], ['SHUTTING_DOWN', 1])
  })

  test('end with the error when the credential does not count any more', async context => {
    context.mock.timers.enable({ apis: ['setInterval'] })
    let refusal: GatewayError | undefined
    const { upload, audit } = await start(context, {
      gateway: new Store(),
      authenticator: {
        ...authenticator,
        authenticate(credentials) {
          if (refusal !== undefined) throw refusal
          return authenticator.authenticate(credentials)
        }
      }
    })
    const client = upload('?receipts=errors')
    await client.send({ value: 'a' })
    const answer = await client.answer
    context.mock.timers.tick(60_000)
    await waitUntil(() => audit.length === 1)
    refusal = new GatewayError('INVALID_TOKEN', 'Expired.')
    context.mock.timers.tick(60_000)
    await answer.until(({ lines }) => lines.length === 1)
    const { error, ...counts } = answer.lines[0]
    assert.deepEqual(
      [error.error_code, error.code, counts],
      [40102, 'INVALID_TOKEN', { stored: 1, not_stored: 0, unknown: 0 }]
    )
    await waitUntil(() => audit.length === 3)
    assert.deepEqual([audit[0].records, audit[2].outcome, audit[2].reason], [1, 'denied', 'INVALID_TOKEN'])
  })

  test('of a client that takes no answer are held back; after the stall come all answers, and the error', async context => {
    const store = new Store(3)
    const { port, audit } = await start(context, {
      gateway: store,
      limits: { receiptBytes: 4096, streamStallMs: 500, inFlightBytes: 64 * 1024 * 1024 }
    })
    const socket = connect(port, '127.0.0.1')
    context.after(() => socket.destroy())
    socket.write(
      `POST ${PATH} HTTP/1.1\r\nHost: x\r\nAuthorization: ${TOKEN}\r\nContent-Type: application/jsonl\r\nTransfer-Encoding: chunked\r\n\r\n`
    )
    const lines = '{"value":1}\n'.repeat(5000)
    const chunk = Buffer.from(`${lines.length.toString(16)}\r\n${lines}\r\n`)
    // As long as the gateway takes more.
    while (socket.writableLength < 8 * 1024 * 1024) {
      socket.write(chunk)
      await nextTurn()
    }
    await waitUntil(() => socket.writableLength === 0)
    assert.ok(store.values.length > 4096)
    socket.write('0\r\n\r\n')
    const pieces: Buffer[] = []
    socket.on('data', (piece: Buffer) => pieces.push(piece))
    await waitUntil(() => pieces.at(-1)?.toString().endsWith('0\r\n\r\n') === true && audit.length === 1)
    assert.deepEqual([audit[0].reason, audit[0].status, audit[0].records], ['STREAM_STALLED', 200, store.values.length])
    const text = Buffer.concat(pieces)
      .toString()
      .replaceAll(/\r\n[0-9a-f]*\r\n/g, '')
    const offsets = [...text.matchAll(/"offset":(\d+)/g)].map(([, offset]) => Number(offset))
    assert.deepEqual(
      offsets,
      store.values.map((_, record) => record * 3)
    )
    assert.match(text.slice(-200), /\n\{"error":\{"error_code":40802,"code":"STREAM_STALLED",[^}]+\}\}\s*$/)
  })
})
