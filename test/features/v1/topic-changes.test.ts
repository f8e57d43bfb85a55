import assert from 'node:assert/strict'
import { after, before, suite, test } from 'node:test'
import { Admin } from '@platformatic/kafka'
import { sharedBroker, TestGateway, uniqueTopic } from '../../support/gateway.ts'
import { idPart } from '../../support/topic-id.ts'

const LINES = { accept: 'application/x-ndjson' }

suite('Reading a topic that changes', () => {
  let gateway: TestGateway
  let admin: Admin
  before(async () => {
    gateway = await TestGateway.start()
    admin = new Admin({ clientId: 'operator', bootstrapBrokers: [sharedBroker()] })
  })
  after(async () => {
    await admin.close()
    await gateway.close()
  })
  const pathOf = (topic: string, query: string) => `/v1/consumer/topics/${topic}/records${query}`

  test('partitions that are added join pages and streams, from their beginning', async context => {
    const topic = uniqueTopic('grows')
    await gateway.createTopic(topic)
    await gateway.produce(topic, [{ value: 'before' }])
    const { next } = (await gateway.get(pathOf(topic, ''))).json
    const stream = await gateway.stream(pathOf(topic, ''), LINES)
    context.after(() => stream.close())
    await stream.until(({ lines }) => lines.length === 1)
    await admin.createPartitions({ topics: [{ name: topic, count: 3 }] })
    for (let partition = 2; (await gateway.produce(topic, [{ value: `${partition}`, partition }])).status !== 200;);
    for (const partition of [0, 1]) await gateway.produce(topic, [{ value: `${partition}`, partition }])
    const page = await gateway.get(pathOf(topic, `?from=${encodeURIComponent(next)}`))
    const position = `${await idPart(topic)}0:2,1:1,2:1`
    assert.equal(page.json.next, position)
    assert.deepEqual(page.json.records.map(({ value }: { value: string }) => value).toSorted(), ['0', '1', '2'])
    await stream.until(({ lines }) => ['0', '1', '2'].every(each => lines.some(({ value }) => value === each)))
    assert.equal(stream.lines.findLast(line => line.next !== undefined).next, position)
  })

  test('a slow reader whose records are deleted gets OFFSET_OUT_OF_RANGE with both bounds, and where it stood', async context => {
    const topic = uniqueTopic('trimmed')
    await gateway.createTopic(topic)
    const value = 'x'.repeat(100_000)
    const records = Array.from({ length: 80 }, () => ({ value }))
    for (let sent = 0; sent < 2; sent++) await gateway.produce(topic, records)
    const stream = await gateway.stream(pathOf(topic, '?from=earliest'), LINES)
    context.after(() => stream.close())
    await stream.until(({ text }) => text !== '')
    stream.response.pause()
    await admin.deleteRecords({ topics: [{ name: topic, partitions: [{ partition: 0, offset: 159n }] }] })
    stream.response.resume()
    await stream.untilEnded()
    const { error, next } = stream.lines.at(-1)
    assert.deepEqual([error.code, error.earliest_offset, error.latest_offset], ['OFFSET_OUT_OF_RANGE', 159, 160])
    const read = stream.lines.filter(line => line.value === value).length
    assert.equal(next, `${await idPart(topic)}0:${read}`)
    const again = await gateway.get(pathOf(topic, `?from=${encodeURIComponent(next)}`))
    assert.deepEqual([again.status, again.json.code], [400, 'OFFSET_OUT_OF_RANGE'])
  })
})
