import assert from 'node:assert/strict'
import { after, before, suite, test, type TestContext } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { GatewayProcess } from '../support/gateway-process.ts'
import { Client } from './support/client.ts'
import { FaultCluster } from './support/cluster.ts'
import { minutes } from './support/minutes.ts'
import type { Relay } from './support/relay.ts'
import { Trial } from './support/trial.ts'

const REQUEST_TIMEOUT_MS = 2000
/** Of the answer itself, on a machine that has other things to do. */
const SLACK_MS = 1000
const RECOVERY_LIMIT_MS = 8000

suite('Kafka unreachable at start is waited for', () => {
  let cluster: FaultCluster
  before(async () => (cluster = await FaultCluster.start({ relayed: true })))
  after(() => cluster.close())

  const recovers = async (t: TestContext, name: string, fail: (relay: Relay) => void) => {
    const relays = [...cluster.relays.values()]
    relays.forEach(fail)
    const gateway = await GatewayProcess.start({
      bootstrapServers: cluster.bootstrapServers,
      settings: { limits: { requestTimeoutMs: REQUEST_TIMEOUT_MS } },
      awaitReady: false
    })
    t.after(() => gateway.stop())
    const client = new Client(gateway)
    t.after(() => client.close())
    while ((await client.request('GET', '/health/live')).status !== 200) await sleep(50)
    const trial = new Trial({ cluster, gateway, topic: name, read: [0] })
    for (const end = Date.now() + Math.max(6000, minutes() * 30_000); Date.now() < end; await sleep(200)) {
      assert.equal((await client.request('GET', '/health/live')).status, 200)
      assert.equal((await client.request('GET', '/health/ready')).status, 503)
      const { status, json, tookMs } = await client.request('GET', '/v1/metadata/topics')
      assert.deepEqual([status, json.code, json.retriable], [503, 'KAFKA_UNAVAILABLE', true])
      assert.ok(tookMs < REQUEST_TIMEOUT_MS + SLACK_MS, `answered after ${Math.round(tookMs)} ms`)
    }
    assert.equal(trial.writers.acknowledged, 0)
    assert.deepEqual([...trial.writers.ledger.answers.keys()], [503])
    assert.ok(trial.writers.ledger.longestMs < REQUEST_TIMEOUT_MS + SLACK_MS)

    const backMs = performance.now()
    for (const relay of relays) relay.flow()
    await gateway.untilReady(RECOVERY_LIMIT_MS)
    const readyMs = performance.now() - backMs
    while (trial.writers.acknowledged === 0 && performance.now() - backMs < RECOVERY_LIMIT_MS) await sleep(10)
    t.diagnostic(`ready ${Math.round(readyMs)} ms, a record stored ${Math.round(performance.now() - backMs)} ms after`)
    await sleep(2000)
    // All that waited comes at once, and the request time-out is short here: on a busy machine some may pass it.
    await trial.judge(t, 1)
  }

  test('where connections are refused', async t => {
    await cluster.operator.createTopic('refused', 3)
    await recovers(t, 'refused', relay => relay.refuse())
  })

  test('where connections are taken and nothing is ever said', async t => {
    await cluster.operator.createTopic('silent', 3)
    await recovers(t, 'silent', relay => relay.hold())
  })
})
