import assert from 'node:assert/strict'
import { after, before, suite, test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { TestGateway, uniqueTopic } from '../../support/gateway.ts'

/** Some timestamps here are years old: by default Kafka would soon drop such records. */
const FOR_EVER = { topic_properties: { 'retention.ms': -1 } }

suite('Producing over HTTPS', () => {
  let gateway: TestGateway
  let topic: string
  before(async () => {
    gateway = await TestGateway.start()
    topic = uniqueTopic('produce')
    await gateway.createTopic(topic, { partition_count: 4 })
  })
  after(() => gateway.close())

  const send = (body: string) => gateway.request('POST', `/v1/producer/topics/${topic}`, { body })
  const endOf = async (partition: number): Promise<number> =>
    (await gateway.get(`/v1/metadata/topics/${topic}/partitions/${partition}`)).json.latest_offset

  test('values are stored as they were sent: text without quotes, all else verbatim', async () => {
    const own = uniqueTopic('verbatim')
    await gateway.createTopic(own)
    const sent: [string, string | null][] = [
      ['"text"', 'text'],
      ['""', ''],
      ['"a\\u00e9\\n\\"\\/\\ud83d\\ude00"', 'aé\n"/😀'],
      ['"5"', '5'],
      ['5', '5'],
      ['9007199254740993', '9007199254740993'],
      ['1.0', '1.0'],
      ['1e2', '1e2'],
      ['-0', '-0'],
      ['true', 'true'],
      ['null', null],
      ['{ "b" : 1,\t"a":[ 1 , 2 ], "b": "\\ud800" }', '{ "b" : 1,\t"a":[ 1 , 2 ], "b": "\\ud800" }'],
      ['[]', '[]'],
      ['{"__proto__":{"x":1}}', '{"__proto__":{"x":1}}']
    ]
    const body = `{"records":[${sent.map(([json]) => `{"value": ${json} }`).join(',')}]}`
    const { status, json } = await gateway.request('POST', `/v1/producer/topics/${own}`, { body })
    assert.equal(status, 200)
    assert.deepEqual(
      json.offsets,
      sent.map((_, offset) => ({ partition: 0, offset }))
    )
    const { records } = (await gateway.read(own, 0, 0)).json
    assert.deepEqual(
      records.map((record: { value: string | null }) => record.value),
      sent.map(([, stored]) => stored)
    )
  })

  test('keys follow the same rule, and null is no key', async () => {
    const own = uniqueTopic('keys')
    await gateway.createTopic(own)
    await gateway.produce(own, [
      { key: 'text', value: 1 },
      { key: 7, value: 1 },
      { key: { a: 1 }, value: 1 },
      { key: null, value: 1 },
      { value: 1 },
      { key: '', value: 1 }
    ])
    const { records } = (await gateway.read(own, 0, 0)).json
    assert.deepEqual(
      records.map((record: { key: string | null }) => record.key),
      ['text', '7', '{"a":1}', null, null, '']
    )
  })

  test('records of one request for one partition stand in its order, also where its first batch is too large for the topic', async () => {
    const own = uniqueTopic('order')
    await gateway.createTopic(own, { topic_properties: { 'max.message.bytes': 65_536 } })
    const padding = 'x'.repeat(1000)
    const values = Array.from({ length: 180 }, (_, number) => `${number}/${padding}`)
    const { status, json } = await gateway.produce(
      own,
      values.map(value => ({ value, partition: 0 }))
    )
    assert.equal(status, 200)
    assert.deepEqual(
      json.offsets,
      values.map((_, offset) => ({ partition: 0, offset }))
    )
    const { records } = (await gateway.read(own, 0, 0)).json
    assert.deepEqual(
      records.map((record: { value: string }) => record.value),
      values
    )
  })

  test('a topic that another client deleted and created again takes records at once, and only new ones', async t => {
    const other = await TestGateway.start()
    t.after(() => other.close())
    const own = uniqueTopic('again')
    await other.createTopic(own)
    assert.equal((await gateway.produce(own, [{ value: 'old' }, { value: 'old' }])).status, 200)
    for (let round = 0; round < 3; round++) {
      assert.equal((await other.request('DELETE', `/v1/topics/${own}`)).status, 200)
      await createOnceGone(other, own)
      const value = `new ${round}`
      const { status, json } = await gateway.produce(own, [{ value }])
      assert.deepEqual([status, json.offsets], [200, [{ partition: 0, offset: 0 }]])
      const { records } = (await gateway.read(own, 0, 0)).json
      assert.deepEqual(
        records.map((record: { value: string }) => record.value),
        [value]
      )
    }
  })

  test('single records without a key are spread over all partitions', async () => {
    const own = uniqueTopic('spread')
    await gateway.createTopic(own, { partition_count: 6 })
    const counts = Array.from({ length: 6 }, () => 0)
    for (let request = 0; request < 120; request++) {
      const { json } = await gateway.produce(own, [{ value: 'x'.repeat(100) }])
      counts[json.offsets[0].partition]++
    }
    for (const count of counts) assert.ok(count >= 5 && count <= 45, `${count} of 120`)
  })

  test("a key goes to the partition that Kafka's Java client would choose", async () => {
    // murmur2 of these keys, from Kafka's own test vectors, modulo 4
    const vectors: [string, number][] = [
      ['21', -973932308],
      ['foobar', -790332482],
      ['a-little-bit-long-string', -985981536],
      ['abc', 479470107]
    ]
    const { json } = await gateway.produce(
      topic,
      vectors.map(([key]) => ({ key, value: 'v' }))
    )
    assert.deepEqual(
      json.offsets.map((each: { partition: number }) => each.partition),
      vectors.map(([, hash]) => (hash & 0x7fffffff) % 4)
    )
  })

  test('headers, timestamps and base64 come back as they went in', async () => {
    const own = uniqueTopic('extras')
    await gateway.createTopic(own, FOR_EVER)
    const records = [
      {
        key: 'AAH/',
        key_encoding: 'base64',
        value: '/+8=',
        value_encoding: 'base64',
        timestamp: 1,
        headers: [
          { key: 'a', value: 'x' },
          { key: 'a', value: null }
        ]
      },
      {
        value: 'aGVsbG8=',
        value_encoding: 'base64',
        timestamp: 1700000000000,
        headers: [
          { key: 'b', value: '//8=', value_encoding: 'base64' },
          { key: '//4=', key_encoding: 'base64', value: 'c' },
          { key: '//4=', value: 'd' }
        ]
      },
      { value: null, value_encoding: 'base64', headers: null, timestamp: null, partition: null }
    ]
    assert.equal((await gateway.produce(own, records)).status, 200)
    const read = (await gateway.read(own, 0, 0)).json.records
    assert.deepEqual(read[0], {
      key: 'AAH/',
      key_encoding: 'base64',
      value: '/+8=',
      value_encoding: 'base64',
      partition: 0,
      offset: 0,
      timestamp: 1,
      timestampType: 'CREATE_TIME',
      headers: [
        { key: 'a', value: 'x' },
        { key: 'a', value: null }
      ]
    })
    assert.deepEqual([read[1].value, read[1].timestamp, read[1].headers], ['hello', 1700000000000, records[1].headers])
    assert.deepEqual([read[2].value, read[2].headers], [null, undefined])
  })

  test('timestamps more than 2^31 milliseconds apart in one batch stay exact', async () => {
    const own = uniqueTopic('timestamps')
    await gateway.createTopic(own, FOR_EVER)
    const stamps = [1_700_000_000_000, 0, 1_600_000_000_001, 1_700_000_000_000 - 2 ** 31 - 7]
    await gateway.produce(
      own,
      stamps.map(timestamp => ({ value: 'v', timestamp }))
    )
    const { records } = (await gateway.read(own, 0, 0)).json
    assert.deepEqual(
      records.map((record: { timestamp: number }) => record.timestamp),
      stamps
    )
  })

  test('records of one request for one partition keep their order, over many batches', async () => {
    const own = uniqueTopic('order')
    await gateway.createTopic(own)
    const records = Array.from({ length: 5000 }, (_, number) => ({ value: `${number}:${'x'.repeat(100)}` }))
    const { json } = await gateway.produce(own, records)
    assert.deepEqual(
      json.offsets.map((each: { offset: number }) => each.offset),
      records.map((_, number) => number)
    )
    const read = (await gateway.read(own, 0, 0, 5000)).json.records
    assert.deepEqual(
      read.map((record: { value: string }) => record.value),
      records.map(({ value }) => value)
    )
  })

  test('concurrent requests each get the offsets of their own records', async () => {
    const own = uniqueTopic('concurrent')
    await gateway.createTopic(own, { partition_count: 2 })
    const answers = await Promise.all(
      Array.from({ length: 60 }, (_, request) =>
        gateway.produce(
          own,
          [0, 1, 2].map(record => ({ key: `k${record}`, value: `${request}/${record}` }))
        )
      )
    )
    const stored = await Promise.all([gateway.read(own, 0, 0), gateway.read(own, 1, 0)])
    answers.forEach(({ json }, request) => {
      json.offsets.forEach(({ partition, offset }: { partition: number; offset: number }, record: number) => {
        assert.equal(stored[partition].json.records[offset].value, `${request}/${record}`)
      })
    })
    assert.equal(stored[0].json.records.length + stored[1].json.records.length, 180)
  })

  const refused: [string, string, RegExp][] = [
    ['{"records":[]}', 'INVALID_BODY', /records/],
    ['{}', 'INVALID_BODY', /records/],
    ['[]', 'INVALID_BODY', /object/],
    ['{"records":[{"value":1},{"key":"k"}]}', 'INVALID_BODY', /records\[1\]/],
    ['{"records":[{"value":1,"partitoin":0}]}', 'INVALID_BODY', /records\[0\].*partitoin/],
    ['{"records":[{"value":1,"value":2}]}', 'INVALID_BODY', /records\[0\].*value/],
    ['{"records":[{"value":1}],"more":1}', 'INVALID_BODY', /more/],
    ['{"records":[{"value":1}],"records":[{"value":1}]}', 'INVALID_BODY', /records/],
    ['{"records":[{"value":1},{"value":2,"partition":-1}]}', 'INVALID_PARTITION', /records\[1\]\.partition/],
    ['{"records":[{"value":2,"partition":"0"}]}', 'INVALID_PARTITION', /records\[0\]\.partition/],
    [
      '{"records":[{"value":1},{"value":2},{"value":3},{"value":2,"partition":9}]}',
      'INVALID_PARTITION',
      /records\[3\]\.partition: partition 9 does not exist, topic '.*' has 4/
    ],
    ['{"records":[{"value":"\\ud800"}]}', 'INVALID_BODY', /records\[0\]\.value.*surrogate/],
    ['{"records":[{"value":"%%","value_encoding":"base64"}]}', 'INVALID_BODY', /records\[0\]\.value/],
    ['{"records":[{"value":"YQ","value_encoding":"base64"}]}', 'INVALID_BODY', /records\[0\]\.value/],
    ['{"records":[{"value":5,"value_encoding":"base64"}]}', 'INVALID_BODY', /records\[0\]\.value/],
    ['{"records":[{"value":"","value_encoding":"hex"}]}', 'INVALID_BODY', /value_encoding/],
    ['{"records":[{"value":"","timestamp":1.5}]}', 'INVALID_BODY', /timestamp/],
    ['{"records":[{"value":"","headers":{}}]}', 'INVALID_BODY', /headers/],
    ['{"records":[{"value":"","headers":[{"value":"x"}]}]}', 'INVALID_BODY', /headers\[0\]/],
    ['{"records":[{"value":tru}]}', 'MALFORMED_JSON', /byte/],
    ['{"records":[{"value":01}]}', 'MALFORMED_JSON', /byte/],
    ['{"records":[{"value":"a', 'MALFORMED_JSON', /./],
    ['{"records":[{"value":1}]} x', 'MALFORMED_JSON', /byte 26/],
    [`{"records":[{"value":${'['.repeat(100_000)}`, 'MALFORMED_JSON', /512/]
  ]
  for (const [body, code, message] of refused) {
    test(`${body.slice(0, 70)} is refused as ${code}, and nothing is stored`, async () => {
      const ends = await Promise.all([0, 1, 2, 3].map(endOf))
      const { status, json } = await send(body)
      assert.deepEqual([status, json.code], [400, code], json.message)
      assert.match(json.message, message)
      assert.equal(json.offsets, undefined)
      assert.deepEqual(await Promise.all([0, 1, 2, 3].map(endOf)), ends)
    })
  }

  test('invalid UTF-8 and a byte order mark are refused', async () => {
    const invalid = Buffer.concat([
      Buffer.from('{"records":[{"value":"'),
      Buffer.from([0xc3, 0x28]),
      Buffer.from('"}]}')
    ])
    const marked = Buffer.concat([Buffer.from([0xef, 0xbb, 0xbf]), Buffer.from('{"records":[{"value":1}]}')])
    for (const body of [invalid, marked]) {
      const { json } = await gateway.request('POST', `/v1/producer/topics/${topic}`, { body })
      assert.equal(json.code, 'MALFORMED_JSON')
    }
  })

  test('a record that is too large fails alone: its neighbours are stored', async () => {
    const own = uniqueTopic('large')
    await gateway.createTopic(own, { topic_properties: { 'max.message.bytes': 5000 } })
    const { status, json, headers } = await gateway.produce(own, [
      { value: 'a' },
      { value: 'x'.repeat(10_000) },
      { value: 'b' }
    ])
    assert.equal(status, 413)
    assert.deepEqual([json.code, json.retriable, headers['retry-after']], ['RECORD_TOO_LARGE', false, undefined])
    assert.deepEqual(json.offsets[0], { partition: 0, offset: 0 })
    assert.deepEqual([json.offsets[1].code, json.offsets[1].stored], ['RECORD_TOO_LARGE', 'no'])
    assert.deepEqual(json.offsets[2], { partition: 0, offset: 1 })
    assert.deepEqual(
      (await gateway.read(own, 0, 0)).json.records.map((record: { value: string }) => record.value),
      ['a', 'b']
    )
  })

  test('a record without a key on a compacted topic fails alone, whoever shares its batch', async () => {
    const own = uniqueTopic('compacted')
    await gateway.createTopic(own, { topic_properties: { 'cleanup.policy': 'compact' } })
    const good = Array.from({ length: 20 }, (_, number) => gateway.produce(own, [{ key: `k${number}`, value: number }]))
    const bad = gateway.produce(own, [{ key: 'a', value: 1 }, { value: 'no key' }, { key: 'b', value: 2 }])
    for (const { status } of await Promise.all(good)) assert.equal(status, 200)
    const { status, json } = await bad
    assert.deepEqual([status, json.code], [400, 'INVALID_RECORD'])
    assert.deepEqual(
      json.offsets.map((each: { code?: string }) => each.code),
      [undefined, 'INVALID_RECORD', undefined]
    )
    assert.equal((await gateway.read(own, 0, 0)).json.records.length, 22)
  })

  for (const compression of ['gzip', 'snappy', 'lz4', 'zstd']) {
    test(`batches compressed with ${compression} are stored and read back`, async () => {
      const compressing = await TestGateway.start({ settings: { kafka: { compression } } })
      const own = uniqueTopic(compression)
      await compressing.createTopic(own)
      const records = Array.from({ length: 500 }, (_, number) => ({
        key: `key-${number}`,
        value: `value ${number} `.repeat(20)
      }))
      assert.equal((await compressing.produce(own, records)).status, 200)
      const read = (await compressing.read(own, 0, 0)).json.records
      assert.deepEqual(
        read.map(({ key, value }: { key: string; value: string }) => ({ key, value })),
        records
      )
      await compressing.close()
    })
  }
})

/** With ZooKeeper the name of a topic is free only a moment after every broker has forgotten the topic. */
async function createOnceGone(gateway: TestGateway, topic: string): Promise<void> {
  for (;;) {
    const { status, json } = await gateway.request('PUT', `/v1/topics/${topic}`, { body: '{}' })
    if (status === 200) return
    assert.equal(json.code, 'TOPIC_EXISTS')
    await setTimeout(10)
  }
}
