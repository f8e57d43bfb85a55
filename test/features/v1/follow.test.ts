import assert from 'node:assert/strict'
import { after, before, suite, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { TestGateway, uniqueTopic } from '../../support/gateway.ts'
import { eventsIn, type TestStream } from '../../support/stream.ts'
import { idPart, NO_TOPIC_IDS } from '../../support/topic-id.ts'

const EVENTS = { accept: 'text/event-stream' }
const LINES = { accept: 'application/x-ndjson' }

suite('Following a topic', () => {
  let gateway: TestGateway
  before(async () => {
    gateway = await TestGateway.start()
  })
  after(() => gateway.close())

  async function newTopic(partitions = 2): Promise<string> {
    const topic = uniqueTopic('follow')
    await gateway.createTopic(topic, { partition_count: partitions })
    return topic
  }
  const pathOf = (topic: string, query = '') => `/v1/consumer/topics/${topic}/records${query}`
  const events = ({ text }: TestStream) => eventsIn(text)
  const records = (stream: TestStream) => events(stream).events.map(({ data }) => JSON.parse(data))
  /** Ends the stream when the test is over. */
  async function follow(context: { after(end: () => void): void }, path: string, headers: Record<string, string>) {
    const stream = await gateway.stream(path, headers)
    context.after(() => stream.close())
    return stream
  }

  test('an event stream begins with its position, then brings each record as an event, as it is written', async t => {
    const topic = await newTopic()
    const stream = await follow(t, pathOf(topic), EVENTS)
    const { headers } = stream.response
    assert.deepEqual(
      [stream.status, headers['content-type'], headers['cache-control'], headers['x-accel-buffering']],
      [200, 'text/event-stream', 'no-store, no-transform', 'no']
    )
    assert.equal(headers['content-encoding'], undefined)
    const id = await idPart(topic)
    await stream.until(({ text }) => text.endsWith('\n\n'))
    assert.match(stream.text, new RegExp(`^retry: \\d{4}\nid: ${id}0:0,1:0\n\n$`))
    assert.deepEqual(events(stream).events, [])
    await gateway.produce(topic, [{ key: 'k', value: 'a\r\nb\u2028', partition: 1, timestamp: 7 }])
    await stream.until(each => events(each).events.length === 1)
    assert.deepEqual(records(stream), [
      { topic, key: 'k', value: 'a\r\nb\u2028', partition: 1, offset: 0, timestamp: 7, timestampType: 'CREATE_TIME' }
    ])
    assert.equal(events(stream).lastId, `${id}0:0,1:1`)
  })

  test('an event stream that breaks off goes on at Last-Event-ID, whatever from says, without a gap', async t => {
    const topic = await newTopic()
    const first = await gateway.stream(pathOf(topic), EVENTS)
    await first.until(each => events(each).lastId !== '')
    first.close()
    await gateway.produce(topic, [{ value: '0', partition: 0 }])
    const second = await gateway.stream(pathOf(topic, '?from=latest'), {
      ...EVENTS,
      'last-event-id': events(first).lastId
    })
    await second.until(each => records(each).length === 1)
    second.close()
    await gateway.produce(
      topic,
      [1, 2, 3].map(value => ({ value: `${value}`, partition: 1 }))
    )
    const third = await follow(t, pathOf(topic), { ...EVENTS, 'last-event-id': events(second).lastId })
    await third.until(each => records(each).length === 3)
    assert.deepEqual(
      [...records(second), ...records(third)].map(({ value }) => value),
      ['0', '1', '2', '3']
    )
  })

  test('an event stream followed through three gateways, each of them stopped, misses no record', async () => {
    const topic = await newTopic()
    const done = new AbortController()
    let sent = 0
    const writer = (async () => {
      for (; !done.signal.aborted; await sleep(5))
        await gateway.produce(topic, [{ value: `${sent++}`, partition: sent % 2 }])
    })()
    const bursts: { value: string }[][] = []
    let id = ''
    for (let round = 0; round < 3; round++) {
      const other = await TestGateway.start()
      try {
        const stream = await other.stream(pathOf(topic, '?from=earliest'), { ...EVENTS, 'last-event-id': id })
        await stream.until(each => records(each).length > 20)
        if (round === 2) {
          done.abort()
          await writer
          await stream.until(each => records(each).some(({ value }) => value === `${sent - 1}`))
        }
        await other.server.close()
        await stream.untilEnded()
        bursts.push(records(stream).filter(({ value }) => value !== undefined))
        id = events(stream).lastId
      } finally {
        await other.close()
      }
    }
    const seen = bursts.flat().map(({ value }) => Number(value))
    assert.deepEqual(
      seen.toSorted((one, other) => one - other),
      Array.from({ length: sent }, (_, at) => at)
    )
  })

  test('lines: the position first and after each burst, the records as in a page, and the end after count', async t => {
    const topic = await newTopic()
    await gateway.produce(
      topic,
      [0, 1, 2].map(value => ({ value: `${value}`, partition: 0, timestamp: 7 }))
    )
    const stream = await follow(t, pathOf(topic, '?from=earliest&count=2'), LINES)
    await stream.untilEnded()
    assert.equal(stream.response.headers['content-type'], 'application/x-ndjson')
    const record = { key: null, partition: 0, timestamp: 7, timestampType: 'CREATE_TIME' }
    const id = await idPart(topic)
    assert.deepEqual(stream.lines, [
      { next: `${id}0:0,1:0` },
      { ...record, value: '0', offset: 0 },
      { ...record, value: '1', offset: 1 },
      { next: `${id}0:2,1:0` }
    ])
  })

  test('lines end after wait milliseconds without a record', async t => {
    const topic = await newTopic()
    const beganMs = performance.now()
    const stream = await follow(t, pathOf(topic, '?wait=500'), { accept: 'application/jsonl' })
    await sleep(200)
    await gateway.produce(topic, [{ value: '0' }])
    await stream.untilEnded()
    assert.ok(performance.now() - beganMs >= 700)
    assert.equal(stream.lines.filter(line => line.value === '0').length, 1)
  })

  test('a topic of thousands of records comes whole and in order', async t => {
    const topic = await newTopic(3)
    const wanted = 9000
    for (let sent = 0; sent < wanted; sent += 3000)
      await gateway.produce(
        topic,
        Array.from({ length: 3000 }, (_, at) => ({ value: `${sent + at}`, partition: (sent + at) % 3 }))
      )
    const stream = await follow(t, pathOf(topic, `?from=earliest&count=${wanted}`), LINES)
    await stream.untilEnded()
    const seen = stream.lines.filter(line => line.value !== undefined)
    for (let partition = 0; partition < 3; partition++)
      assert.deepEqual(
        seen.filter(line => line.partition === partition).map(line => Number(line.value)),
        Array.from({ length: wanted / 3 }, (_, at) => at * 3 + partition)
      )
  })

  test('streams that begin at one place and stop at others each bring what is theirs', async t => {
    const topic = await newTopic(1)
    await gateway.produce(
      topic,
      [0, 1, 2, 3].map(value => ({ value: `${value}` }))
    )
    const stops = [1, 4, 2, 4]
    const streams = await Promise.all(
      stops.map(stop => follow(t, pathOf(topic, `?from=earliest&until=${stop}`), LINES))
    )
    for (const stream of streams) await stream.untilEnded()
    assert.deepEqual(
      streams.map(({ lines }) => lines.filter(({ value }) => value !== undefined).length),
      stops
    )
  })

  test('a page is for all who do not name a stream', async () => {
    const topic = await newTopic()
    for (const accept of ['*/*', 'text/*', 'application/*', 'text/html', 'application/json, text/event-stream;q=0.5']) {
      const { status, headers } = await gateway.request('GET', pathOf(topic), { headers: { accept } })
      assert.deepEqual([status, headers['content-type']], [200, 'application/json; charset=utf-8'], accept)
    }
  })

  test('HEAD starts no stream', async () => {
    const topic = await newTopic()
    const stream = await gateway.stream(pathOf(topic), EVENTS, 'HEAD')
    await stream.untilEnded()
    assert.deepEqual([stream.status, stream.text, stream.response.headers['content-type']], [200, '', EVENTS.accept])
  })

  for (const [query, headers, code] of [
    ['?count=1', EVENTS, 'INVALID_PARAMETER'],
    ['?wait=1', EVENTS, 'INVALID_PARAMETER'],
    ['?wait=60001', LINES, 'INVALID_PARAMETER'],
    ['', { ...EVENTS, 'last-event-id': 'x' }, 'INVALID_OFFSET'],
    ['?from=0:1', EVENTS, 'OFFSET_OUT_OF_RANGE'],
    ['?from=0:1', LINES, 'OFFSET_OUT_OF_RANGE'],
    ['?partitions=2', EVENTS, 'INVALID_PARTITION'],
    ['?from=AAAAAAAA;0:0', EVENTS, 'POSITION_OF_ANOTHER_TOPIC']
  ] as const)
    test(`${query} ${JSON.stringify(headers)} is 400 ${code} before the stream begins`, async t => {
      const topic = await newTopic()
      if (code === 'POSITION_OF_ANOTHER_TOPIC' && (await idPart(topic)) === '') return t.skip(NO_TOPIC_IDS)
      const stream = await gateway.stream(pathOf(topic, query), headers)
      await stream.untilEnded()
      assert.deepEqual([stream.status, JSON.parse(stream.text).code], [400, code])
    })

  test('an event stream whose topic is deleted ends with the event failure, lines with a line that has the error', async t => {
    const topic = await newTopic()
    const [asEvents, asLines] = [await follow(t, pathOf(topic), EVENTS), await follow(t, pathOf(topic), LINES)]
    await asLines.until(({ lines }) => lines.length === 1)
    await gateway.request('DELETE', `/v1/topics/${topic}`)
    await asEvents.untilEnded()
    await asLines.untilEnded()
    const failure = events(asEvents).events.at(-1)
    assert.equal(failure?.type, 'failure')
    const { error_code, code } = JSON.parse(failure.data)
    assert.deepEqual([error_code, code], [40401, 'TOPIC_NOT_FOUND'])
    assert.equal(asLines.lines.at(-1).error.code, 'TOPIC_NOT_FOUND')
    assert.equal(asLines.lines.at(-1).next, asLines.lines[0].next)
  })

  test('more streams than the caller may have are 429, and one whose client leaves gives its place back', async () => {
    const topic = await newTopic()
    const other = await TestGateway.start({ settings: { quotas: { principal: { concurrentStreams: 2 } } } })
    try {
      const open = [await other.stream(pathOf(topic), EVENTS), await other.stream(pathOf(topic), LINES)]
      const refused = await other.stream(pathOf(topic), EVENTS)
      await refused.untilEnded()
      assert.deepEqual([refused.status, JSON.parse(refused.text).code], [429, 'QUOTA_EXCEEDED'])
      assert.match(refused.text, /concurrent streams/)
      for (const stream of open) stream.close()
      for (let tries = 0; (await other.stream(pathOf(topic), EVENTS)).status !== 200; tries++) {
        assert.ok(tries < 100)
        await sleep(20)
      }
    } finally {
      await other.close()
    }
  })

  test('a client that does not read is held back, and gets every record when it reads again', async t => {
    const topic = await newTopic(1)
    const stream = await follow(t, pathOf(topic, '?count=200'), LINES)
    await stream.until(({ lines }) => lines.length === 1)
    stream.response.pause()
    const value = 'x'.repeat(100_000)
    for (let sent = 0; sent < 200; sent += 50)
      await gateway.produce(
        topic,
        Array.from({ length: 50 }, () => ({ value }))
      )
    await sleep(500)
    stream.response.resume()
    await stream.untilEnded()
    assert.deepEqual(
      stream.lines.filter(line => line.value === value).map(line => line.offset),
      Array.from({ length: 200 }, (_, offset) => offset)
    )
  })

  test('when the gateway stops, an event stream says end and lines say SHUTTING_DOWN, each with where to go on', async () => {
    const topic = await newTopic()
    const other = await TestGateway.start()
    try {
      const asEvents = await other.stream(pathOf(topic), EVENTS)
      const asLines = await other.stream(pathOf(topic), LINES)
      await asLines.until(({ lines }) => lines.length === 1)
      const stoppedMs = performance.now()
      await other.server.close()
      await asEvents.untilEnded()
      await asLines.untilEnded()
      assert.equal(events(asEvents).events.at(-1)?.type, 'end')
      assert.equal(events(asEvents).lastId, `${await idPart(topic)}0:0,1:0`)
      assert.equal(asLines.lines.at(-1).error.code, 'SHUTTING_DOWN')
      assert.equal(asLines.lines.at(-1).next, asLines.lines[0].next)
      assert.ok(performance.now() - stoppedMs < 5000)
    } finally {
      await other.close()
    }
  })
})
