import assert from 'node:assert/strict'
import { after, before, suite, test } from 'node:test'
import { TestGateway, uniqueTopic } from '../../support/gateway.ts'

suite('Consuming over HTTPS', () => {
  let gateway: TestGateway
  let topic: string
  before(async () => {
    gateway = await TestGateway.start()
    topic = uniqueTopic('consume')
    await gateway.createTopic(topic)
    for (let batch = 0; batch < 5; batch++) {
      await gateway.produce(
        topic,
        Array.from({ length: 10 }, (_, record) => ({ key: `k${batch}`, value: `${batch * 10 + record}` }))
      )
    }
  })
  after(() => gateway.close())

  const page = async (offset: number | string, query = '') => {
    const { status, headers, json } = await gateway.get(
      `/v1/consumer/topics/${topic}/partitions/0/offsets/${offset}${query}`
    )
    return {
      status,
      next: headers.nextoffset,
      json,
      values: json.records?.map((record: { value: string }) => Number(record.value))
    }
  }

  test('reads one record by default, from any offset, within a batch too', async () => {
    const { status, next, json } = await page(17)
    const [record] = json.records
    assert.equal(typeof record.timestamp, 'number')
    assert.ok(Math.abs(record.timestamp - Date.now()) < 120_000)
    assert.deepEqual(
      { ...record, timestamp: 0 },
      { key: 'k1', value: '17', partition: 0, offset: 17, timestamp: 0, timestampType: 'CREATE_TIME' }
    )
    assert.deepEqual([status, next, json.records.length], [200, '18', 1])
  })

  test('returns count records over the borders of batches', async () => {
    const { values, next } = await page(8, '?count=25')
    assert.deepEqual([values, next], [Array.from({ length: 25 }, (_, index) => index + 8), '33'])
  })

  test('following NextOffset sees every record once and ends on an empty page', async () => {
    const seen: number[] = []
    let offset = '0'
    for (let pages = 0; pages < 30; pages++) {
      const { values, next } = await page(offset, '?count=7')
      seen.push(...values)
      if (values.length === 0) {
        assert.deepEqual([next, offset], ['50', '50'])
        break
      }
      offset = String(next)
    }
    assert.deepEqual(
      seen,
      Array.from({ length: 50 }, (_, index) => index)
    )
  })

  test('earliest and latest name the two ends', async () => {
    assert.deepEqual((await page('earliest', '?count=2')).values, [0, 1])
    const end = await page('latest')
    assert.deepEqual([end.status, end.json, end.next], [200, { records: [] }, '50'])
  })

  test('an offset beyond the end is 400 and names both bounds', async () => {
    const { status, json } = await page(51)
    assert.equal(status, 400)
    assert.deepEqual(
      [json.error_code, json.code, json.earliest_offset, json.latest_offset],
      [40011, 'OFFSET_OUT_OF_RANGE', 0, 50]
    )
    assert.match(json.message, /51.*0.*50/)
  })

  for (const offset of ['9007199254740991', '9007199254740992', '9007199254740993', '9223372036854775807'])
    test(`so is ${offset}, which Kafka could have, though no log reaches it`, async () => {
      const { status, json } = await page(offset)
      assert.equal(status, 400)
      assert.deepEqual(json, {
        error_code: 40011,
        code: 'OFFSET_OUT_OF_RANGE',
        message: `Offset ${offset} is out of range: partition 0 of topic '${topic}' begins at 0 and ends at 50.`,
        retriable: false,
        earliest_offset: 0,
        latest_offset: 50
      })
    })

  test('an offset that no log reaches says nothing about a partition that is not there', async () => {
    const { status, json } = await gateway.get(`/v1/consumer/topics/${topic}/partitions/9/offsets/9223372036854775807`)
    assert.deepEqual([status, json.code], [404, 'PARTITION_NOT_FOUND'])
  })

  for (const [path, code] of [
    ['partitions/0/offsets/-x', 'INVALID_OFFSET'],
    ['partitions/0/offsets/x', 'INVALID_OFFSET'],
    ['partitions/0/offsets/1.5', 'INVALID_OFFSET'],
    ['partitions/0/offsets/9223372036854775808', 'INVALID_OFFSET'],
    ['partitions/x/offsets/0', 'INVALID_PARTITION'],
    ['partitions/0/offsets/0?count=0', 'INVALID_COUNT'],
    ['partitions/0/offsets/0?count=2147483648', 'INVALID_COUNT'],
    ['partitions/0/offsets/0?count=ten', 'INVALID_COUNT'],
    ['partitions/0/offsets/0?value_encoding=hex', 'INVALID_ENCODING']
  ]) {
    test(`${path} is 400 ${code}`, async () => {
      const { status, json } = await gateway.get(`/v1/consumer/topics/${topic}/${path}`)
      assert.deepEqual([status, json.code], [400, code])
    })
  }

  test('the largest count and unknown parameters are accepted', async () => {
    assert.equal((await page(0, '?count=2147483647&api-version=1')).values.length, 50)
  })

  test('bytes that are no UTF-8 come as base64, or all do when that is asked for', async () => {
    const own = uniqueTopic('binary')
    await gateway.createTopic(own)
    await gateway.produce(own, [
      { key: 'k', value: 'text' },
      { key: '/w==', key_encoding: 'base64', value: '/w==', value_encoding: 'base64' }
    ])
    const path = `/v1/consumer/topics/${own}/partitions/0/offsets/0?count=9`
    const pick = ({ key, key_encoding, value, value_encoding }: Record<string, string>) => [
      key,
      key_encoding,
      value,
      value_encoding
    ]
    assert.deepEqual((await gateway.get(path)).json.records.map(pick), [
      ['k', undefined, 'text', undefined],
      ['/w==', 'base64', '/w==', 'base64']
    ])
    assert.deepEqual((await gateway.get(`${path}&value_encoding=base64&key_encoding=base64`)).json.records.map(pick), [
      ['aw==', 'base64', 'dGV4dA==', 'base64'],
      ['/w==', 'base64', '/w==', 'base64']
    ])
  })

  test('a page ends at 6 MiB of keys and values, and holds one record however large', async () => {
    const own = uniqueTopic('pages')
    await gateway.createTopic(own, { topic_properties: { 'max.message.bytes': 9_000_000 } })
    for (let record = 0; record < 8; record++) await gateway.produce(own, [{ value: 'x'.repeat(1_000_000) }])
    await gateway.produce(own, [{ value: 'y'.repeat(7_500_000) }])
    const first = await gateway.read(own, 0, 0)
    assert.deepEqual([first.json.records.length, first.headers.nextoffset], [6, '6'])
    const second = await gateway.read(own, 0, 6)
    assert.deepEqual([second.json.records.length, second.headers.nextoffset], [2, '8'])
    const third = await gateway.read(own, 0, 8)
    assert.deepEqual(
      [third.json.records.length, third.json.records[0].value.length, third.headers.nextoffset],
      [1, 7_500_000, '9']
    )
  })

  test('LogAppendTime is told as such', async () => {
    const own = uniqueTopic('append-time')
    await gateway.createTopic(own, { topic_properties: { 'message.timestamp.type': 'LogAppendTime' } })
    await gateway.produce(own, [{ value: 'a', timestamp: 5 }])
    const [record] = (await gateway.read(own, 0, 0)).json.records
    assert.equal(record.timestampType, 'LOG_APPEND_TIME')
    assert.ok(Math.abs(record.timestamp - Date.now()) < 60_000)
  })

  test('HEAD answers as GET without a body', async () => {
    const path = `/v1/consumer/topics/${topic}/partitions/0/offsets/0?count=3`
    const [head, got] = [await gateway.request('HEAD', path), await gateway.get(path)]
    assert.deepEqual(
      [head.status, head.text, head.headers['content-length'], head.headers.nextoffset],
      [200, '', got.headers['content-length'], '3']
    )
  })

  test('a page is compressed for who accepts it', async () => {
    const { headers } = await gateway.request('GET', `/v1/consumer/topics/${topic}/partitions/0/offsets/0?count=50`, {
      headers: { 'accept-encoding': 'gzip' }
    })
    assert.equal(headers['content-encoding'], 'gzip')
  })
})
