import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { setImmediate as tick, setTimeout as sleep } from 'node:timers/promises'
import { RepeatedWarnings } from '../../../src/core/lib/repeated-warnings.ts'
import { SPAN_STRIDE } from '../../../src/core/record-table.ts'
import { unsentBatch } from '../../../src/kafka/produce/batch.ts'
import { BrokerSender } from '../../../src/kafka/produce/broker-sender.ts'
import { PartitionProducer } from '../../../src/kafka/produce/partition-producer.ts'
import { PendingProduce, type RecordRange } from '../../../src/kafka/produce/pending-produce.ts'
import type { ProducerSession } from '../../../src/kafka/produce/producer-sessions.ts'
import { WireWriter } from '../../../src/kafka/wire/wire-writer.ts'
import { silent } from '../transport/scripted-broker.ts'

const VERSION = 8
const PARTITIONS = 6

/** A broker that answers when it is told to, and partitions that have a record to send whenever they are given one. */
class World {
  readonly sender: BrokerSender<PartitionProducer>
  /** When each request was sent. */
  readonly sentAtMs: number[] = []
  readonly #answers: ((response: Buffer) => void)[] = []
  readonly #producers: PartitionProducer[]

  constructor() {
    const channel = {
      throttled: () => undefined,
      versionNow: () => VERSION,
      version: () => Promise.resolve(VERSION),
      send: (
        _key: number,
        _version: number,
        _flexible: boolean,
        _body: readonly Buffer[],
        callback: (error: null, response: Buffer) => void
      ) => {
        this.sentAtMs.push(performance.now())
        this.#answers.push(response => callback(null, response))
      }
    }
    const meter = { retried: () => assert.fail('nothing is sent again here') }
    const warnings = new RepeatedWarnings({ ...silent, warn: () => assert.fail('nothing gets lost here') })
    const options = { brokerId: 1, channel: () => channel, timeoutMs: 1000, meter, warnings, log: silent }
    this.sender = new BrokerSender(options, {
      serves: () => true,
      settled: sent => {
        for (const { source } of sent) if (source.ready(performance.now())) this.sender.offer(source)
      },
      unreachable: () => assert.fail('the broker is there')
    })
    this.#producers = Array.from({ length: PARTITIONS }, (_, partition) => newProducer(partition))
  }

  /** Gives a partition a record; resolves when it had its chance to be sent. */
  async offer(partition: number): Promise<void> {
    const table = { bytes: Buffer.alloc(0), count: 1, spans: new Int32Array(SPAN_STRIDE) }
    const times = { arrivedAtMs: 0, answerAtMs: 1e12, giveUpAtMs: 1e12 }
    const nothing = () => undefined
    const pending = new PendingProduce('t', table, Int32Array.of(partition), times, nothing, nothing)
    const rows = Int32Array.of(0)
    this.#producers[partition].add({ pending, table, rows, from: 0, to: 1, timestampMs: 0, bytes: 1, isolated: false })
    this.sender.offer(this.#producers[partition])
    await tick()
    await tick()
  }

  /** Answers the oldest request, which was for this partition. */
  answer(partition: number, throttleMs: number): void {
    const result = new WireWriter(false).arrayLength(1).string('t').arrayLength(1)
    result.int32(partition).int16(0).int64(0n).int64(-1n).int64(0n).arrayLength(0).string(null)
    this.#answers.shift()?.(result.int32(throttleMs).finish())
  }
}

function newProducer(partition: number): PartitionProducer {
  const former = {
    next: (_partition: number, waiting: RecordRange[], _session: ProducerSession, sequence: number) => {
      const ranges = waiting.splice(0, 1)
      if (ranges.length === 0) return null
      return unsentBatch({ bytes: Buffer.alloc(10), ranges, recordCount: 1, sequence, topicId: null, giveUpAtMs: 1e12 })
    }
  }
  const producer = new PartitionProducer('t', partition, former, { after: () => null })
  producer.session = { producerId: 7n, epoch: 0 }
  producer.ledBy(1, 0)
  return producer
}

suite('BrokerSender', () => {
  test('has two requests on their way; a third waits until one is answered', async () => {
    const world = new World()
    for (const partition of [0, 1, 2]) await world.offer(partition)
    assert.equal(world.sentAtMs.length, 2)
    world.answer(0, 0)
    await tick()
    assert.equal(world.sentAtMs.length, 3)
  })

  test('sends nothing while a broker throttles, and goes on by itself when the time is over', async () => {
    const world = new World()
    await world.offer(0)
    const startedMs = performance.now()
    world.answer(0, 200)
    await world.offer(1)
    await sleep(100)
    assert.equal(world.sentAtMs.length, 1)
    await sleep(200)
    assert.equal(world.sentAtMs.length, 2)
    assert.ok(world.sentAtMs[1] - startedMs >= 200)
  })

  test('has one request on its way after a throttled answer: a second would lie unread and be of unknown fate', async () => {
    const world = new World()
    await world.offer(0)
    world.answer(0, 20)
    await sleep(50)
    for (const partition of [1, 2]) await world.offer(partition)
    assert.equal(world.sentAtMs.length, 2)
    world.answer(1, 0)
    for (const partition of [3, 4]) await world.offer(partition)
    assert.equal(world.sentAtMs.length, 4, 'two again after an answer that was not throttled')
  })
})
