import assert from 'node:assert/strict'
import { after, before, suite, test } from 'node:test'
import { TestGateway, uniqueTopic } from '../../support/gateway.ts'
import { eventsIn, type TestStream } from '../../support/stream.ts'
import { idPart, NO_TOPIC_IDS } from '../../support/topic-id.ts'

const EVENTS = { accept: 'text/event-stream' }
const LINES = { accept: 'application/x-ndjson' }
const PARTITIONS = 3
const COUNT = 40
const SCAN_BYTES = 256 * 1024

suite('Reading less than everything', () => {
  let gateway: TestGateway
  let topic: string
  let id: string
  const startMs = Date.now() - 86_400_000
  before(async () => {
    gateway = await TestGateway.start({ settings: { limits: { scanBytes: SCAN_BYTES } } })
    topic = uniqueTopic('less')
    await gateway.createTopic(topic, { partition_count: PARTITIONS })
    for (let partition = 0; partition < PARTITIONS; partition++)
      await gateway.produce(
        topic,
        Array.from({ length: COUNT }, (_, at) => ({
          key: `k${at % 4}`,
          value: `${partition}-${at}.`,
          partition,
          timestamp: startMs + at * 1000,
          ...(at === 20 ? { headers: [{ key: 'color', value: 'crimson' }] } : {})
        }))
      )
    id = await idPart(topic)
  })
  after(() => gateway.close())

  const pathOf = (query: string, name = topic) => `/v1/consumer/topics/${name}/records${query}`
  const partitionPath = (from: string, query: string, name = topic) =>
    `/v1/consumer/topics/${name}/partitions/1/offsets/${from}${query}`
  async function read(path: string) {
    const { status, headers, json } = await gateway.get(path)
    const values: string[] = json.records?.map((each: { value: string }) => each.value.replace(/\.$/, ''))
    return { status, headers, json, values, next: String(json.next) }
  }
  const valuesOf = ({ lines }: TestStream): string[] =>
    lines.map(({ value }) => value).filter(value => value !== undefined)
  const of = (partition: number, from: number, to: number) =>
    Array.from({ length: to - from }, (_, at) => `${partition}-${from + at}`)
  const encoded = (position: string) => encodeURIComponent(position)
  async function follow(context: { after(end: () => void): void }, path: string, headers: Record<string, string>) {
    const stream = await gateway.stream(path, headers)
    context.after(() => stream.close())
    return stream
  }

  suite('until', () => {
    test('a page stops before a number, a time, or the end, and says that it is complete', async () => {
      for (const [until, end] of [
        ['12', 12],
        [`@${startMs + 29_500}`, 30],
        [`@${new Date(startMs + 30_000).toISOString()}`, 30],
        [`@${Date.now()}`, COUNT],
        ['latest', COUNT]
      ] as const) {
        const whole = await read(pathOf(`?from=5&count=1000&until=${until}`))
        assert.deepEqual(whole.values.toSorted(), [0, 1, 2].flatMap(each => of(each, 5, end)).toSorted(), until)
        assert.equal(whole.json.complete, true)
        assert.equal(whole.next, `${id}0:${end},1:${end},2:${end}`)
        const one = await read(partitionPath('5', `?count=1000&until=${until}`))
        assert.deepEqual([one.values, one.json.complete, one.headers.nextoffset], [of(1, 5, end), true, String(end)])
        assert.equal(one.json.next, undefined)
      }
    })

    test('pages that have not come there yet do not say so, and those that follow them do', async () => {
      const seen: string[] = []
      let from = 'earliest'
      for (let isComplete = false; !isComplete;) {
        const page = await read(pathOf(`?from=${encoded(from)}&count=7&until=10`))
        seen.push(...page.values)
        isComplete = page.json.complete === true
        assert.equal(isComplete, seen.length === 30)
        from = page.next
      }
      assert.deepEqual(seen.toSorted(), [0, 1, 2].flatMap(each => of(each, 0, 10)).toSorted())
      assert.deepEqual((await read(pathOf(`?from=${encoded(from)}&until=10&wait=30000`))).json.records, [])
    })

    test('a position is where to stop in each partition that it names; the others are not read', async () => {
      for (const until of ['0:2,2:3', `${id}0:2,2:3`, '0:2,2:@' + (startMs + 2500)]) {
        const { values, json } = await read(pathOf(`?from=earliest&count=100&until=${encoded(until)}`))
        assert.deepEqual([values.toSorted(), json.complete], [[...of(0, 0, 2), ...of(2, 0, 3)], true], until)
      }
      const one = await read(partitionPath('earliest', `?count=100&until=${encoded(`${id}0:1,1:2,2:3`)}`))
      assert.deepEqual([one.values, one.json.complete], [of(1, 0, 2), true])
    })

    test('-N is the last N before it', async () => {
      const { values, json } = await read(pathOf(`?from=-2&until=@${startMs + 10_000}`))
      assert.deepEqual(values.toSorted(), [0, 1, 2].flatMap(each => of(each, 8, 10)).toSorted())
      assert.equal(json.complete, true)
      assert.deepEqual((await read(partitionPath('-3', '?count=9&until=20'))).values, of(1, 17, 20))
      assert.deepEqual((await read(partitionPath('-30', '?count=90&until=4'))).values, of(1, 0, 4))
    })

    test('where it lies behind the end, the page is not complete, and one that waits comes with the next records', async () => {
      const own = uniqueTopic('until')
      await gateway.createTopic(own)
      await gateway.produce(own, [{ value: '0' }])
      const first = await read(pathOf('?from=earliest&until=2', own))
      assert.deepEqual([first.values, first.json.complete], [['0'], undefined])
      const waiting = read(pathOf(`?from=${encoded(first.next)}&until=2&wait=30000`, own))
      await gateway.produce(own, [{ value: '1' }, { value: '2' }])
      const { values, json } = await waiting
      assert.deepEqual([values, json.complete], [['1'], true])
    })

    test('lines end there with a line that says so; an event stream with the event complete', async t => {
      const lines = await follow(t, pathOf('?from=earliest&until=6&partitions=0,2'), LINES)
      await lines.untilEnded()
      assert.deepEqual(
        valuesOf(lines).toSorted(),
        [...of(0, 0, 6), ...of(2, 0, 6)].map(value => `${value}.`)
      )
      assert.equal(lines.lines.at(-1).complete, true)
      assert.equal(lines.lines.at(-1).next, `${id}0:6,2:6`)
      const stream = await follow(t, pathOf('?from=-1&until=latest'), EVENTS)
      await stream.untilEnded()
      const { events, lastId } = eventsIn(stream.text)
      assert.deepEqual(
        events.map(({ type }) => type),
        ['message', 'message', 'message', 'complete']
      )
      assert.equal(lastId, `${id}0:40,1:40,2:40`)
      const again = await follow(t, pathOf(`?until=${encoded(lastId)}`), { ...EVENTS, 'last-event-id': lastId })
      await again.untilEnded()
      assert.deepEqual([again.status, again.text], [204, ''], 'an EventSource stays away then')
    })
  })

  suite('value_bytes and key_bytes', () => {
    test('a longer one is base64 of its first bytes with its size; a shorter one, and null, are as ever', async () => {
      const own = uniqueTopic('cut')
      await gateway.createTopic(own)
      await gateway.produce(own, [
        { key: 'abcdef', value: 'größer' },
        { key: 'abc', value: 'abc', headers: [{ key: 'h', value: 'whole' }] },
        { key: null, value: null }
      ])
      const rest = { partition: 0, timestampType: 'CREATE_TIME' }
      for (const path of [
        pathOf('?from=earliest&value_bytes=3&key_bytes=4', own),
        partitionPath('earliest', '?count=9&value_bytes=3&key_bytes=4', own).replace('partitions/1', 'partitions/0')
      ]) {
        const { json } = await gateway.get(path)
        for (const record of json.records) delete record.timestamp
        assert.deepEqual(json.records, [
          {
            key: Buffer.from('abcd').toString('base64'),
            key_encoding: 'base64',
            key_size: 6,
            value: Buffer.from('größer').subarray(0, 3).toString('base64'),
            value_encoding: 'base64',
            value_size: 8,
            offset: 0,
            ...rest
          },
          { key: 'abc', value: 'abc', offset: 1, ...rest, headers: [{ key: 'h', value: 'whole' }] },
          { key: null, value: null, offset: 2, ...rest }
        ])
      }
      const { json } = await gateway.get(pathOf('?from=earliest&value_bytes=0&count=1', own))
      const [{ key, value, value_encoding, value_size }] = json.records
      assert.deepEqual([key, value, value_encoding, value_size], ['abcdef', '', 'base64', 8])
    })

    test('the page is measured by what is sent: a look at many large records is one small page', async t => {
      const own = uniqueTopic('large')
      await gateway.createTopic(own)
      for (let sent = 0; sent < 3; sent++)
        await gateway.produce(
          own,
          Array.from({ length: 5 }, () => ({ value: 'x'.repeat(900_000) }))
        )
      const { json, text } = await gateway.get(pathOf('?from=earliest&value_bytes=10', own))
      assert.deepEqual([json.records.length, json.records[14].value_size], [15, 900_000])
      assert.ok(text.length < 5000)
      const lines = await follow(t, pathOf('?from=earliest&value_bytes=10&until=latest', own), LINES)
      await lines.untilEnded()
      assert.equal(lines.lines.filter(line => line.value_size === 900_000).length, 15)
    })
  })

  suite('key and find', () => {
    test('only records with the key come, and scanned says how many were looked at', async () => {
      const { values, json } = await read(pathOf('?from=earliest&key=k3&partitions=1'))
      assert.deepEqual(
        values,
        of(1, 0, COUNT).filter((_, at) => at % 4 === 3)
      )
      assert.equal(json.scanned, COUNT)
      const one = await read(partitionPath('10', '?count=2&key=k0'))
      assert.deepEqual([one.values, one.headers.nextoffset, one.json.scanned], [['1-12', '1-16'], '17', 7])
    })

    test('with partitioner=java only the own partition of the key is read', async () => {
      const own = uniqueTopic('keyed')
      await gateway.createTopic(own, { partition_count: 5 })
      const { json } = await gateway.produce(own, [{ key: 'parcel-1', value: 'packed' }])
      const [{ partition }] = json.offsets
      for (const each of [0, 1, 2, 3, 4]) await gateway.produce(own, [{ value: 'other', partition: each }])
      const found = await read(pathOf('?from=earliest&key=parcel-1&partitioner=java', own))
      assert.deepEqual([found.values, found.json.scanned], [['packed'], 2])
      assert.equal(found.next, `${await idPart(own)}${partition}:2`)
      const following = await read(pathOf(`?from=${encoded(found.next)}&key=parcel-1&partitioner=java`, own))
      assert.deepEqual([following.status, following.values], [200, []])
      const other = (partition + 1) % 5
      const refused = await read(pathOf(`?key=parcel-1&partitioner=java&partitions=${other}`, own))
      assert.deepEqual([refused.status, refused.json.code], [400, 'INVALID_PARTITION'])
    })

    test('find looks at keys, values and headers; with key, both must be true', async () => {
      assert.deepEqual((await read(pathOf('?from=earliest&find=-33.'))).values.toSorted(), ['0-33', '1-33', '2-33'])
      assert.deepEqual((await read(pathOf('?from=earliest&find=crimson'))).values.toSorted(), ['0-20', '1-20', '2-20'])
      assert.equal((await read(pathOf('?from=earliest&find=k2'))).values.length, 30)
      assert.deepEqual((await read(pathOf('?from=earliest&find=2-3&key=k1'))).values, ['2-33', '2-37'])
    })

    test('a search that may not look further is an empty page whose next has moved on, and pages find all in the end', async () => {
      const own = uniqueTopic('search')
      await gateway.createTopic(own)
      for (let sent = 0; sent < 4; sent++)
        await gateway.produce(
          own,
          Array.from({ length: 500 }, (_, at) => ({ value: `${'x'.repeat(1000)}${at === 499 ? 'needle' : ''}` }))
        )
      let [pages, scanned, found] = [0, 0, 0]
      for (let from = 'earliest'; pages < 50; pages++) {
        const { json, next } = await read(pathOf(`?from=${encoded(from)}&find=needle&until=latest&wait=30000`, own))
        assert.ok(json.scanned <= SCAN_BYTES / 1000 + 1)
        scanned += json.scanned
        found += json.records.length
        assert.notEqual(next, from)
        from = next
        if (json.complete === true) break
      }
      assert.deepEqual([scanned, found], [2000, 4])
      assert.ok(pages >= 7 && pages < 20, String(pages))
      const { json, headers } = await gateway.get(
        `/v1/consumer/topics/${own}/partitions/0/offsets/0?count=9&find=needle&wait=30000`
      )
      assert.deepEqual(json.records, [])
      assert.equal(Number(headers.nextoffset), json.scanned)
    })

    test('a page that waits comes with the first record that is found, not with another one', async () => {
      const own = uniqueTopic('wait')
      await gateway.createTopic(own)
      const waiting = read(pathOf('?from=earliest&find=wanted&wait=30000', own))
      for (const value of ['other', 'another', 'wanted']) await gateway.produce(own, [{ value }])
      const { values, json } = await waiting
      assert.deepEqual([values, json.scanned], [['wanted'], 3])
      const beganMs = performance.now()
      const none = await read(pathOf('?from=earliest&find=none&wait=300', own))
      assert.deepEqual([none.values, none.json.scanned], [[], 3])
      assert.ok(performance.now() - beganMs >= 300)
    })

    test('a stream brings what is found, and tells how many were looked at', async t => {
      const lines = await follow(t, pathOf('?from=earliest&find=-7.&partitions=0,1&until=latest'), LINES)
      await lines.untilEnded()
      assert.deepEqual(valuesOf(lines).toSorted(), ['0-7.', '1-7.'])
      assert.equal(lines.lines.at(-1).scanned, 80)
      const stream = await follow(t, pathOf('?from=earliest&key=k2&until=latest'), EVENTS)
      await stream.untilEnded()
      assert.equal(eventsIn(stream.text).events.filter(({ type }) => type === 'message').length, 30)
      assert.match(stream.text, /\n: \{"scanned":120\}\nevent: complete\n/)
      const counted = await follow(t, pathOf('?from=earliest&find=crimson&count=2'), LINES)
      await counted.untilEnded()
      assert.equal(valuesOf(counted).length, 2)
      const live = await follow(t, pathOf('?find=live'), LINES)
      await live.until(({ lines: all }) => all.length === 1)
      await gateway.produce(topic, [{ value: 'dead' }, { value: 'live', partition: 2 }])
      await live.until((each: TestStream) => valuesOf(each).includes('live'))
      assert.deepEqual(valuesOf(live), ['live'])
    })

    test('lines that end without a record say how far they have come', async t => {
      const own = uniqueTopic('idle')
      await gateway.createTopic(own)
      await gateway.produce(own, [{ value: 'a' }, { value: 'b' }])
      const lines = await follow(t, pathOf('?from=earliest&find=none&wait=300', own), LINES)
      await lines.untilEnded()
      const { next, scanned } = lines.lines.at(-1)
      assert.deepEqual([next, scanned], [`${await idPart(own)}0:2`, 2])
    })
  })

  for (const [query, code, words] of [
    ['until=earliest', 'INVALID_OFFSET', 'until'],
    ['until=-3', 'INVALID_OFFSET', 'latest'],
    ['until=0:-3', 'INVALID_OFFSET', '@T'],
    ['until=', 'INVALID_OFFSET', 'until'],
    ['until=0:1,7:1', 'INVALID_PARTITION', 'partition 7'],
    ['until=AAAAAAAA;0:1', 'POSITION_OF_ANOTHER_TOPIC', ''],
    ['value_bytes=-1', 'INVALID_PARAMETER', 'value_bytes'],
    ['value_bytes=x', 'INVALID_PARAMETER', 'value_bytes'],
    ['key_bytes=2147483648', 'INVALID_PARAMETER', 'key_bytes'],
    ['find=', 'INVALID_PARAMETER', '250'],
    [`find=${'ä'.repeat(63)}`, 'INVALID_PARAMETER', '62'],
    [`find=${'a'.repeat(251)}`, 'INVALID_PARAMETER', '250'],
    ['key=a&partitioner=ruby', 'INVALID_PARAMETER', 'java']
  ] as const)
    test(`${query.slice(0, 40)} is 400 ${code}, as a page and as a stream`, async t => {
      if (code === 'POSITION_OF_ANOTHER_TOPIC' && id === '') return t.skip(NO_TOPIC_IDS)
      for (const headers of [{}, EVENTS, LINES]) {
        const stream = await gateway.stream(pathOf(`?${encodeURI(query)}`), headers)
        await stream.untilEnded()
        const { code: given, message } = JSON.parse(stream.text)
        assert.deepEqual([stream.status, given], [400, code])
        assert.ok(message.includes(words), message)
      }
    })

  test('a partition that the topic lacks is 404, and an offset out of range 400 with both bounds, as without', async () => {
    const missing = await gateway.get(`/v1/consumer/topics/${topic}/partitions/9/offsets/0?find=a`)
    assert.deepEqual([missing.status, missing.json.code], [404, 'PARTITION_NOT_FOUND'])
    const { status, json } = await gateway.get(partitionPath('1000', '?find=a'))
    assert.deepEqual([status, json.code, json.earliest_offset], [400, 'OFFSET_OUT_OF_RANGE', 0])
  })
})
