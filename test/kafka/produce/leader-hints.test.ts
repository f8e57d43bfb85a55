import assert from 'node:assert/strict'
import { suite, test, type TestContext } from 'node:test'
import { Deadline } from '../../../src/core/deadline.ts'
import { PARTITION, SPAN_STRIDE, VALUE_LENGTH } from '../../../src/core/record-table.ts'
import { Cluster } from '../../../src/kafka/cluster.ts'
import type { CurrentLeader } from '../../../src/kafka/metadata/leader-hints.ts'
import type { BrokerNode } from '../../../src/kafka/transport/broker-node.ts'
import { WireWriter } from '../../../src/kafka/wire/wire-writer.ts'
import { partition, serveMetadata } from '../metadata/scripted-cluster.ts'
import { kafkaConfig, ScriptedBroker, silent } from '../transport/scripted-broker.ts'

const PRODUCE = 0
const INIT_PRODUCER_ID = 22
const NOT_LEADER = 6
const TOPIC_ID = Buffer.alloc(16, 7)

interface Outcome {
  readonly errorCode: number
  readonly leader?: CurrentLeader
  readonly nodes?: readonly BrokerNode[]
}

/** Answers Produce about partition 0 of the topic. */
function serveProduce(broker: ScriptedBroker, outcome: () => Outcome): void {
  broker.apis.set(INIT_PRODUCER_ID, {
    max: 4,
    flexibleSince: 2,
    serve: ({ answer }) => answer(new WireWriter(true).int32(0).int16(0).int64(5n).int16(0).noTags().finish())
  })
  broker.apis.set(PRODUCE, {
    min: 3,
    max: 13,
    flexibleSince: 9,
    serve: ({ answer }) => {
      const { errorCode, leader, nodes = [] } = outcome()
      const writer = new WireWriter(true).arrayLength(1).raw(TOPIC_ID).arrayLength(1)
      writer
        .int32(0)
        .int16(errorCode)
        .int64(errorCode === 0 ? 42n : -1n)
        .int64(-1n)
        .int64(0n)
      writer.arrayLength(0).string(null)
      if (leader === undefined) writer.noTags()
      else writer.uvarint(1).uvarint(0).uvarint(9).int32(leader.id).int32(leader.epoch).noTags()
      writer.noTags().int32(0)
      const endpoints = new WireWriter(true).arrayLength(nodes.length)
      for (const { id, host, port, rack } of nodes) endpoints.int32(id).string(host).int32(port).string(rack).noTags()
      const field = endpoints.finish()
      if (nodes.length === 0) writer.noTags()
      else writer.uvarint(1).uvarint(0).uvarint(field.length).raw(field)
      answer(writer.finish())
    }
  })
}

interface World {
  readonly cluster: Cluster
  readonly brokers: readonly ScriptedBroker[]
  /** Changes what both brokers say of the topic, whose only partition this is. */
  readonly show: (leader: number, epoch: number) => void
  readonly nodes: readonly BrokerNode[]
  /** How often Kafka was asked about the topic. */
  readonly questions: () => number
  readonly write: () => Promise<number>
}

/** Two brokers; metadata names the first as the leader, and knows only the first if `known` is 1. */
async function world(t: TestContext, known: number): Promise<World> {
  const brokers = [await ScriptedBroker.start(), await ScriptedBroker.start()]
  const nodes = brokers.map(({ port }, index) => ({ id: index + 1, host: '127.0.0.1', port, rack: null }))
  const views = brokers.map(broker => {
    const shown = serveMetadata(broker)
    shown.brokers = nodes.slice(0, known)
    shown.topics.set('t', { id: TOPIC_ID, partitions: [partition(0, 1, 4)] })
    return shown
  })
  const cluster = new Cluster(kafkaConfig([brokers[0].address]), {}, silent)
  t.after(async () => {
    await cluster.close()
    await Promise.all(brokers.map(broker => broker.close()))
  })
  for (const broker of brokers) serveProduce(broker, () => ({ errorCode: 0 }))
  await cluster.start()
  const write = async () => {
    const topic = await cluster.metadata.topic('t', Deadline.after(2000))
    assert.ok(topic !== null)
    const spans = new Int32Array(SPAN_STRIDE).fill(-1)
    spans[VALUE_LENGTH] = 0
    spans[PARTITION] = 0
    const table = { bytes: Buffer.alloc(0), count: 1, spans }
    return (await cluster.accumulator.submit(topic, table, Deadline.after(2000), () => undefined)).offsets[0]
  }
  await write()
  const asked = () => views.flatMap(({ asked }) => asked).filter(({ names }) => names?.includes('t')).length
  const before = asked()
  const show = (leader: number, epoch: number) => {
    for (const view of views) {
      view.brokers = nodes
      view.topics.set('t', { id: TOPIC_ID, partitions: [partition(0, leader, epoch)] })
    }
  }
  return { cluster, brokers, nodes, show, write, questions: () => asked() - before }
}

suite('A leader that a Produce answer names', () => {
  test('gets the batch at once, at the address that the answer tells: nobody is asked for metadata', async t => {
    const { cluster, brokers, nodes, questions, write } = await world(t, 1)
    serveProduce(brokers[0], () => ({ errorCode: NOT_LEADER, leader: { id: 2, epoch: 5 }, nodes: [nodes[1]] }))
    const startedMs = performance.now()
    assert.equal(await write(), 42)
    assert.ok(performance.now() - startedMs < 500)
    assert.equal(brokers[1].asked(PRODUCE).length, 1)
    assert.equal(await write(), 42)
    assert.equal(brokers[0].asked(PRODUCE).length, 2, 'later batches go to the new leader')
    assert.equal(questions(), 0)
    const { leader, leaderEpoch } = cluster.metadata.peek('t')?.partitions[0] ?? {}
    assert.deepEqual([leader, leaderEpoch], [2, 5])
  })

  test('is not believed in an epoch that has passed, nor at an address that is not known: Kafka is asked', async t => {
    for (const [leader, known] of [
      [{ id: 2, epoch: 3 }, 2],
      [{ id: 2, epoch: 5 }, 1]
    ] as const) {
      const { brokers, show, questions, write } = await world(t, known)
      serveProduce(brokers[0], () => {
        show(2, 6)
        return { errorCode: NOT_LEADER, leader }
      })
      assert.equal(await write(), 42)
      assert.ok(questions() >= 1)
    }
  })

  test('that names the former one in its turn is not asked again and again: Kafka is asked', async t => {
    const { brokers, show, questions, write } = await world(t, 2)
    serveProduce(brokers[0], () => ({ errorCode: NOT_LEADER, leader: { id: 2, epoch: 5 } }))
    serveProduce(brokers[1], () => {
      show(1, 6)
      serveProduce(brokers[0], () => ({ errorCode: 0 }))
      return { errorCode: NOT_LEADER, leader: { id: 1, epoch: 4 } }
    })
    assert.equal(await write(), 42)
    assert.ok(questions() >= 1)
    assert.equal(brokers[0].asked(PRODUCE).length, 3, 'before, when it led no more, and when it leads again')
  })
})
