import assert from 'node:assert/strict'
import { after, before, suite, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { Deadline } from '../../src/core/deadline.ts'
import { KEY_LENGTH, PARTITION, SPAN_STRIDE, VALUE_LENGTH, type RecordTable } from '../../src/core/record-table.ts'
import { Cluster } from '../../src/kafka/cluster.ts'
import { createTopics } from '../../src/kafka/messages/create-topics.ts'
import { askMetadata, type MetadataAnswer } from '../../src/kafka/metadata/metadata-message.ts'
import { Brokers } from '../../src/kafka/transport/brokers.ts'
import { exchange } from '../../src/kafka/transport/exchange.ts'
import { kafkaConfig, silent } from '../kafka/transport/scripted-broker.ts'
import { FaultCluster } from './support/cluster.ts'

const TOPICS = 5000
const TOPICS_PER_REQUEST = 500
/** Each topic gets a record so often. */
const PERIOD_MS = 2000
/** Each partition on two brokers, led by the first, in turns. */
const LAYOUTS = [
  [1, 2],
  [2, 3],
  [3, 1]
]
const KILLED = 1
const FOUND_WITHIN_MS = 3000

suite('Five thousand topics find their leaders', () => {
  let kafka: FaultCluster
  let cluster: Cluster
  /** Asks Kafka beside the gateway. */
  let observer: Brokers

  before(async () => {
    kafka = await FaultCluster.start({
      heapMb: 768,
      properties: {
        'min.insync.replicas': '1',
        'log.index.size.max.bytes': '4096',
        // So many partitions on a busy machine: a follower that is late for a moment must not leave a leader alone in sync.
        'replica.lag.time.max.ms': '30000',
        'broker.session.timeout.ms': '6000'
      }
    })
    const config = kafkaConfig([...kafka.bootstrapServers], { requestTimeoutMs: 10_000, deliveryTimeoutMs: 30_000 })
    observer = new Brokers(config, {}, silent)
    cluster = new Cluster(config, {}, silent)
    await cluster.start()
  })
  after(async () => {
    await cluster.close()
    await observer.close()
    await kafka.close()
  })

  /** What each broker that lives knows. */
  async function views(): Promise<MetadataAnswer[]> {
    const alive = [...observer.nodes.keys()].filter(id => id !== KILLED)
    return Promise.all(alive.map(id => askMetadata(observer.channel(id, 'control'), null)))
  }

  async function untilAll(led: (leader: number) => boolean): Promise<number> {
    for (const end = performance.now() + 180_000; performance.now() < end; await sleep(50)) {
      const answers = await views()
      const leaders = answers.map(({ topics }) =>
        Array.from(topics.values(), ({ topic }) => topic.partitions[0]?.leader ?? -1)
      )
      if (leaders.every(known => known.length === TOPICS && known.every(led))) return performance.now()
    }
    throw new Error('Kafka does not elect leaders for all topics.')
  }

  test('a broker is killed that leads a third of them, all busy: each leader is found within 3 s of the election', async t => {
    const names = Array.from({ length: TOPICS }, (_, number) => `busy-${number}`)
    const [bootstrap] = observer.anyChannels()
    const first = await askMetadata(bootstrap, [])
    observer.update(first.brokers, bootstrap.endpoint.address)
    for (let from = 0; from < TOPICS; from += TOPICS_PER_REQUEST) {
      const topics = names.slice(from, from + TOPICS_PER_REQUEST).map((name, number) => ({
        name,
        numPartitions: -1,
        replicationFactor: -1,
        assignments: [{ partitionIndex: 0, brokerIds: LAYOUTS[number % LAYOUTS.length] }],
        configs: []
      }))
      const answer = await exchange(
        observer.channel(first.controllerId, 'admin'),
        { ...createTopics, min: 4, max: 6 },
        {
          topics,
          timeoutMs: 60_000
        }
      )
      assert.deepEqual(new Set(answer.topics.map(({ errorCode }) => errorCode)), new Set([0]))
    }
    await untilAll(leader => leader >= 0)

    const killed = { atMs: Infinity }
    const foundAtMs = new Map<string, number>()
    const storedAtMs = new Map<string, number>()
    cluster.metadata.onTopicChange((name, topic) => {
      const leader = topic?.partitions[0].leader ?? -1
      if (performance.now() > killed.atMs && leader >= 0 && leader !== KILLED && !foundAtMs.has(name))
        foundAtMs.set(name, performance.now())
    })
    const writing = new AbortController()
    const failures = new Map<string, number>()
    const write = async (name: string, number: number): Promise<void> => {
      await sleep((number / TOPICS) * PERIOD_MS)
      while (!writing.signal.aborted) {
        const sentMs = performance.now()
        const topic = await cluster.metadata.topic(name, Deadline.after(30_000))
        assert.ok(topic !== null)
        const outcome = await cluster.accumulator.submit(topic, oneRecord(), Deadline.after(25_000), () => undefined)
        const failure = outcome.failures?.get(0)
        if (failure !== undefined) failures.set(failure.message, (failures.get(failure.message) ?? 0) + 1)
        else if (sentMs > killed.atMs && !storedAtMs.has(name)) storedAtMs.set(name, performance.now())
        await sleep(Math.max(0, sentMs + PERIOD_MS - performance.now()))
      }
    }
    t.after(() => writing.abort())
    const writers = names.map((name, number) => write(name, number))
    await sleep(20_000)
    await kafka.operator.untilInSync()
    const ledByKilled = names.filter(name => cluster.metadata.peek(name)?.partitions[0].leader === KILLED)
    killed.atMs = performance.now()
    await kafka.broker(KILLED).kill()
    const electedMs = await untilAll(leader => leader >= 0 && leader !== KILLED)
    await sleep(10_000)
    writing.abort()
    await Promise.all(writers)

    const after = (times: ReadonlyMap<string, number>) =>
      ledByKilled.map(name => (times.get(name) ?? Infinity) - electedMs).toSorted((one, other) => one - other)
    const show = (sorted: readonly number[]) =>
      [0.5, 0.99, 1].map(part => Math.round(sorted[Math.ceil(sorted.length * part) - 1])).join(', ')
    const [found, stored] = [after(foundAtMs), after(storedAtMs)]
    t.diagnostic(`${ledByKilled.length} leaders; elected ${Math.round(electedMs - killed.atMs)} ms after the kill`)
    t.diagnostic(`ms after the election (median, 99 %, last): found ${show(found)}; stored again ${show(stored)}`)
    for (const [message, count] of failures) t.diagnostic(`${count} × ${message}`)
    assert.ok(ledByKilled.length > TOPICS / 4, `${ledByKilled.length} topics were led by the broker that was killed`)
    assert.ok(Math.max(...found) < FOUND_WITHIN_MS, 'each leader is found in time')
  })
})

function oneRecord(): RecordTable {
  const spans = new Int32Array(SPAN_STRIDE)
  spans[KEY_LENGTH] = -1
  spans[VALUE_LENGTH] = 1
  spans[PARTITION] = -1
  return { bytes: Buffer.from('1'), count: 1, spans }
}
