import assert from 'node:assert/strict'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { after, before, suite, test, type TestContext } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { WebSocket } from 'ws'
import { TestGateway, uniqueTopic } from '../../support/gateway.ts'
import { idPart, NO_TOPIC_IDS } from '../../support/topic-id.ts'

/** A client with all that it was sent. */
class Client {
  readonly socket: WebSocket
  // oxlint-disable-next-line typescript/no-explicit-any -- whatever the server sent is compared whole
  readonly messages: any[] = []
  closed: { readonly code: number; readonly reason: string } | undefined

  constructor(socket: WebSocket) {
    this.socket = socket
    socket.on('message', (data: Buffer) => this.messages.push(JSON.parse(data.toString())))
    socket.on('close', (code, reason) => (this.closed = { code, reason: reason.toString() }))
    socket.on('error', () => undefined)
  }

  get records(): { value: string; offset: number }[] {
    return this.messages.flatMap(({ records = [] }) => records)
  }

  say(message: unknown): void {
    this.socket.send(JSON.stringify(message))
  }

  async until(holds: (client: this) => boolean): Promise<void> {
    for (const end = Date.now() + 10_000; !holds(this); await sleep(5))
      if (Date.now() > end)
        throw new Error(`The client has only: ${JSON.stringify(this.messages).slice(-1000)} ${this.closed?.code}`)
  }
}

