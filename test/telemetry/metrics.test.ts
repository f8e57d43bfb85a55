import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { Metrics } from '../../src/telemetry/metrics.ts'

const linesOf = (metrics: Metrics, name: string): string[] =>
  metrics.registry
    .text('prometheus')
    .split('\n')
    .filter(line => line.startsWith(name) && !line.includes('_bucket'))

suite('What the layers report', () => {
  test('a request counts as under way until its end, then under its class, or as aborted', () => {
    const metrics = new Metrics(0)
    const route = metrics.route('v1', 'GET', '/v1/x/{y}')
    for (let request = 0; request < 4; request++) metrics.began()
    assert.deepEqual(linesOf(metrics, 'kafka_rest_requests_in_flight'), ['kafka_rest_requests_in_flight 4'])
    route.ended(200, 0.5)
    route.ended(431, 0.25)
    route.ended(0, 1)
    assert.deepEqual(linesOf(metrics, 'kafka_rest_requests_in_flight'), ['kafka_rest_requests_in_flight 1'])
    const counted = linesOf(metrics, 'kafka_rest_requests_total').map(line =>
      /status="(\w+)"} (\d)/.exec(line)?.slice(1)
    )
    assert.deepEqual(counted, [
      ['aborted', '1'],
      ['1xx', '0'],
      ['2xx', '1'],
      ['3xx', '0'],
      ['4xx', '1'],
      ['5xx', '0']
    ])
    assert.deepEqual(linesOf(metrics, 'kafka_rest_request_duration_seconds'), [
      'kafka_rest_request_duration_seconds_sum{version="v1",method="GET",route="/v1/x/{y}"} 1.75',
      'kafka_rest_request_duration_seconds_count{version="v1",method="GET",route="/v1/x/{y}"} 3'
    ])
  })

  test('credentials are counted by scheme and outcome, and a file of them is usable or not', () => {
    const metrics = new Metrics(0)
    metrics.authenticated('api_key', 'accepted')
    metrics.authenticated('basic', 'unavailable')
    metrics.authenticated('basic', 'unavailable')
    assert.deepEqual(
      linesOf(metrics, 'kafka_rest_authentications_total').filter(line => !line.endsWith(' 0')),
      [
        'kafka_rest_authentications_total{scheme="api_key",outcome="accepted"} 1',
        'kafka_rest_authentications_total{scheme="basic",outcome="unavailable"} 2'
      ]
    )
    metrics.credentialsRead('users', true)
    metrics.credentialsRead('api_keys', false)
    assert.deepEqual(linesOf(metrics, 'kafka_rest_credentials_usable'), [
      'kafka_rest_credentials_usable{file="users"} 1',
      'kafka_rest_credentials_usable{file="api_keys"} 0'
    ])
  })

  test('what happens rarely is counted under its kind', () => {
    const metrics = new Metrics(0)
    metrics.tlsFailed('untrusted')
    metrics.tlsFailed('untrusted')
    metrics.tookOver()
    metrics.rebalanced()
    metrics.rebalanced()
    for (const what of ['produce', 'fetch', 'fetch'] as const) metrics.retried(what)
    for (const taken of [true, false, false]) metrics.rulesReloaded(taken)
    metrics.broker('1').throttled(0, 1.5)
    metrics.broker('1').throttled(0, 0.25)
    const grown = metrics.registry
      .text('prometheus')
      .split('\n')
      .filter(line => /^[^#]/.test(line) && !line.endsWith(' 0'))
    assert.deepEqual(grown.toSorted(), [
      'kafka_rest_instance_assignments_total 2',
      'kafka_rest_instance_takeovers_total 1',
      'kafka_rest_kafka_throttle_seconds_total{api="Produce",broker="1"} 1.75',
      'kafka_rest_retries_total{kind="fetch"} 2',
      'kafka_rest_retries_total{kind="produce"} 1',
      'kafka_rest_rules_reloads_total{outcome="refused"} 2',
      'kafka_rest_rules_reloads_total{outcome="taken"} 1',
      'kafka_rest_tls_failures_total{kind="untrusted"} 2'
    ])
  })

  test('records are counted by their fate', () => {
    const metrics = new Metrics(0)
    metrics.produced('t', 100, { stored: 7, notStored: 2, unknown: 1 })
    assert.deepEqual(linesOf(metrics, 'kafka_rest_produce_records_total'), [
      'kafka_rest_produce_records_total{outcome="stored"} 7',
      'kafka_rest_produce_records_total{outcome="not_stored"} 2',
      'kafka_rest_produce_records_total{outcome="unknown"} 1'
    ])
    assert.deepEqual(linesOf(metrics, 'kafka_rest_topic'), [])
  })

  test('brokers, apis and codes cannot make more labels than there is room for', () => {
    const metrics = new Metrics(0)
    for (let broker = 0; broker < 300; broker++)
      metrics.broker(String(broker)).answered(broker % 2 === 0 ? 0 : 999, 1, true)
    const lines = linesOf(metrics, 'kafka_rest_kafka_request_failures_total')
    assert.equal(new Set(lines.map(line => /broker="(\w+)"/.exec(line)?.[1])).size, 257)
    assert.ok(lines.includes('kafka_rest_kafka_request_failures_total{api="other",broker="other"} 22'))
    assert.ok(lines.includes('kafka_rest_kafka_request_failures_total{api="Produce",broker="other"} 22'))
    // A broker that is known keeps its label.
    metrics.broker('1').answered(999, 1, true)
    assert.ok(
      linesOf(metrics, 'kafka_rest_kafka_request_failures_total').includes(
        'kafka_rest_kafka_request_failures_total{api="other",broker="1"} 2'
      )
    )
    metrics.failed('MADE_UP')
    assert.doesNotMatch(metrics.registry.text('prometheus'), /MADE_UP/)
  })

  test('every code of the catalogue is shown from the start, so that its first occurrence is an increase', () => {
    assert.ok(
      linesOf(new Metrics(0), 'kafka_rest_errors_total').includes('kafka_rest_errors_total{code="OVERLOADED"} 0')
    )
  })
})
