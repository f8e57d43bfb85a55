import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { GatewayError } from '../../src/core/errors.ts'
import type { Principal } from '../../src/core/principal.ts'
import { Metrics } from '../../src/telemetry/metrics.ts'
import { type FrontSettings, authenticator, startFront, TOKEN } from './support/front.ts'
import { RawClient, rawRequest } from './support/raw-client.ts'
import { waitUntil } from './support/wait-until.ts'

const NOT_FOUND =
  '{"error_code":40401,"code":"TOPIC_NOT_FOUND","message":"Topic \'hidden\' does not exist.","retriable":false}'

type Entry = Record<string, unknown>

interface Operation {
  readonly begun: () => number
  readonly finish: (error?: Error) => void
}

/** A topic is deleted when, and as, the test says. */
function slowDeletion(): { deleteTopic: () => Promise<void>; operation: Operation } {
  const open: PromiseWithResolvers<void>[] = []
  let begun = 0
  return {
    deleteTopic: () => {
      begun++
      const deletion = Promise.withResolvers<void>()
      open.push(deletion)
      return deletion.promise
    },
    operation: {
      begun: () => begun,
      finish: error => (error === undefined ? open.shift()?.resolve() : open.shift()?.reject(error))
    }
  }
}

async function audited(t: TestContext, settings: FrontSettings) {
  const entries: Entry[] = []
  const audit = (line: string) => void entries.push(JSON.parse(line) as Entry)
  return { ...(await startFront(t, { ...settings, audit })), entries }
}

const shown = ({ operation, principal_id: principal, outcome, reason, status }: Entry) => [
  operation,
  principal,
  outcome,
  reason,
  status
]

test('nothing begins for a client that left while it was being judged', { timeout: 10_000 }, async t => {
  const { deleteTopic, operation } = slowDeletion()
  const judged = Promise.withResolvers<void>()
  let judging = false
  const { port, entries, log } = await audited(t, {
    quotas: { principal: { requestsPerSecond: 1, burstSeconds: 1 } },
    gateway: { deleteTopic },
    authenticator: {
      ...authenticator,
      async authenticate(authorization) {
        judging = true
        await judged.promise
        return authenticator.authenticate(authorization)
      }
    }
  })
  const client = new RawClient(port).send(rawRequest('DELETE /v1/topics/a', ['', '']))
  await waitUntil(() => judging)
  client.socket.resetAndDestroy()
  await sleep(50)
  judged.resolve()
  await waitUntil(() => entries.length > 0)
  assert.deepEqual(shown(entries[0]), ['delete_topic', 'caller-1', 'failed', 'CLIENT_GONE', null])
  assert.equal(operation.begun(), 0)
  const line = log.find(({ message }) => message === 'request')?.fields
  assert.deepEqual([line?.status, line?.code, line?.aborted], [null, 'CLIENT_GONE', true])
  assert.equal((line?.principal as Principal | undefined)?.id, 'caller-1')
})

test(
  'an operation whose client left is on record when it is over, with its caller and what became of it',
  { timeout: 10_000 },
  async t => {
    const { deleteTopic, operation } = slowDeletion()
    const { port, entries, log } = await audited(t, { gateway: { deleteTopic } })
    const leave = async (begun: number) => {
      const client = new RawClient(port).send(rawRequest('DELETE /v1/topics/a', ['', '']))
      await waitUntil(() => operation.begun() === begun)
      client.socket.resetAndDestroy()
      await sleep(50)
    }
    await leave(1)
    assert.deepEqual([entries, log], [[], []])
    operation.finish()
    await waitUntil(() => entries.length === 1)
    await leave(2)
    operation.finish(new GatewayError('KAFKA_REFUSED', 'Kafka refuses.'))
    await waitUntil(() => entries.length === 2)
    await leave(3)
    operation.finish(new Error('a defect'))
    await waitUntil(() => entries.length === 3)
    assert.deepEqual(entries.map(shown), [
      ['delete_topic', 'caller-1', 'allowed', 'CLIENT_GONE', null],
      ['delete_topic', 'caller-1', 'denied', 'KAFKA_REFUSED', null],
      ['delete_topic', 'caller-1', 'failed', 'INTERNAL_ERROR', null]
    ])
    assert.ok(log.some(({ level, fields }) => level === 'error' && String(fields.err).includes('a defect')))
  }
)

test('a place among concurrent requests is free when the operation is over', { timeout: 10_000 }, async t => {
  const { deleteTopic, operation } = slowDeletion()
  const { port, call, entries } = await audited(t, {
    quotas: { principal: { concurrentRequests: 1, burstSeconds: 1 } },
    gateway: { deleteTopic }
  })
  const client = new RawClient(port).send(rawRequest('DELETE /v1/topics/a', ['', '']))
  await waitUntil(() => operation.begun() === 1)
  client.socket.resetAndDestroy()
  await sleep(50)
  assert.equal((await call('/v1/topics/b', { method: 'DELETE' })).status, 429)
  assert.equal(operation.begun(), 1)
  operation.finish()
  await waitUntil(() => entries.some(({ topic }) => topic === 'a'))
  assert.equal((await call('/v1/metadata/brokers')).status, 200)
})

