import assert from 'node:assert/strict'
import { after, before, suite, test } from 'node:test'
import { gzipSync } from 'node:zlib'
import { TestGateway, uniqueTopic } from '../../support/gateway.ts'

suite('A body that is one value', () => {
  let gateway: TestGateway
  let topic: string
  before(async () => {
    gateway = await TestGateway.start()
    topic = uniqueTopic('value')
    await gateway.createTopic(topic, { partition_count: 3 })
  })
  after(() => gateway.close())

  const send = (body: string | Buffer, type: string, query = '', headers: Record<string, string> = {}) =>
    gateway.request('POST', `/v1/producer/topics/${topic}/value${query}`, {
      body,
      headers: { 'content-type': type, ...headers }
    })
  /** The record that an answer says was stored. */
  const storedAt = async ({ json }: { json: { offsets: { partition: number; offset: number }[] } }) => {
    const [{ partition, offset }] = json.offsets
    return (await gateway.read(topic, partition, offset, 1)).json.records[0]
  }

  for (const [type, body] of [
    ['text/plain', 'grün\r\n'],
    ['text/plain; charset=utf-8', ' a '],
    ['application/json', '{ "n": 1.0, "n": 9007199254740993 }'],
    ['application/json', 'not JSON'],
    ['application/octet-stream', 'x'.repeat(100_000)],
    ['text/plain', '']
  ])
    test(`${type} is stored to the byte: ${JSON.stringify(body.slice(0, 40))}`, async () => {
      const answer = await send(body, type)
      assert.equal(answer.status, 200)
      const { key, value } = await storedAt(answer)
      assert.deepEqual([key, value], [null, body])
    })

  test('bytes that are no text are stored to the byte, and what is gzipped is stored as what it becomes', async () => {
    const bytes = Buffer.from([0xff, 0, 0x80, 0x0d])
    const { value, value_encoding } = await storedAt(await send(bytes, 'application/octet-stream'))
    assert.deepEqual([value, value_encoding], [bytes.toString('base64'), 'base64'])
    const unpacked = await storedAt(await send(gzipSync('packed'), 'text/plain', '', { 'content-encoding': 'gzip' }))
    assert.equal(unpacked.value, 'packed')
  })

  test('key, partition and timestamp are query parameters', async () => {
    const record = await storedAt(await send('v', 'text/plain', '?key=gr%C3%BCn&partition=2&timestamp=1700000000000'))
    const { offset: _, ...rest } = record
    assert.deepEqual(rest, {
      key: 'grün',
      value: 'v',
      partition: 2,
      timestamp: 1_700_000_000_000,
      timestampType: 'CREATE_TIME'
    })
  })

  test('a key goes to the same partition as in a request of many records', async () => {
    for (const key of ['a', 'b', 'c', 'd']) {
      const many = await gateway.produce(topic, [{ key, value: 'v' }])
      const { json } = await send('v', 'text/plain', `?key=${key}`)
      assert.equal(json.offsets[0].partition, many.json.offsets[0].partition)
    }
  })

  for (const [query, type, status, code] of [
    ['', 'application/xml', 415, 'UNSUPPORTED_MEDIA_TYPE'],
    ['?partition=x', 'text/plain', 400, 'INVALID_PARTITION'],
    ['?partition=3', 'text/plain', 400, 'INVALID_PARTITION'],
    ['?timestamp=-1', 'text/plain', 400, 'INVALID_PARAMETER']
  ] as const)
    test(`${query} with ${type} is ${status} ${code}`, async () => {
      const answer = await send('v', type, query)
      assert.deepEqual([answer.status, answer.json.code], [status, code])
    })

  test('on the path without /value plain types stay 415: an envelope is never stored as a record', async () => {
    for (const type of ['text/plain', 'application/octet-stream']) {
      const { status } = await gateway.request('POST', `/v1/producer/topics/${topic}`, {
        body: '{"records":[{"value":1}]}',
        headers: { 'content-type': type }
      })
      assert.equal(status, 415)
    }
  })
})
