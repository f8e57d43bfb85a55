import assert from 'node:assert/strict'
import { after, before, suite, test } from 'node:test'
import { TestGateway, type TestResponse, uniqueTopic } from '../../support/gateway.ts'
import { Collector } from './collector.ts'

const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736'
const SPAN = '00f067aa0ba902b7'
const CONSUME = '/v1/consumer/topics/{topic}/partitions/{partition}/offsets/{offset}'
const INTERNAL = 1
const SERVER = 2
const CLIENT = 3
const ERROR = 2
const record = (value: string, headers?: object) => JSON.stringify({ records: [{ value, partition: 0, ...headers }] })

suite('Traces', () => {
  const topic = uniqueTopic('traces')
  const answers = new Map<string, TestResponse>()
  let collector: Collector
  before(async () => {
    collector = await Collector.start()
    const traces = {
      endpoint: collector.endpoint,
      samplePercent: 100,
      recordHeaders: 'on',
      authorization: 'Bearer of-the-collector'
    }
    const gateway = await TestGateway.start({ settings: { traces } })
    await gateway.createTopic(topic)
    const produce = `/v1/producer/topics/${topic}`
    const ask = async (name: string, ...request: Parameters<TestGateway['request']>) =>
      answers.set(name, await gateway.request(...request))
    const traced = (flags: string) => ({ traceparent: `00-${TRACE}-${SPAN}-${flags}`, tracestate: 'vendor=1' })
    await ask('sampled', 'POST', produce, { body: record('a'), headers: traced('01') })
    const own = {
      headers: [
        { key: 'traceparent', value: 'its own' },
        { key: 'kept', value: 'b' }
      ]
    }
    await ask('own', 'POST', produce, { body: record('b', own) })
    await ask('unsampled', 'POST', produce, {
      body: record('c'),
      headers: { traceparent: `00-${'5'.repeat(32)}-${SPAN}-00` }
    })
    await ask('malformed', 'POST', produce, {
      body: record('d'),
      headers: { traceparent: `00-${'0'.repeat(32)}-${SPAN}-01` }
    })
    await ask('refused', 'GET', '/v1/metadata/topics', {
      token: null,
      headers: { traceparent: `00-${'6'.repeat(32)}-${SPAN}-01` }
    })
    await ask('read', 'GET', `/v1/consumer/topics/${topic}/partitions/0/offsets/0?count=10`, {
      headers: { traceparent: `00-${'7'.repeat(32)}-${SPAN}-01` }
    })
    await ask('health', 'GET', '/health/live', { headers: { traceparent: `00-${'8'.repeat(32)}-${SPAN}-01` } })
    await gateway.close()
  })
  after(() => collector.close())

  test('a request goes on with the trace of its caller: a span of its own, and one each for the queue and for Kafka', () => {
    const spans = collector.of(TRACE)
    const server = spans.get('POST /v1/producer/topics/{topic}')
    assert.deepEqual([...spans.keys()].toSorted(), ['POST /v1/producer/topics/{topic}', 'Produce', 'queue'])
    assert.equal(server?.parentSpanId, SPAN)
    assert.equal(server?.kind, SERVER)
    assert.equal(server?.service, 'kafka-rest-proxy')
    assert.deepEqual(server?.attributes, {
      'http.request.method': 'POST',
      'http.route': '/v1/producer/topics/{topic}',
      'http.response.status_code': 200
    })
    for (const name of ['queue', 'Produce']) {
      const span = spans.get(name)
      assert.equal(span?.parentSpanId, server?.spanId)
      assert.equal(span?.kind, name === 'queue' ? INTERNAL : CLIENT)
      assert.equal(span?.attributes['messaging.destination.name'], topic)
      assert.equal(span?.attributes['messaging.batch.message_count'], 1)
      assert.ok(BigInt(span?.startTimeUnixNano ?? 0) >= BigInt(server?.startTimeUnixNano ?? 0))
      assert.ok(BigInt(span?.endTimeUnixNano ?? 0) <= BigInt(server?.endTimeUnixNano ?? 0))
    }
    assert.equal(spans.get('Produce')?.attributes['kafka.error_code'], 0)
    const tookMs = Number(BigInt(server?.endTimeUnixNano ?? 0) - BigInt(server?.startTimeUnixNano ?? 0)) / 1e6
    assert.ok(tookMs > 0.1 && tookMs < 10_000, `${tookMs} ms`)
    assert.deepEqual([...collector.authorizations], ['Bearer of-the-collector'])
  })

  test('a read has a span for Kafka', () => {
    const spans = collector.of('7'.repeat(32))
    const fetch = spans.get('Fetch')
    assert.equal(fetch?.parentSpanId, spans.get(`GET ${CONSUME}`)?.spanId)
    assert.deepEqual(
      [fetch?.attributes['messaging.destination.name'], fetch?.attributes['kafka.error_code']],
      [topic, 0]
    )
  })

  test('records carry the context of their request, but for those that bring their own', () => {
    const records: { value: string; headers?: { key: string; value: string }[] }[] = answers.get('read')?.json.records
    const headers = new Map(
      records.map(({ value, headers: all = [] }) => [value, all.map(({ key, value: text }) => [key, text])])
    )
    const span = collector.of(TRACE).get('POST /v1/producer/topics/{topic}')
    assert.deepEqual(headers.get('a'), [
      ['traceparent', `00-${TRACE}-${span?.spanId}-01`],
      ['tracestate', 'vendor=1']
    ])
    assert.deepEqual(headers.get('b'), [
      ['traceparent', 'its own'],
      ['kept', 'b']
    ])
    assert.match(String(headers.get('c')?.[0]), new RegExp(`^traceparent,00-${'5'.repeat(32)}-[0-9a-f]{16}-00$`))
    const [, malformed = ''] = headers.get('d')?.[0] ?? []
    assert.match(malformed, /^00-[0-9a-f]{32}-[0-9a-f]{16}-01$/)
    assert.ok(!malformed.includes('0'.repeat(32)), 'a new trace')
  })

  test('what the caller does not sample is not sent, nor is health', () => {
    for (const trace of ['5'.repeat(32), '8'.repeat(32)]) assert.equal(collector.of(trace).size, 0)
  })

  test("the caller's own fault is told, but is no error of the server", () => {
    const span = collector.of('6'.repeat(32)).get('GET')
    assert.deepEqual(
      [span?.attributes['http.response.status_code'], span?.attributes['error.type'], span?.status.code === ERROR],
      [401, 'UNAUTHENTICATED', false]
    )
  })

  test('a collector that is away costs no request, and the end at most two seconds', async () => {
    const traces = { endpoint: 'http://127.0.0.1:1/v1/traces', samplePercent: 100 }
    const gateway = await TestGateway.start({ settings: { traces } })
    for (let time = 0; time < 20; time++) assert.equal((await gateway.produce(topic, [{ value: 'x' }])).status, 200)
    const { json } = await gateway.read(topic, 0, 4, 1)
    assert.equal(json.records[0].headers, undefined, 'no headers unless wanted')
    const startedMs = performance.now()
    await gateway.close()
    assert.ok(performance.now() - startedMs < 5000)
  })
})
