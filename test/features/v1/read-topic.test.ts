import assert from 'node:assert/strict'
import { after, before, suite, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { TestGateway, uniqueTopic } from '../../support/gateway.ts'
import { idPart, NO_TOPIC_IDS } from '../../support/topic-id.ts'

interface Read {
  readonly partition: number
  readonly offset: number
  readonly value: string
}

suite('Reading a whole topic', () => {
  let gateway: TestGateway
  let topic: string
  let id: string
  before(async () => {
    gateway = await TestGateway.start()
    topic = uniqueTopic('whole')
    await gateway.createTopic(topic, { partition_count: 3 })
    for (let partition = 0; partition < 3; partition++) {
      const records = Array.from({ length: 40 }, (_, at) => ({ value: `${partition}-${at}`, partition }))
      await gateway.produce(topic, records)
    }
    id = await idPart(topic)
  })
  after(() => gateway.close())

  const read = async (query: string, name = topic) => {
    const { status, headers, json } = await gateway.get(`/v1/consumer/topics/${name}/records${query}`)
    return { status, header: headers.nextposition, json, next: String(json.next), records: json.records as Read[] }
  }
  const encoded = (position: string) => encodeURIComponent(position)

  test('following next sees every record once, in order within its partition, and ends on an empty page', async () => {
    const seen: Read[] = []
    let from = 'earliest'
    for (let pages = 0; pages < 40; pages++) {
      const page = await read(`?from=${encoded(from)}&count=7`)
      assert.equal(page.status, 200)
      assert.equal(page.header, page.next)
      seen.push(...page.records)
      from = page.next
      if (page.records.length === 0) break
      assert.ok(page.records.length <= 7)
    }
    for (let partition = 0; partition < 3; partition++)
      assert.deepEqual(
        seen.filter(record => record.partition === partition).map(({ offset, value }) => [offset, value]),
        Array.from({ length: 40 }, (_, at) => [at, `${partition}-${at}`])
      )
    assert.equal(from, `${id}0:40,1:40,2:40`)
  })

  test('a page is shared among the partitions: none starves', async () => {
    const { records } = await read('?from=earliest&count=30')
    const counts = [0, 1, 2].map(partition => records.filter(record => record.partition === partition).length)
    assert.deepEqual(counts, [10, 10, 10])
  })

  test('begins at the end unless told otherwise', async () => {
    const { records, next } = await read('')
    assert.deepEqual(records, [])
    assert.equal(next, `${id}0:40,1:40,2:40`)
  })

  test('-N is the last N records of each partition, and partitions= says which', async () => {
    const values = (await read('?from=-2&partitions=2,0')).records.map(({ value }) => value).toSorted()
    assert.deepEqual(values, ['0-38', '0-39', '2-38', '2-39'])
  })

  test('@T takes any zone; the + of one may come as it is, which a query makes a space of', async () => {
    const own = uniqueTopic('zone')
    await gateway.createTopic(own)
    const times = ['2026-11-29T10:00:00Z', '2026-11-29T11:00:00Z', '2026-11-29T12:00:00Z'].map(text => Date.parse(text))
    for (const timestamp of times) await gateway.produce(own, [{ value: `${timestamp}`, timestamp }])
    for (const from of ['@2026-11-29T11:00:00Z', '@2026-11-29T12:30:00+01:30', '@2026-11-29T09:00:00%2D02:00'])
      assert.deepEqual(
        (await read(`?from=${from}`, own)).records.map(({ value }) => Number(value)),
        times.slice(1)
      )
    const { status, json } = await read('?from=@2026-11-29T11:00:00', own)
    assert.deepEqual([status, json.code], [400, 'INVALID_OFFSET'])
  })

  test('a position written by hand is the link to one record, with the id of the topic or without', async () => {
    // Without topic ids there is nothing that an id could be compared with.
    for (const position of ['1:17', `${id === '' ? 'AAAAAAAA;' : id}1:17`]) {
      const { records } = await read(`?from=${encoded(position)}&partitions=1&count=1`)
      assert.deepEqual(
        records.map(({ value, offset }) => [value, offset]),
        [['1-17', 17]]
      )
    }
  })

  test('a partition that the position does not name is read from its beginning, as one that was added later', async () => {
    const { records } = await read('?from=0:40,1:40&count=200')
    assert.deepEqual([...new Set(records.map(({ partition }) => partition))], [2])
    assert.equal(records.length, 40)
  })

  test('a position of a topic that was deleted is 400 POSITION_OF_ANOTHER_TOPIC, and no record of the new one', async t => {
    if (id === '') return t.skip(NO_TOPIC_IDS)
    const own = uniqueTopic('anew')
    await gateway.createTopic(own)
    await gateway.produce(own, [{ value: 'old' }])
    const { next } = await read('?from=earliest', own)
    await gateway.request('DELETE', `/v1/topics/${own}`)
    const createAnew = () => gateway.request('PUT', `/v1/topics/${own}`, { body: '{}' })
    // ZooKeeper keeps the name of a deleted topic until every replica is gone.
    let created = await createAnew()
    for (; created.status === 409; created = await createAnew()) await sleep(20)
    assert.equal(created.status, 200, created.text)
    await gateway.produce(own, [{ value: 'new' }, { value: 'new' }])
    const { status, json } = await read(`?from=${encoded(next)}`, own)
    assert.deepEqual([status, json.code], [400, 'POSITION_OF_ANOTHER_TOPIC'])
  })

  test('an offset out of range is 400 that names the partition, with both bounds', async () => {
    const { status, json } = await read('?from=0:0,1:41,2:0')
    assert.deepEqual([status, json.code, json.earliest_offset, json.latest_offset], [400, 'OFFSET_OUT_OF_RANGE', 0, 40])
    assert.match(json.message, /partition 1 /)
  })

  for (const [query, code, words] of [
    ['?from=0:1,3:1', 'INVALID_PARTITION', 'partition 3'],
    ['?partitions=3', 'INVALID_PARTITION', 'partition 3'],
    ['?partitions=x', 'INVALID_PARTITION', ''],
    ['?from=1:1&partitions=0', 'INVALID_OFFSET', 'partition 1'],
    ['?from=yesterday', 'INVALID_OFFSET', '@T'],
    ['?from=0:', 'INVALID_OFFSET', '@T'],
    ['?count=0', 'INVALID_COUNT', ''],
    ['?wait=60001', 'INVALID_PARAMETER', '60000'],
    ['?value_encoding=hex', 'INVALID_ENCODING', '']
  ])
    test(`${query} is 400 ${code}`, async () => {
      const { status, json } = await read(query)
      assert.deepEqual([status, json.code], [400, code])
      assert.ok(json.message.includes(words), json.message)
    })

  test('a topic that does not exist is 404, an internal one 403', async () => {
    assert.equal((await read('', uniqueTopic('none'))).json.code, 'TOPIC_NOT_FOUND')
    assert.equal((await read('', '__consumer_offsets')).json.code, 'INTERNAL_TOPIC')
  })

  test('wait: the page comes with the first records, of whichever partition', async () => {
    const waiting = read('?wait=30000')
    await sleep(300)
    const sentMs = performance.now()
    await gateway.produce(topic, [{ value: 'late', partition: 1 }])
    const { records, next } = await waiting
    assert.deepEqual(
      records.map(({ value, partition }) => [value, partition]),
      [['late', 1]]
    )
    assert.equal(next, `${id}0:40,1:41,2:40`)
    assert.ok(performance.now() - sentMs < 5000)
  })

  test('wait: the page is empty when the time is over', async () => {
    const beganMs = performance.now()
    assert.deepEqual((await read('?wait=400')).records, [])
    assert.ok(performance.now() - beganMs >= 400)
  })

  test('a page ends at 6 MiB of keys and values over all partitions', async () => {
    const own = uniqueTopic('large')
    await gateway.createTopic(own, { partition_count: 3 })
    for (let round = 0; round < 4; round++)
      for (let partition = 0; partition < 3; partition++)
        await gateway.produce(own, [{ value: 'x'.repeat(900_000), partition }])
    const { records } = await read('?from=earliest', own)
    assert.equal(records.length, 6)
  })
})
