import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { setImmediate as tick, setTimeout as sleep } from 'node:timers/promises'
import { SPAN_STRIDE } from '../../../src/core/record-table.ts'
import { BrokerSender, type SenderHooks } from '../../../src/kafka/produce/broker-sender.ts'
import { unsentBatch } from '../../../src/kafka/produce/batch.ts'
import { PartitionQueue } from '../../../src/kafka/produce/partition-queue.ts'
import { Submission } from '../../../src/kafka/produce/submission.ts'
import { applyVerdict } from '../../../src/kafka/produce/verdict.ts'
import { WireWriter } from '../../../src/kafka/wire/wire-writer.ts'

const VERSION = 8
const PARTITIONS = 6

/** A broker that answers when it is told to, and partitions that have a record to send whenever they are given one. */
class World {
  readonly sender: BrokerSender
  /** When each request was sent. */
  readonly sentAtMs: number[] = []
  readonly #answers: ((response: Buffer) => void)[] = []
  readonly #queues: PartitionQueue[]

  constructor() {
    const hooks: SenderHooks = {
      serves: () => true,
      sentAgain: () => assert.fail('nothing is sent again here'),
      answered: ({ queue, batch }, result) => {
        applyVerdict(queue, batch, result, performance.now())
        if (queue.ready(performance.now())) this.sender.offer(queue)
      },
      lost: () => assert.fail('nothing gets lost here'),
      failed: error => assert.fail(String(error)),
      unreachable: () => assert.fail('the broker is there')
    }
    const channel = {
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
    this.sender = new BrokerSender(() => channel, 1000, hooks)
    this.#queues = Array.from({ length: PARTITIONS }, (_, partition) => newQueue(partition))
  }

  /** Gives a partition a record; resolves when it had its chance to be sent. */
  async offer(partition: number): Promise<void> {
    const table = { bytes: Buffer.alloc(0), count: 1, spans: new Int32Array(SPAN_STRIDE) }
    const times = { arrivedAtMs: 0, answerAtMs: 1e12, giveUpAtMs: 1e12 }
    const nothing = () => undefined
    const submission = new Submission('t', table, Int32Array.of(partition), times, nothing, nothing)
    const slice = { submission, table, rows: Int32Array.of(0), from: 0, to: 1, timestampMs: 0, bytes: 1, alone: false }
    this.#queues[partition].add(slice)
    this.sender.offer(this.#queues[partition])
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

function newQueue(partition: number): PartitionQueue {
  const queue = new PartitionQueue('t', partition, {
    cut: waiting => waiting.splice(0, 1),
    renew: () => null,
    form: (slices, _session, sequence) =>
      unsentBatch({
        bytes: Buffer.alloc(10),
        slices,
        recordCount: 1,
        sequence,
        topicId: null,
        giveUpAtMs: 1e12
      })
  })
  queue.session = { producerId: 7n, epoch: 0 }
  queue.ledBy(1, 0)
  return queue
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
