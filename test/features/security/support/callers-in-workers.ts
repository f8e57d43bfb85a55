import assert from 'node:assert/strict'
import { test } from 'node:test'
import { freePort } from '../../../../src/dev/kafka/free-port.ts'
import { waitUntil } from '../../../http/support/wait-until.ts'
import { metric } from '../../../support/metrics.ts'
import { serve, untilServing } from '../../operations/support.ts'
import { type AclCluster, GROUP, READ, WRITE } from './acl-cluster.ts'

const V2 = 'application/vnd.kafka.v2+json'
const INSTANCE = '/consumers/shared/instances/one'

/** What holds with `kafka.identity: caller` and more than one worker. */
export function callersInWorkers(cluster: () => AclCluster): void {
  test('each worker acts as the caller, refuses whom Kafka refuses, and takes up an instance where its sibling left it', async t => {
    await cluster().setPassword('fay', 'right')
    await cluster().setPassword('gil', 'right')
    await cluster().grant([
      { user: 'fay', operation: READ, name: 'shared' },
      { user: 'fay', operation: WRITE, name: 'shared' },
      { user: 'fay', operation: READ, name: 'shared', kind: GROUP }
    ])
    const managementPort = await freePort()
    const gateway = await serve(t, 'pipe', {
      workers: 2,
      apis: { v2: 'confluent' },
      kafka: { bootstrapServers: [cluster().secured], identity: 'caller', callerMechanism: 'SCRAM-SHA-512' },
      auth: {},
      limits: { requestTimeoutMs: 10_000 },
      management: { port: managementPort }
    })
    let log = ''
    gateway.child.stdout?.setEncoding('utf8').on('data', (chunk: string) => (log += chunk))
    await untilServing(gateway)
    await waitUntil(() => log.includes('All workers serve'))
    // Each call is a connection of its own, and connections go to the workers in turn.
    const call = async (user: string, method: string, path: string, body?: object) => {
      const authorization = `Basic ${btoa(user)}`
      const headers = { authorization, connection: 'close', ...(body === undefined ? {} : { 'content-type': V2 }) }
      const sent = body === undefined ? {} : { body: JSON.stringify(body) }
      const answer = await fetch(`${gateway.url}${path}`, { method, headers, ...sent })
      const text = await answer.text()
      return { status: answer.status, json: text === '' ? '' : (JSON.parse(text) as unknown) }
    }
    const fay = (method: string, path: string, body?: object) => call('fay:right', method, path, body)

    for (let turn = 0; turn < 4; turn++) {
      assert.deepEqual((await fay('GET', '/topics')).json, ['shared'])
      assert.deepEqual((await call('gil:right', 'GET', '/topics')).json, [])
      assert.equal((await call('fay:wrong', 'GET', '/topics')).status, 401)
    }
    assert.equal(await metric(managementPort, 'kafka_rest_identities'), 4, 'two callers in each of two workers')
    const count = (name: string) => metric(managementPort, `kafka_rest_identity_${name}`)
    assert.equal(await count('attempts_total{result="accepted"}'), 4)
    assert.equal(await count('attempts_total{result="refused"}'), 2, 'one in each worker, which remembers it')
    assert.ok((await count('connections{of="all"}')) >= 4)

    const settings = { name: 'one', format: 'json', 'auto.offset.reset': 'earliest' }
    assert.equal((await fay('POST', '/consumers/shared', settings)).status, 200)
    assert.equal((await fay('POST', `${INSTANCE}/subscription`, { topics: ['shared'] })).status, 204)
    for (const [offset, value] of ['a', 'b', 'c', 'd'].entries()) {
      const records = [{ value }]
      assert.equal((await fay('POST', '/topics/shared', { records })).status, 200)
      const { status, json } = await fay('GET', `${INSTANCE}/records?timeout=3000`)
      assert.deepEqual([status, json], [200, [{ topic: 'shared', key: null, value, partition: 0, offset }]])
    }
    assert.equal((await call('gil:right', 'GET', `${INSTANCE}/records`)).status, 403)
    assert.equal((await fay('DELETE', INSTANCE)).status, 204)
  })
}