test('a caller whose token was good and who may not is on record by name', { timeout: 10_000 }, async t => {
  const known: Principal = {
    id: 'stranger',
    issuer: 'https://issuer',
    appOnly: false,
    clientId: 'app',
    access: { allows: () => false }
  }
  const { call, entries, log } = await audited(t, {
    authenticator: {
      ...authenticator,
      authenticate(credentials) {
        if (credentials.headers.authorization === TOKEN)
          throw new GatewayError('NOT_PERMITTED', 'In no group.', { principal: known })
        return authenticator.authenticate(credentials)
      }
    }
  })
  assert.equal((await call('/v1/topics/a', { method: 'DELETE' })).status, 403)
  await waitUntil(() => entries.length === 1)
  const { principal_id, principal_kind, issuer, client_id, outcome, reason } = entries[0]
  assert.deepEqual(
    [principal_id, principal_kind, issuer, client_id, outcome, reason],
    ['stranger', 'user', 'https://issuer', 'app', 'denied', 'NOT_PERMITTED']
  )
  const line = log.find(({ message }) => message === 'request')?.fields
  assert.deepEqual([line?.principal, line?.address], [known, '127.0.0.1'])
})

test(
  'an upload that its client abandoned is an outcome of its own, neither 400 nor an error',
  { timeout: 10_000 },
  async t => {
    const metrics = new Metrics(0)
    const { port, entries, log } = await audited(t, { meter: metrics })
    const half = () => {
      const fields = ['Content-Type: application/json', 'Content-Length: 50000']
      return new RawClient(port).send(rawRequest('POST /v1/producer/topics/a', fields, '{"records":['))
    }
    const reset = half()
    await sleep(50)
    reset.socket.resetAndDestroy()
    await waitUntil(() => entries.length === 1)
    const halfClosed = half()
    halfClosed.socket.end()
    assert.equal((await halfClosed.answer()).status, 400)
    await waitUntil(() => entries.length === 2)
    const outcome = ['produce', 'caller-1', 'failed', 'UPLOAD_ABANDONED', null]
    assert.deepEqual(entries.map(shown), [outcome, outcome])
    assert.deepEqual(
      log.filter(({ message }) => message === 'request').map(({ fields }) => [fields.status, fields.code]),
      [
        [null, 'UPLOAD_ABANDONED'],
        [null, 'UPLOAD_ABANDONED']
      ]
    )
    const text = metrics.registry.text('prometheus')
    assert.match(text, /requests_total\{.*producer.*status="aborted"\} 2\n/)
    assert.match(text, /errors_total\{code="BAD_REQUEST"\} 0\n/)
  }
)

test('a request is routed, judged and recorded by one reading of its target', { timeout: 10_000 }, async t => {
  const { port, entries, log } = await audited(t, {})
  const asked = async (line: string) => {
    const client = new RawClient(port).send(rawRequest(line, ['', '']))
    const { status } = await client.answer()
    client.close()
    return status
  }
  assert.equal(await asked('DELETE http://someone:secret@x/v1/topics/payments?x=1'), 200)
  assert.equal(await asked('GET http://x/health/live'), 200)
  assert.equal(await asked('GET http://x/openapi.json'), 200)
  await waitUntil(() => log.length === 3)
  assert.deepEqual(
    entries.map(({ operation, topic, outcome }) => [operation, topic, outcome]),
    [['delete_topic', 'payments', 'allowed']]
  )
  assert.deepEqual(
    log.map(({ fields }) => [fields.path, fields.isProbe]),
    [
      ['/v1/topics/payments', false],
      ['/health/live', true],
      ['/openapi.json', false]
    ]
  )
})

test(
  'probing for topics that rules hide is on record as denied, though its answer is 404',
  { timeout: 10_000 },
  async t => {
    const blind: Principal = { id: 'blind', issuer: 'test', appOnly: true, access: { allows: () => false } }
    const { call, entries } = await audited(t, { authenticator: { ...authenticator, authenticate: () => blind } })
    const answer = await call('/v1/producer/topics/hidden', { method: 'POST', body: '{}' })
    assert.deepEqual([answer.status, await answer.text()], [404, NOT_FOUND])
    await waitUntil(() => entries.length === 1)
    assert.deepEqual(shown(entries[0]), ['produce', 'blind', 'denied', 'TOPIC_NOT_FOUND', 404])
  }
)

test(
  'what is cut off when the grace is over is counted, and on record as far as its outcome is known',
  { timeout: 10_000 },
  async t => {
    const { deleteTopic, operation } = slowDeletion()
    const { port, front, entries, log } = await audited(t, { gateway: { deleteTopic } })
    const half = rawRequest('POST /v1/producer/topics/a', ['Content-Length: 50000'], '{"records":[')
    const clients = [half, ...['b', 'c'].map(topic => rawRequest(`DELETE /v1/topics/${topic}`, ['', '']))].map(
      request => new RawClient(port).send(request)
    )
    await waitUntil(() => operation.begun() === 2 && front.openRequests === 3)
    assert.equal(await front.close(100), 3)
    for (const client of clients) assert.equal(await client.ended(), '')
    operation.finish()
    await waitUntil(() => entries.length === 2)
    front.end()
    const outcomes = entries.map(({ operation: name, topic, outcome, reason, status }) => [
      name,
      topic,
      outcome,
      reason,
      status
    ])
    assert.deepEqual(
      outcomes.toSorted((one, other) => String(one[1]).localeCompare(String(other[1]))),
      [
        ['produce', 'a', 'failed', 'SHUTTING_DOWN', null],
        ['delete_topic', 'b', 'allowed', 'SHUTTING_DOWN', null],
        ['delete_topic', 'c', 'failed', 'OUTCOME_UNKNOWN', null]
      ]
    )
    const lines = log.filter(({ message }) => message === 'request')
    assert.deepEqual(
      lines.map(({ fields }) => [fields.status, fields.aborted]),
      [
        [null, true],
        [null, true],
        [null, true]
      ]
    )
    assert.equal(front.openRequests, 0)
  }
)
