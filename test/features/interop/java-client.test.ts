import assert from 'node:assert/strict'
import { after, before, suite, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { alone } from '../../support/alone.ts'
import { sharedBroker, TestGateway, uniqueTopic } from '../../support/gateway.ts'
import { hexOf, Interop, interopLine, type ReadRecord } from '../../support/java.ts'

await alone()

/** Some timestamps here are years old: by default Kafka would soon drop such records. */
const FOR_EVER = { topic_properties: { 'retention.ms': -1 } }

suite("Apache's own Java client and the gateway", () => {
  let gateway: TestGateway
  let java: Interop
  before(async () => {
    gateway = await TestGateway.start()
    java = await Interop.start(sharedBroker())
  })
  after(async () => {
    await java.close()
    await gateway.close()
  })

  /** Follows NextOffset in small pages to the end. */
  const readAll = async (topic: string, count: number): Promise<{ records: ReadRecord[]; last: string }> => {
    const records: ReadRecord[] = []
    for (let offset = '0', pages = 0; ; pages++) {
      assert.ok(pages < 2000, 'a reader must not stand still')
      const { status, json, headers, text } = await gateway.read(topic, 0, offset, count)
      assert.equal(status, 200, text)
      if (json.records.length === 0) return { records, last: String(headers.nextoffset) }
      records.push(...json.records)
      offset = String(headers.nextoffset)
    }
  }

  for (const codec of ['none', 'gzip', 'snappy', 'lz4', 'zstd']) {
    test(`read the same of what the Java client wrote with ${codec}: keys, nulls, headers, timestamps`, async () => {
      const topic = uniqueTopic(`java-${codec}`)
      await gateway.createTopic(topic, FOR_EVER)
      await java.ask('produce', topic, codec)
      const expected = await java.ask('consume', topic)
      assert.equal(expected.length, 300)
      for (const count of [1000, 7]) assert.deepEqual((await readAll(topic, count)).records.map(interopLine), expected)
    })

    test(`read the same of what the gateway wrote with ${codec}`, async () => {
      const writer = await TestGateway.start({ settings: { kafka: { compression: codec } } })
      const topic = uniqueTopic(`ours-${codec}`)
      await writer.createTopic(topic, FOR_EVER)
      const records = Array.from({ length: 400 }, (_, number) => ({
        key: number % 3 === 0 ? null : `key-${number}`,
        value: number % 7 === 0 ? null : `value ${number} ${'é'.repeat(number)}`,
        timestamp: number % 2 === 0 ? null : 1_500_000_000_000 + number * 40 * 86_400_000,
        headers:
          number % 5 === 0
            ? [
                { key: 'number', value: String(number) },
                { key: 'null', value: null }
              ]
            : null
      })).filter(({ timestamp }) => timestamp === null || timestamp < Date.now())
      const { json } = await writer.produce(topic, records)
      assert.equal(json.offsets.length, records.length)
      const seen = await java.ask('consume', topic)
      assert.deepEqual((await readAll(topic, 1000)).records.map(interopLine), seen)
      assert.deepEqual(
        seen.map(text => text.split(' ')[4]),
        records.map(({ value }) => hexOf(value))
      )
      await writer.close()
    })
  }

  test('see the same committed records among aborted ones, page by page, and end at the same offset', async () => {
    const topic = uniqueTopic('transactions')
    await gateway.createTopic(topic)
    await java.ask('transactions', topic)
    const expected = await java.ask('consume', topic)
    const { latest_offset: end } = (await gateway.get(`/v1/metadata/topics/${topic}/partitions/0`)).json
    assert.ok(
      expected.length > 0 &&
        expected.every(text => Buffer.from(text.split(' ')[4].slice(1), 'hex').toString().startsWith('committed'))
    )
    for (const count of [1, 3, 1000]) {
      const { records, last } = await readAll(topic, count)
      assert.deepEqual(records.map(interopLine), expected)
      assert.equal(last, String(end))
    }
    // From every single offset, aborted and control records included: the next committed one comes.
    const offsets = expected.map(text => Number(text.split(' ')[0]))
    for (let from = 0; from < end; from++) {
      const { json } = await gateway.read(topic, 0, from, 1)
      assert.deepEqual(
        json.records.map((record: ReadRecord) => record.offset),
        offsets.filter(offset => offset >= from).slice(0, 1),
        `from ${from}`
      )
    }
  })

  test('stop before an open transaction: empty pages, no error, and its records once it is committed', async () => {
    const topic = uniqueTopic('open')
    await gateway.createTopic(topic)
    await java.ask('open', topic)
    const first = await gateway.read(topic, 0, 0)
    assert.deepEqual(
      [first.json.records.map(({ value }: ReadRecord) => value), first.headers.nextoffset],
      [['before-0', 'before-1', 'before-2'], '3']
    )
    for (const offset of [3, 4, 5]) {
      const { status, json, headers } = await gateway.read(topic, 0, offset)
      assert.deepEqual([status, json.records, headers.nextoffset], [200, [], String(offset)])
    }
    assert.equal((await gateway.get(`/v1/metadata/topics/${topic}/partitions/0`)).json.latest_offset, 3)
    assert.equal((await gateway.read(topic, 0, 'latest')).headers.nextoffset, '3')
    assert.equal((await gateway.read(topic, 0, 6)).json.latest_offset, 3)
    await java.ask('commit', topic)
    const rest = await gateway.read(topic, 0, 3)
    assert.deepEqual(
      [rest.json.records.map(({ value }: ReadRecord) => value), rest.headers.nextoffset],
      [['inside-0', 'inside-1'], '6']
    )
  })

  test('choose the same partition for a key', async () => {
    const topic = uniqueTopic('partitions')
    await gateway.createTopic(topic, { partition_count: 7 })
    const keys = Array.from({ length: 60 }, (_, number) => `${'k'.repeat(number % 9)}${number * 7919}é`)
    const expected = await java.ask('partitions', topic, keys.join(','))
    const { json } = await gateway.produce(
      topic,
      keys.map(key => ({ key, value: 'v' }))
    )
    assert.deepEqual(
      json.offsets.map(({ partition }: { partition: number }) => String(partition)),
      expected
    )
  })

  test('pass the gaps of a compacted topic', async () => {
    const topic = uniqueTopic('compaction')
    const properties = {
      'cleanup.policy': 'compact',
      'segment.ms': 200,
      'segment.bytes': 1_048_576,
      'min.cleanable.dirty.ratio': 0.01,
      'max.compaction.lag.ms': 200
    }
    await gateway.createTopic(topic, { topic_properties: properties })
    for (let round = 0; round < 30; round++)
      await gateway.produce(topic, [{ key: `k${round % 2}`, value: `v${round}` }])
    for (const end = Date.now() + 40_000; ; await sleep(250)) {
      // A write rolls the segment, so that what lies before can be cleaned.
      await gateway.produce(topic, [{ key: 'roll', value: 'r' }])
      if ((await readAll(topic, 100)).records.filter(({ key }) => key === 'k0').length === 1) break
      assert.ok(Date.now() < end, 'the cleaner did not run')
    }
    const { records, last } = await readAll(topic, 1)
    const { latest_offset: end } = (await gateway.get(`/v1/metadata/topics/${topic}/partitions/0`)).json
    assert.equal(last, String(end))
    assert.deepEqual(
      records.filter(({ key }) => key !== 'roll').map(({ key, value }) => [key, value]),
      [
        ['k0', 'v28'],
        ['k1', 'v29']
      ]
    )
  })
})
