import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, suite, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { kafkaJars } from '../../src/dev/kafka/jars.ts'
import { GatewayProcess } from '../support/gateway-process.ts'
import { Client } from './support/client.ts'
import { oldLogFlags } from './versions/started-broker.ts'
import { ZooKeeperCluster } from './versions/zookeeper-cluster.ts'

/** With ZooKeeper a broker listens before the controller has told it of brokers and topics. */
const VERSION = '2.4.1'
const BROKERS = 3
const PAUSE_MS = 10

suite('A broker that starts is not believed', () => {
  let cluster: ZooKeeperCluster | undefined
  let gateway: GatewayProcess | undefined
  const dataDir = mkdtempSync(join(tmpdir(), 'kafka-rest-gateway-zookeeper-'))
  before(async () => {
    const libs = await kafkaJars('.local', () => undefined, VERSION)
    cluster = await ZooKeeperCluster.start({ libs, dataDir, flags: oldLogFlags(dataDir), brokers: BROKERS })
    gateway = await GatewayProcess.start({ bootstrapServers: cluster.addresses })
  })
  after(async () => {
    await gateway?.stop()
    await cluster?.stop()
    rmSync(dataDir, { recursive: true, force: true })
  })

  test('every list of topics is complete while one broker after the other is restarted', async t => {
    assert.ok(cluster !== undefined && gateway !== undefined)
    const target = gateway
    const client = new Client(target)
    t.after(() => client.close())
    const topic = JSON.stringify({ partition_count: 3, replication_factor: BROKERS })
    assert.equal((await client.request('PUT', '/v1/topics/kept', topic)).status, 200)
    const rolled = new AbortController()
    const seen = new Map<string, number>()
    const count = (what: string) => seen.set(what, (seen.get(what) ?? 0) + 1)
    const poll = async () => {
      const poller = new Client(target)
      while (!rolled.signal.aborted) {
        const topics = await poller.request('GET', '/v1/metadata/topics')
        count(topics.status === 200 ? JSON.stringify(topics.json) : String(topics.status))
        const brokers = await poller.request('GET', '/v1/metadata/brokers')
        count(brokers.status === 200 ? `${Math.sign(brokers.json.brokers.length)} brokers` : String(brokers.status))
        await sleep(PAUSE_MS)
      }
      poller.close()
    }
    const polling = poll()
    for (let id = 1; id <= BROKERS; id++) {
      await cluster.stopBroker(id)
      await cluster.startBroker(id)
      await sleep(3000)
    }
    rolled.abort()
    await polling
    t.diagnostic(JSON.stringify(Object.fromEntries(seen)))
    assert.deepEqual([...seen.keys()].toSorted(), ['1 brokers', '{"topics":["kept"]}'])
  })
})