suite('A WebSocket', () => {
  let gateway: TestGateway
  before(async () => {
    gateway = await TestGateway.start({ settings: { cors: { origins: ['https://pages.example'] } } })
  })
  after(() => gateway.close())

  async function newTopic(partitions = 1): Promise<string> {
    const topic = uniqueTopic('websocket')
    await gateway.createTopic(topic, { partition_count: partitions })
    return topic
  }
  const readPath = (topic: string, query = '') => `/v1/consumer/topics/${topic}/records${query}`
  const writePath = (topic: string) => `/v1/producer/topics/${topic}`
  const open = (
    t: TestContext,
    path: string,
    headers: Record<string, string> = { authorization: `Bearer ${gateway.ownToken}` },
    protocols: string[] = [],
    to: TestGateway = gateway
  ) => {
    const socket = new WebSocket(`wss://localhost:${to.port}${path}`, protocols, {
      headers,
      family: 4,
      ca: readFileSync(to.services.certificates.caFile)
    })
    t.after(() => socket.terminate())
    return new Client(socket)
  }
  /** The status and the body of an answer that opens none. */
  async function refusal(client: Client): Promise<[number, string]> {
    const [, response] = (await once(client.socket, 'unexpected-response')) as [unknown, NodeJS.ReadableStream]
    const pieces: string[] = []
    for await (const piece of response) pieces.push(String(piece))
    return [(response as unknown as { statusCode: number }).statusCode, JSON.parse(pieces.join('')).code]
  }

  test('that follows begins with its position, then brings the records as they are written, and where it stands', async t => {
    const topic = await newTopic(2)
    const client = open(t, readPath(topic))
    await client.until(({ messages }) => messages.length === 1)
    const id = await idPart(topic)
    assert.deepEqual(client.messages[0], { records: [], next: `${id}0:0,1:0` })
    await gateway.produce(topic, [{ key: 'k', value: 'a', partition: 1, timestamp: 7 }])
    await client.until(({ messages }) => messages.length === 2)
    const record = { key: 'k', value: 'a', partition: 1, offset: 0, timestamp: 7, timestampType: 'CREATE_TIME' }
    assert.deepEqual(client.messages[1], { records: [record], next: `${id}0:0,1:1` })
    client.socket.close(1000)
    await client.until(({ closed }) => closed !== undefined)
    assert.equal(client.closed?.code, 1000)
  })

  test('brings as many records as the client has given credit for, and ends after count', async t => {
    const topic = await newTopic()
    await gateway.produce(
      topic,
      Array.from({ length: 20 }, (_, at) => ({ value: `${at}` }))
    )
    const client = open(t, readPath(topic, '?from=latest&count=7'))
    await client.until(({ messages }) => messages.length === 1)
    client.say({ credit: 2 })
    client.say({ seek: 'earliest' })
    await client.until(({ records }) => records.length === 2)
    await sleep(100)
    assert.equal(client.records.length, 2)
    client.say({ credit: 3 })
    await client.until(({ records }) => records.length === 5)
    client.say({ credit: 100 })
    await client.until(({ closed }) => closed !== undefined)
    assert.deepEqual(
      client.records.map(({ value }) => value),
      ['0', '1', '2', '3', '4', '5', '6']
    )
    assert.equal(client.closed?.code, 1000)
  })

  test('brings less than everything as any stream does, and is closed when it has come to where it was to stop', async t => {
    const topic = await newTopic()
    await gateway.produce(
      topic,
      Array.from({ length: 20 }, (_, at) => ({ value: `${at % 2 === 0 ? 'even' : 'odd'} ${at}` }))
    )
    const client = open(t, readPath(topic, '?from=earliest&until=10&find=odd&value_bytes=3'))
    await client.until(({ closed }) => closed !== undefined)
    assert.deepEqual(
      client.records.map(({ offset, value }) => [offset, Buffer.from(value, 'base64').toString()]),
      [1, 3, 5, 7, 9].map(offset => [offset, 'odd'])
    )
    const { records, complete, scanned } = client.messages.at(-1)
    assert.deepEqual([records, complete, client.closed?.code], [[], true, 1000])
    assert.ok(scanned >= 10, `${scanned}`)
  })

  test('stands still while it is paused, and goes on where it was, or where the client says', async t => {
    const topic = await newTopic()
    const client = open(t, readPath(topic))
    await client.until(({ messages }) => messages.length === 1)
    client.say({ pause: true })
    await sleep(50)
    await gateway.produce(topic, [{ value: '0' }, { value: '1' }])
    await sleep(100)
    assert.equal(client.messages.length, 1)
    client.say({ pause: false })
    await client.until(({ records }) => records.length === 2)
    client.say({ seek: '0:1' })
    await client.until(({ records }) => records.length === 3)
    assert.deepEqual(
      client.records.map(({ value }) => value),
      ['0', '1', '1']
    )
  })

  test('is closed with 1008 by a seek to a position of another topic, which the last message says', async t => {
    const topic = await newTopic()
    if ((await idPart(topic)) === '') return t.skip(NO_TOPIC_IDS)
    const client = open(t, readPath(topic))
    await client.until(({ messages }) => messages.length === 1)
    client.say({ seek: 'AAAAAAAA;0:0' })
    await client.until(({ closed }) => closed !== undefined)
    assert.equal(client.messages.at(-1).error.code, 'POSITION_OF_ANOTHER_TOPIC')
    assert.deepEqual(client.closed, { code: 1008, reason: 'POSITION_OF_ANOTHER_TOPIC' })
  })

  test('is closed with 1008 by a message that is none of its forms, which the last message says', async t => {
    const topic = await newTopic()
    for (const message of ['{}', 'x', '{"credit":0}', '{"seek":1}', '{"pause":true,"credit":1}', '[1]']) {
      const client = open(t, readPath(topic))
      await client.until(({ messages }) => messages.length === 1)
      client.socket.send(message)
      await client.until(({ closed }) => closed !== undefined)
      assert.equal(client.closed?.code, 1008, message)
      assert.match(client.messages.at(-1).error.code, /^(INVALID_BODY|MALFORMED_JSON)$/)
      assert.equal(client.messages.at(-1).next, client.messages[0].next)
    }
  })

  test('to write takes a record or an array of them a message, and answers each in its turn', async t => {
    const topic = await newTopic(2)
    const client = open(t, writePath(topic))
    await once(client.socket, 'open')
    client.say({ value: 'a', partition: 0 })
    client.say([
      { value: 'b', partition: 1 },
      { value: 'c', partition: 0 }
    ])
    client.say({ vaule: 'd' })
    client.say([{ value: 'e' }, { key: 'no value' }])
    client.say([])
    client.say({ value: 'f', partition: 0 })
    await client.until(({ messages }) => messages.length === 6)
    const [first, second, unknown, missing, empty, last] = client.messages
    assert.deepEqual(first, { offsets: [{ partition: 0, offset: 0 }] })
    assert.deepEqual(second, {
      offsets: [
        { partition: 1, offset: 0 },
        { partition: 0, offset: 1 }
      ]
    })
    assert.deepEqual(
      [unknown.code, missing.message, empty.message],
      ['INVALID_BODY', '[1] has no value; null would be a tombstone.', 'The array must have at least one record.']
    )
    assert.deepEqual(last, { offsets: [{ partition: 0, offset: 2 }] })
    const { json } = await gateway.read(topic, 0, 0)
    assert.deepEqual(
      json.records.map(({ value }: { value: string }) => value),
      ['a', 'c', 'f']
    )
  })

  test('keeps thousands of messages in order', async t => {
    const topic = await newTopic()
    const client = open(t, writePath(topic))
    await once(client.socket, 'open')
    for (let at = 0; at < 3000; at++) client.say({ value: `${at}` })
    await client.until(({ messages }) => messages.length === 3000)
    assert.deepEqual(
      client.messages.map(({ offsets }) => offsets[0].offset),
      Array.from({ length: 3000 }, (_, at) => at)
    )
  })

  test('takes its token as a subprotocol, as pages must send it, and never from the query', async t => {
    const topic = await newTopic()
    const token = gateway.ownToken
    const client = open(t, readPath(topic), {}, ['kafka-rest.v1', `bearer.${token}`])
    await client.until(({ messages }) => messages.length === 1)
    assert.equal(client.socket.protocol, 'kafka-rest.v1')
    const cases: [() => Client, number, string][] = [
      [() => open(t, readPath(topic), {}), 401, 'UNAUTHENTICATED'],
      [() => open(t, `${readPath(topic)}?access_token=${token}`, {}), 401, 'UNAUTHENTICATED'],
      [() => open(t, readPath(topic), {}, ['kafka-rest.v1', 'bearer.wrong']), 401, 'INVALID_TOKEN'],
      [() => open(t, readPath(topic), {}, [`bearer.${token}`]), 400, 'BAD_REQUEST'],
      [() => open(t, readPath(`${topic}-missing`)), 404, 'TOPIC_NOT_FOUND'],
      [() => open(t, writePath(`${topic}-missing`)), 404, 'TOPIC_NOT_FOUND'],
      [() => open(t, readPath(topic, '?wait=1')), 400, 'INVALID_PARAMETER']
    ]
    for (const [refused, status, code] of cases) assert.deepEqual(await refusal(refused()), [status, code])
  })

  test('is for pages of the gateway and of cors.origins only', async t => {
    const topic = await newTopic()
    const authorization = `Bearer ${gateway.ownToken}`
    for (const origin of ['https://pages.example', `https://localhost:${gateway.port}`]) {
      const client = open(t, readPath(topic), { authorization, origin })
      await client.until(({ messages }) => messages.length === 1)
    }
    for (const origin of ['https://evil.example', 'null', `http://localhost:${gateway.port}`]) {
      const client = open(t, readPath(topic), { authorization, origin })
      assert.deepEqual(await refusal(client), [403, 'NOT_PERMITTED'], origin)
    }
  })

  test('says SHUTTING_DOWN and closes with 1001 when the gateway stops, with where to go on', async t => {
    const topic = await newTopic()
    const other = await TestGateway.start()
    try {
      const headers = { authorization: `Bearer ${other.ownToken}` }
      const reader = open(t, readPath(topic), headers, [], other)
      const writer = open(t, writePath(topic), headers, [], other)
      await reader.until(({ messages }) => messages.length === 1)
      await writer.until(({ socket }) => socket.readyState === WebSocket.OPEN)
      const beganMs = performance.now()
      await other.server.close()
      await reader.until(({ closed }) => closed !== undefined)
      await writer.until(({ closed }) => closed !== undefined)
      assert.ok(performance.now() - beganMs < 5000)
      assert.deepEqual(
        [reader.messages.at(-1).error.code, reader.messages.at(-1).next, reader.closed?.code, writer.closed?.code],
        ['SHUTTING_DOWN', reader.messages[0].next, 1001, 1001]
      )
      assert.equal(writer.messages.at(-1).error.code, 'SHUTTING_DOWN')
    } finally {
      await other.close()
    }
  })

  test('at other paths, and other protocols at these, are served as if nobody had asked', async () => {
    const topic = await newTopic()
    const upgrade = { connection: 'Upgrade', upgrade: 'websocket' }
    const list = await gateway.request('GET', '/v1/metadata/topics', { headers: upgrade })
    assert.equal(list.status, 200)
    const page = await gateway.request('GET', readPath(topic), { headers: { connection: 'Upgrade', upgrade: 'h2c' } })
    assert.deepEqual([page.status, page.json.records], [200, []])
    const get = await gateway.request('GET', writePath(topic))
    assert.equal(get.status, 405)
  })
})
