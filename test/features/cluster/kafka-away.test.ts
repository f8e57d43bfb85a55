import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { freePort } from '../../../src/dev/kafka/free-port.ts'
import { serveMetadata } from '../../kafka/metadata/scripted-cluster.ts'
import { ScriptedBroker } from '../../kafka/transport/scripted-broker.ts'
import { TestGateway } from '../../support/gateway.ts'

const READ = '/v1/consumer/topics/t/partitions/0/offsets/0?count=1'
/** The gateway waits for a broker for 5 s, then for none. */
const AWAY_MS = 7000
const AT_ONCE_MS = 1000

suite('A Kafka that is away', () => {
  test('costs requests 503 at once after five seconds; the first answer of a broker ends that', async t => {
    const port = await freePort()
    const gateway = await TestGateway.start({ bootstrapServers: [`127.0.0.1:${port}`], awaitReady: false })
    t.after(() => gateway.close())
    await sleep(AWAY_MS)
    const requests = {
      produce: () => gateway.produce('t', [{ value: 'a' }]),
      read: () => gateway.get(READ),
      create: () => gateway.request('PUT', '/v1/topics/t'),
      delete: () => gateway.request('DELETE', '/v1/topics/t'),
      topics: () => gateway.get('/v1/metadata/topics'),
      brokers: () => gateway.get('/v1/metadata/brokers'),
      partitions: () => gateway.get('/v1/metadata/topics/t/partitions'),
      partition: () => gateway.get('/v1/metadata/topics/t/partitions/0')
    }
    for (const [what, request] of Object.entries(requests)) {
      const startedMs = performance.now()
      const { status, json, headers } = await request()
      const answer = [what, status, json.code, json.retriable, headers['retry-after']]
      assert.deepEqual(answer, [what, 503, 'KAFKA_UNAVAILABLE', true, '1'])
      assert.ok(performance.now() - startedMs < AT_ONCE_MS, what)
    }
    const broker = await ScriptedBroker.start(port)
    t.after(() => broker.close())
    serveMetadata(broker).brokers = [{ id: 1, host: '127.0.0.1', port, rack: null }]
    await gateway.untilReady()
    assert.equal((await gateway.get('/v1/metadata/topics')).status, 200)
  })
})
