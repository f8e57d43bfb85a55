import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, suite, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { Producer, ProduceAcks } from '@platformatic/kafka'
import { Deadline } from '../../src/core/deadline.ts'
import { kafkaJars } from '../../src/dev/kafka/jars.ts'
import { LocalCluster } from '../../src/dev/kafka/local-cluster.ts'
import { Cluster } from '../../src/kafka/cluster.ts'
import type { Place } from '../../src/kafka/fetch/place.ts'
import { kafkaConfig, silent } from '../kafka/transport/scripted-broker.ts'
import { alone } from '../support/alone.ts'

await alone()

const TOPIC = 'waited'
const PARTITIONS = 60
const WAITERS = 2000
/** Kafka takes nine seconds to find a broker dead that says nothing; the machine may be busy. */
const FAILOVER_MS = 40_000

suite('Waits survive their brokers', () => {
  let dataDir: string
  let brokers: LocalCluster
  let cluster: Cluster
  let producer: Producer
  const ends = Array.from({ length: PARTITIONS }, () => 0)

  before(async () => {
    dataDir = mkdtempSync(join(tmpdir(), 'kafka-rest-gateway-waits-'))
    brokers = await LocalCluster.start({ libs: await kafkaJars('.local', () => undefined), dataDir, brokers: 3 })
    const config = kafkaConfig(brokers.bootstrapServers, { requestTimeoutMs: 10_000, fetchCacheBytes: 8_000_000 })
    cluster = new Cluster(config, {}, silent)
    await cluster.start()
    const spec = { partitionCount: PARTITIONS, replicationFactor: 3, properties: new Map() }
    await cluster.topics.create(TOPIC, spec, Deadline.after(20_000))
    producer = new Producer({
      clientId: 'writer',
      bootstrapBrokers: brokers.bootstrapServers,
      retries: 50,
      retryDelay: 500
    })
  })

  after(async () => {
    await cluster.close()
    await producer.close(true)
    await brokers.kill()
    rmSync(dataDir, { recursive: true, force: true })
  })

  const place = (partition: number): Place => ({ topic: TOPIC, partition, offset: ends[partition] })

  /** Writes a record to each partition, as soon as that is possible, and returns once all who wait have been told. */
  const allAreTold = async (waits: readonly Promise<readonly Place[]>[]): Promise<void> => {
    await Promise.all(
      ends.map(async (_, partition) => {
        const messages = [{ topic: TOPIC, partition, value: Buffer.from('v') }]
        await producer.send({ messages, acks: ProduceAcks.ALL })
      })
    )
    const writtenMs = performance.now()
    for (const [number, wait] of waits.entries())
      assert.deepEqual(
        (await wait).map(({ partition }) => partition),
        [number % PARTITIONS]
      )
    // At once, unless the wait had still to find the new leader.
    assert.ok(performance.now() - writtenMs < 5000, `told after ${performance.now() - writtenMs} ms`)
    const bounds = await cluster.reads.starts(
      TOPIC,
      new Map(ends.map((_end, partition) => [partition, 'latest'])),
      'committed',
      Deadline.after(20_000)
    )
    for (const [partition, end] of bounds) ends[partition] = end
  }

  const begin = () =>
    Array.from({ length: WAITERS }, (_, number) =>
      cluster.reads.wait([place(number % PARTITIONS)], 'committed', { deadline: Deadline.after(120_000) })
    )

  for (const [what, stop, start] of [
    ['killed', (id: number) => brokers.broker(id).kill(), (id: number) => brokers.broker(id).start()],
    ['frozen', (id: number) => brokers.broker(id).freeze(), (id: number) => brokers.broker(id).thaw()]
  ] as const)
    test(`two thousand wait at three brokers of which one is ${what}, and each is told of its record`, async () => {
      for (const id of [2, 3]) {
        const waits = begin()
        await sleep(1000)
        await stop(id)
        const startedMs = performance.now()
        await allAreTold(waits)
        assert.ok(performance.now() - startedMs < FAILOVER_MS)
        await start(id)
        await sleep(3000)
      }
      await allAreTold(begin())
    })
})
