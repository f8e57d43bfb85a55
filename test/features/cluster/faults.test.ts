import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, suite, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { kafkaJars } from '../../../src/dev/kafka/jars.ts'
import { LocalCluster } from '../../../src/dev/kafka/local-cluster.ts'
import { alone } from '../../support/alone.ts'
import { TestGateway, uniqueTopic, type TestResponse } from '../../support/gateway.ts'

await alone()

interface Sent {
  readonly value: string
  readonly answer: TestResponse
}

/** Quick to notice a broker that is gone, so that the tests need not wait for Kafka's usual patience. */
const PATIENCE = {
  'broker.session.timeout.ms': '3000',
  'broker.heartbeat.interval.ms': '500',
  'replica.lag.time.max.ms': '3000',
  'controlled.shutdown.max.retries': '3'
}

suite('A cluster of three brokers', () => {
  let cluster: LocalCluster
  let gateway: TestGateway
  const dataDir = mkdtempSync(join(tmpdir(), 'kafka-rest-gateway-cluster-'))

  before(async () => {
    const libs = await kafkaJars('.local', () => undefined)
    cluster = await LocalCluster.start({ libs, dataDir, brokers: 3, properties: PATIENCE, heapMb: 256 })
    gateway = await TestGateway.start({ bootstrapServers: cluster.bootstrapServers })
  })
  after(async () => {
    await gateway.close()
    await cluster.kill()
    rmSync(dataDir, { recursive: true, force: true })
  })

  const partition = async (topic: string, number = 0) =>
    (await gateway.get(`/v1/metadata/topics/${topic}/partitions/${number}`)).json
  const leaderOf = async (topic: string): Promise<number> => (await partition(topic)).leader.id
  const untilInSync = async (topic: string, replicas: number) => {
    for (const end = Date.now() + 60_000; Date.now() < end; await sleep(200))
      if ((await partition(topic))?.isr?.length === replicas) return
    throw new Error(`${topic} did not come to have ${replicas} replicas in sync`)
  }

  /** Sends one record after the other over some connections until `done`. */
  const writeDuring = async (topic: string, done: Promise<unknown>): Promise<Sent[]> => {
    const sent: Sent[] = []
    const writing = new AbortController()
    void done.finally(() => writing.abort())
    await Promise.all(
      Array.from({ length: 4 }, async (_, writer) => {
        for (let number = 0; !writing.signal.aborted; number++) {
          const value = `${writer}/${number}`
          sent.push({ value, answer: await gateway.produce(topic, [{ key: `w${writer}`, value }]) })
        }
      })
    )
    return sent
  }

  const readAll = async (topic: string): Promise<string[]> => {
    const values: string[] = []
    for (let offset = '0'; ;) {
      const { json, headers } = await gateway.read(topic, 0, offset, 10_000)
      if (json.records.length === 0) return values
      values.push(...json.records.map((record: { value: string }) => record.value))
      offset = String(headers.nextoffset)
    }
  }

  /** What was answered as stored is there once, where it was said to be; nothing is there twice. */
  const assertNothingLost = async (topic: string, sent: readonly Sent[]) => {
    const stored = await readAll(topic)
    assert.equal(new Set(stored).size, stored.length, 'no record is stored twice')
    for (const { value, answer } of sent) {
      if (answer.status === 200) assert.equal(stored[answer.json.offsets[0].offset], value)
      else if (answer.json.offsets === undefined || answer.json.offsets[0].stored === 'no')
        assert.ok(!stored.includes(value), `${value}: ${answer.text}`)
    }
  }

  test('names every broker with its rack, and every replica', async () => {
    const { brokers } = (await gateway.get('/v1/metadata/brokers')).json
    assert.deepEqual(
      brokers.map(({ id, rack }: { id: number; rack: string }) => [id, rack]),
      [
        [1, 'rack-1'],
        [2, 'rack-2'],
        [3, 'rack-3']
      ]
    )
    const topic = uniqueTopic('replicas')
    await gateway.createTopic(topic, { partition_count: 3, replication_factor: 3 })
    const { partitions } = (await gateway.get(`/v1/metadata/topics/${topic}/partitions`)).json
    for (const { replicas, isr } of partitions) {
      assert.deepEqual(replicas.map(({ id }: { id: number }) => id).toSorted(), [1, 2, 3])
      assert.equal(isr.length, 3)
    }
  })

  test('a leader that is stopped in order costs no caller an error', async () => {
    const topic = uniqueTopic('stop')
    await gateway.createTopic(topic, { replication_factor: 3 })
    const leader = await leaderOf(topic)
    const sent = await writeDuring(
      topic,
      sleep(300)
        .then(() => cluster.broker(leader).stop())
        .then(() => sleep(500))
    )
    assert.deepEqual([...new Set(sent.map(({ answer }) => answer.status))], [200])
    assert.notEqual(await leaderOf(topic), leader)
    await assertNothingLost(topic, sent)
    const shown = (await partition(topic)).replicas.find(({ id }: { id: number }) => id === leader)
    assert.deepEqual(shown, { hostName: null, port: null, id: leader, rack: null })
    await cluster.broker(leader).start()
    await untilInSync(topic, 3)
  })

  test('too few replicas in sync: 503, nothing stored, to be tried again; and it recovers', async () => {
    const topic = uniqueTopic('isr')
    await gateway.createTopic(topic, { replication_factor: 2, topic_properties: { 'min.insync.replicas': 2 } })
    const { leader, replicas } = await partition(topic)
    const follower = replicas.find(({ id }: { id: number }) => id !== leader.id).id
    await cluster.broker(follower).kill()
    await untilInSync(topic, 1)
    const { bootstrapServers } = cluster
    const impatient = await TestGateway.start({ bootstrapServers, settings: { limits: { requestTimeoutMs: 3000 } } })
    const { status, headers, json } = await impatient.produce(topic, [{ value: 'a' }])
    await impatient.close()
    assert.deepEqual(
      [status, json.code, json.retriable, headers['retry-after']],
      [503, 'NOT_ENOUGH_REPLICAS', true, '1']
    )
    assert.deepEqual(
      json.offsets.map(({ stored }: { stored: string }) => stored),
      ['no']
    )
    await cluster.broker(follower).start()
    await untilInSync(topic, 2)
    assert.deepEqual((await gateway.produce(topic, [{ value: 'b' }])).json, { offsets: [{ partition: 0, offset: 0 }] })
    assert.deepEqual(await readAll(topic), ['b'])
  })

  test('a topic that is deleted and created again under load takes new records only', async t => {
    const other = await TestGateway.start({ bootstrapServers: cluster.bootstrapServers })
    t.after(() => other.close())
    const topic = uniqueTopic('again')
    await gateway.createTopic(topic, { replication_factor: 3 })
    const recreated = sleep(300)
      .then(() => other.request('DELETE', `/v1/topics/${topic}`))
      .then(() => other.createTopic(topic, { replication_factor: 3 }))
      .then(() => sleep(500))
    const sent = await writeDuring(topic, recreated)
    const stored = await readAll(topic)
    assert.equal(new Set(stored).size, stored.length)
    assert.ok(stored.length > 0)
    const last = sent.at(-1)
    assert.equal(last?.answer.status, 200)
    assert.ok(stored.includes(last?.value ?? ''))
    for (const { answer } of sent) assert.ok([200, 404, 503, 504].includes(answer.status), answer.text)
  })
})
