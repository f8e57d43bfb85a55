import assert from 'node:assert/strict'
import { after, before, suite, test } from 'node:test'
import { TestGateway, uniqueTopic } from '../../support/gateway.ts'
import { manage, samples } from './support.ts'

suite('Metrics of known traffic', () => {
  let gateway: TestGateway
  let topic: string
  before(async () => {
    gateway = await TestGateway.start({ settings: { management: { port: 0 }, metrics: { topics: 1 } } })
    topic = uniqueTopic('metrics')
    await gateway.createTopic(topic)
  })
  after(() => gateway.close())

  /** The end of a request is counted when its answer has left, which the client may see sooner. */
  const idleSamples = async (): Promise<ReadonlyMap<string, number>> => {
    for (;;) {
      const now = await samples(gateway)
      if (now.get('kafka_rest_requests_in_flight') === 0) return now
    }
  }
  /** What the samples grow by, those that do not grow left out. */
  const growth = async (traffic: () => Promise<unknown>): Promise<Record<string, number>> => {
    const earlier = await idleSamples()
    await traffic()
    const later = await idleSamples()
    return Object.fromEntries(
      [...later]
        .map(([name, value]) => [name, value - (earlier.get(name) ?? 0)] as const)
        .filter(([, more]) => more !== 0)
    )
  }
  const requests = (route: string, method: string, status: string) =>
    `kafka_rest_requests_total{version="v1",method="${method}",route="${route}",status="${status}"}`

  test('produce requests, records, bytes, batches and their outcome are counted exactly', async () => {
    const route = '/v1/producer/topics/{topic}'
    const records = [{ value: 'one' }, { value: 'two' }, { value: 'three' }]
    const bytes = Buffer.byteLength(JSON.stringify({ records }))
    const grown = await growth(async () => {
      await gateway.produce(topic, records)
      await gateway.produce(topic, records)
    })
    assert.equal(grown[requests(route, 'POST', '2xx')], 2)
    assert.equal(grown[`kafka_rest_request_duration_seconds_count{version="v1",method="POST",route="${route}"}`], 2)
    assert.equal(grown['kafka_rest_produce_records_total{outcome="stored"}'], 6)
    assert.equal(grown['kafka_rest_produce_records_total{outcome="unknown"}'], undefined)
    assert.equal(grown['kafka_rest_produce_bytes_total'], 2 * bytes)
    assert.equal(grown['kafka_rest_produce_batch_records_count'], 2)
    assert.equal(grown['kafka_rest_produce_batch_records_sum'], 6)
    assert.equal(grown['kafka_rest_produce_batch_records_bucket{le="1"}'], undefined)
    assert.equal(grown['kafka_rest_produce_batch_records_bucket{le="10"}'], 2)
    assert.equal(grown['kafka_rest_produce_batch_bytes_count'], 2)
    assert.ok(grown['kafka_rest_produce_batch_bytes_sum'] > 2 * 'onetwothree'.length)
    assert.equal(grown['kafka_rest_produce_queue_seconds_count'], 2)
    assert.ok(grown['kafka_rest_produce_queue_seconds_sum'] < 5)
    assert.equal(grown[`kafka_rest_topic_produce_records_total{topic="${topic}"}`], 6)
    const produced = Object.entries(grown).filter(([name]) =>
      name.startsWith('kafka_rest_kafka_request_duration_seconds_count{api="Produce"')
    )
    assert.deepEqual(
      produced.map(([, more]) => more),
      [2]
    )
    assert.equal(grown['kafka_rest_token_lookups_total{result="hit"}'], 2)
  })

  test('pages, their records and their bytes are counted exactly', async () => {
    const route = '/v1/consumer/topics/{topic}/partitions/{partition}/offsets/{offset}'
    const grown = await growth(() => gateway.read(topic, 0, 0, 3))
    assert.equal(grown[requests(route, 'GET', '2xx')], 1)
    assert.equal(grown['kafka_rest_consume_records_total'], 3)
    assert.equal(grown['kafka_rest_consume_bytes_total'], 'onetwothree'.length)
    assert.equal(grown['kafka_rest_fetch_duration_seconds_count'], 1)
    assert.equal(grown[`kafka_rest_topic_consume_records_total{topic="${topic}"}`], 3)
  })

  test('errors are counted by code, also those of requests that reach no route', async () => {
    const grown = await growth(async () => {
      await gateway.read(`${topic}-missing`, 0, 0)
      await gateway.request('GET', '/nowhere')
      await gateway.request('GET', '/v1/metadata/topics', { token: null })
    })
    assert.equal(grown['kafka_rest_errors_total{code="TOPIC_NOT_FOUND"}'], 1)
    assert.equal(grown['kafka_rest_errors_total{code="ROUTE_NOT_FOUND"}'], 1)
    assert.equal(grown['kafka_rest_errors_total{code="UNAUTHENTICATED"}'], 1)
    assert.equal(grown['kafka_rest_requests_total{version="",method="none",route="none",status="4xx"}'], 2)
  })

  test('topics beyond metrics.topics share one counter', async () => {
    const second = uniqueTopic('metrics')
    await gateway.createTopic(second)
    const grown = await growth(() => gateway.produce(second, [{ value: 'x' }]))
    assert.equal(grown['kafka_rest_topic_produce_records_total{topic="(other)"}'], 1)
    assert.equal(grown[`kafka_rest_topic_produce_records_total{topic="${second}"}`], undefined)
  })

  test('the gauges tell of the process: ready, idle, connected, with a certificate and keys', async () => {
    const now = await idleSamples()
    for (const part of ['kafka', 'keys', 'draining']) assert.equal(now.get(`kafka_rest_ready{part="${part}"}`), 1)
    assert.equal(now.get('kafka_rest_requests_in_flight'), 0)
    assert.equal(now.get('kafka_rest_in_flight_bytes'), 0)
    assert.ok((now.get('kafka_rest_open_connections') ?? 0) >= 1)
    const validForDays =
      ((now.get('kafka_rest_certificate_expiry_timestamp_seconds{certificate="listen"}') ?? 0) - Date.now() / 1000) /
      86_400
    assert.ok(validForDays > 0 && validForDays < 5000, `${validForDays}`)
    const ages = [...now].filter(([name]) => name.startsWith('kafka_rest_key_set_age_seconds{'))
    assert.equal(ages.length, 1)
    assert.ok(ages[0][1] >= 0 && ages[0][1] < 600)
    assert.ok((now.get('kafka_rest_memory_bytes{kind="heap_used"}') ?? 0) > 1e6)
    assert.ok((now.get('kafka_rest_cpu_seconds_total{mode="user"}') ?? 0) > 0)
    assert.ok((now.get('kafka_rest_active_resources') ?? 0) > 0)
    assert.ok((now.get('kafka_rest_event_loop_delay_seconds{percentile="100"}') ?? 99) < 60)
  })

  test('every sample belongs to a metric with HELP and TYPE', async () => {
    const text = await (await manage(gateway, '/metrics')).text()
    const typed = new Map([...text.matchAll(/^# TYPE (\S+) (\S+)$/gm)].map(([, name, type]) => [name, type]))
    const helped = new Set([...text.matchAll(/^# HELP (\S+) \S.*\.$/gm)].map(([, name]) => name))
    assert.deepEqual([...typed.keys()].toSorted(), [...helped].toSorted())
    for (const name of (await samples(gateway)).keys()) {
      const [sample] = name.split('{', 1)
      const base = sample.replace(/_(bucket|sum|count)$/, '')
      assert.ok(typed.has(sample) || typed.get(base) === 'histogram', name)
      assert.match(sample, /^kafka_rest_[a-z_]+$/)
    }
  })
})
