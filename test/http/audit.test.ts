import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { v1Routes } from '../../src/api/v1/api.ts'
import { GatewayError } from '../../src/core/errors.ts'
import { pageOf, startFront, TOKEN } from './support/front.ts'
import { RawClient, rawRequest } from './support/raw-client.ts'
import { waitUntil } from './support/wait-until.ts'

const page = readFileSync(new URL('../../docs/audit.md', import.meta.url), 'utf8')
const JSON_HEADERS = { authorization: TOKEN, 'content-type': 'application/json' }

async function audited(t: Parameters<typeof startFront>[0], settings: Parameters<typeof startFront>[1] = {}) {
  const text: string[] = []
  const front = await startFront(t, { ...settings, audit: line => void text.push(line) })
  const entries = async (count: number): Promise<Record<string, unknown>[]> => {
    await waitUntil(() => text.length >= count)
    return text.map(line => {
      assert.match(line, /^\{.*\}\n$/)
      return JSON.parse(line) as Record<string, unknown>
    })
  }
  return { ...front, text, entries }
}

test(
  'a line has the members that the documentation names, in that order, and tells who did what',
  { timeout: 10_000 },
  async t => {
    const { call, entries, text } = await audited(t, {
      gateway: { consume: () => Promise.resolve(pageOf(Buffer.from('secret value'))) }
    })
    const body = '{"records":[{"key":"secret key","value":"secret value"},{"value":1}]}'
    await call('/v1/producer/topics/orders', {
      method: 'POST',
      headers: { ...JSON_HEADERS, 'x-request-id': 'one' },
      body
    })
    await call('/v1/consumer/topics/orders/partitions/3/offsets/0?count=5&x=secret')
    await call('/health/live')
    const [produce, consume, ...rest] = await entries(2)
    const { time, ...known } = produce
    assert.match(String(time), /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/)
    assert.deepEqual(known, {
      request_id: 'one',
      principal_id: 'caller-1',
      principal_kind: 'application',
      issuer: 'test',
      client_id: null,
      address: '127.0.0.1',
      operation: 'produce',
      topic: 'orders',
      partition: null,
      outcome: 'allowed',
      reason: null,
      status: 200,
      records: 2
    })
    assert.deepEqual([consume.operation, consume.partition, consume.records], ['consume', 3, 1])
    assert.deepEqual(rest, [])
    const documented = [...page.matchAll(/^\| `([a-z_]+)`/gm)].map(([, member]) => member)
    assert.deepEqual(Object.keys(produce), documented)
    assert.doesNotMatch(text.join(''), /secret|good/)
  }
)

test('who is not let in is on record with what was wanted; so is what fails', { timeout: 10_000 }, async t => {
  const { call, url, entries } = await audited(t, {
    quotas: { principal: { recordsPerSecond: 1, burstSeconds: 1 } },
    gateway: { createTopic: () => Promise.reject(new GatewayError('TOPIC_EXISTS', 'It exists.')) }
  })
  await fetch(`${url}/v1/topics/orders`, { method: 'DELETE' })
  await call('/v1/topics/orders', { method: 'DELETE', headers: { authorization: 'Bearer stranger' } })
  await call('/v1/topics/orders', { method: 'PUT' })
  await call('/v1/topics/a%0a%22b', { method: 'DELETE' })
  await call('/nowhere')
  const post = { method: 'POST', headers: JSON_HEADERS, body: '{"records":[{"value":1},{"value":2}]}' }
  await call('/v1/producer/topics/orders', post)
  await call('/v1/producer/topics/orders', post)
  const shown = (await entries(7)).map(entry =>
    ['operation', 'topic', 'outcome', 'reason', 'principal_id'].map(member => entry[member])
  )
  assert.deepEqual(shown, [
    ['delete_topic', 'orders', 'denied', 'UNAUTHENTICATED', null],
    ['delete_topic', 'orders', 'denied', 'NOT_PERMITTED', null],
    ['create_topic', 'orders', 'failed', 'TOPIC_EXISTS', 'caller-1'],
    ['delete_topic', null, 'failed', 'TOPIC_NOT_FOUND', 'caller-1'],
    [null, null, 'failed', 'ROUTE_NOT_FOUND', 'caller-1'],
    ['produce', 'orders', 'allowed', null, 'caller-1'],
    ['produce', 'orders', 'denied', 'QUOTA_EXCEEDED', 'caller-1']
  ])
})

test('a client that leaves before its answer is on record', { timeout: 10_000 }, async t => {
  let answer: ((topics: string[]) => void) | undefined
  const { port, entries } = await audited(t, {
    gateway: { listTopics: () => new Promise(resolve => (answer = resolve)) }
  })
  const client = new RawClient(port).send(rawRequest('GET /v1/metadata/topics', ['', '']))
  await waitUntil(() => answer !== undefined)
  client.socket.resetAndDestroy()
  await sleep(50)
  answer?.([])
  const [entry] = await entries(1)
  assert.deepEqual([entry.outcome, entry.reason, entry.status], ['allowed', 'CLIENT_GONE', null])
})

test('every route has an operation of its own, and the documentation names them', { timeout: 10_000 }, async t => {
  const { call, entries } = await audited(t)
  for (const { method, path } of v1Routes)
    await call(path.replaceAll(/\{(\w+)\}/g, '1'), { method, headers: JSON_HEADERS })
  const operations = (await entries(v1Routes.length)).map(({ operation }) => String(operation))
  const [, list] = /^Operations: (.+)\.$/m.exec(page) ?? []
  assert.deepEqual(
    operations.toSorted(),
    list
      .split(', ')
      .map(name => name.slice(1, -1))
      .toSorted()
  )
})
