import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate as nextTick } from 'node:timers/promises'
import { Deadline } from '../../../src/core/deadline.ts'
import { BrokerReads, type ReadMode, type ReadResult } from '../../../src/kafka/fetch/broker-reads.ts'
import type { FetchPartition } from '../../../src/kafka/fetch/fetch-message.ts'
import { ReadFailure } from '../../../src/kafka/fetch/read-failure.ts'
import { TransportError } from '../../../src/kafka/transport/transport-error.ts'
import { plainBatch } from '../records/stored.ts'
import { leaderOf, ModelChannel, TOPIC_ID } from './model-cluster.ts'
import { writeResponse } from './wire.ts'

const SHARED: ReadMode = { dedicated: false, waitMs: 0, minBytes: 0 }
const DEDICATED: ReadMode = { dedicated: true, waitMs: 0, minBytes: 0 }
const soon = () => Deadline.after(60_000)
const stored = leaderOf({ batches: [plainBatch(0, 4), plainBatch(4, 4)], lastStableOffset: 8 })

function wanted(partition: number, offset = 0, more: Partial<FetchPartition> = {}): FetchPartition {
  return {
    topic: 'orders',
    topicId: TOPIC_ID,
    partition,
    leaderEpoch: 1,
    offset,
    maxBytes: 65_536,
    isolation: 'committed',
    ...more
  }
}

function readFrom(reads: BrokerReads, asked: FetchPartition, mode: ReadMode, deadline: Deadline): Promise<ReadResult> {
  return new Promise((resolve, reject) => reads.read(asked, mode, deadline, { resolve, reject }))
}

function held(): ModelChannel {
  const channel = new ModelChannel(stored)
  channel.held = true
  return channel
}

const isBusy = (error: unknown) => error instanceof ReadFailure && error.kind === 'busy'
const partitionsOf = ({ requests }: ModelChannel) =>
  requests.map(({ partitions }) => partitions.map(each => each.partition))

test('reads of distinct partitions travel together, and each gets its own answer', async () => {
  const channel = new ModelChannel(asked => ({ lastStableOffset: asked.partition * 100 }))
  const reads = new BrokerReads(() => [channel])
  const results = await Promise.all([3, 1, 2].map(partition => readFrom(reads, wanted(partition), SHARED, soon())))
  assert.deepEqual(
    results.map(({ result, soleReader }) => [result.partition, result.lastStableOffset, soleReader]),
    [
      [3, 300, false],
      [1, 100, false],
      [2, 200, false]
    ]
  )
  assert.deepEqual(partitionsOf(channel), [[3, 1, 2]])
})

test('partitions of several topics travel together', async () => {
  const channel = new ModelChannel(asked => ({ lastStableOffset: asked.topic.startsWith('00') ? 1 : 2 }))
  const reads = new BrokerReads(() => [channel])
  const other = { topic: 'bills', topicId: Buffer.alloc(16, 9) }
  const results = await Promise.all([
    readFrom(reads, wanted(0), SHARED, soon()),
    readFrom(reads, wanted(0, 0, other), SHARED, soon())
  ])
  assert.deepEqual(
    results.map(({ result }) => result.lastStableOffset),
    [1, 2]
  )
  assert.equal(channel.requests.length, 1)
})

test('identical reads share one answer, but not one that has already left', async () => {
  const channel = held()
  const reads = new BrokerReads(() => [channel])
  const first = [readFrom(reads, wanted(0), SHARED, soon()), readFrom(reads, wanted(0), SHARED, soon())]
  await nextTick()
  const later = readFrom(reads, wanted(0), SHARED, soon())
  await nextTick()
  channel.requests[0].answer()
  const [one, other] = await Promise.all(first)
  assert.equal(one.result, other.result)
  await nextTick()
  channel.requests[1].answer()
  assert.notEqual((await later).result, one.result)
  assert.deepEqual(partitionsOf(channel), [[0], [0]])
})

test('different offsets of one partition never share a request', async () => {
  const channel = new ModelChannel(stored)
  const reads = new BrokerReads(() => [channel])
  const results = await Promise.all([0, 4, 0].map(offset => readFrom(reads, wanted(0, offset), SHARED, soon())))
  assert.deepEqual(
    results.map(({ result }) => Number(result.records.readBigInt64BE(0))),
    [0, 4, 0]
  )
  assert.deepEqual(
    channel.requests.map(({ partitions }) => partitions.map(({ offset }) => offset)),
    [[0], [4]]
  )
})

test('a read that asks to be alone is, and says so', async () => {
  const channel = new ModelChannel(stored)
  const reads = new BrokerReads(() => [channel])
  const results = await Promise.all([
    readFrom(reads, wanted(0), SHARED, soon()),
    readFrom(reads, wanted(1), DEDICATED, soon()),
    readFrom(reads, wanted(2), SHARED, soon())
  ])
  assert.deepEqual(partitionsOf(channel), [[0, 2], [1]])
  assert.deepEqual(
    results.map(({ soleReader }) => soleReader),
    [false, true, false]
  )
})

test('a request has at most 64 partitions and 8 MiB', async () => {
  const channel = new ModelChannel(stored)
  const reads = new BrokerReads(() => [channel])
  const small = Array.from({ length: 70 }, (_, partition) => readFrom(reads, wanted(partition), SHARED, soon()))
  await Promise.all(small)
  assert.deepEqual(
    channel.requests.map(({ partitions }) => partitions.length),
    [64, 6]
  )
  const large = Array.from({ length: 5 }, (_, partition) =>
    readFrom(reads, wanted(partition, 0, { maxBytes: 2 ** 21 }), SHARED, soon())
  )
  await Promise.all(large)
  assert.deepEqual(
    channel.requests.slice(2).map(({ partitions }) => partitions.length),
    [4, 1]
  )
})

test('a connection carries one request at a time; what comes meanwhile leaves together when it is free', async () => {
  const channel = held()
  const reads = new BrokerReads(() => [channel])
  const all = [readFrom(reads, wanted(0), SHARED, soon())]
  await nextTick()
  for (const partition of [1, 2]) {
    all.push(readFrom(reads, wanted(partition), SHARED, soon()))
    await nextTick()
  }
  assert.deepEqual(partitionsOf(channel), [[0]])
  channel.requests[0].answer()
  await all[0]
  await nextTick()
  assert.deepEqual(partitionsOf(channel), [[0], [1, 2]])
  channel.requests[1].answer()
  await Promise.all(all)
})

test('a second connection is used while the first waits', async () => {
  const [one, other] = [held(), held()]
  const reads = new BrokerReads(() => [one, other])
  void readFrom(reads, wanted(0), SHARED, soon())
  await nextTick()
  void readFrom(reads, wanted(1), SHARED, soon())
  await nextTick()
  assert.deepEqual([partitionsOf(one), partitionsOf(other)], [[[0]], [[1]]])
})

test('a lost connection fails the reads it carried, and the next ones go on', async () => {
  const channel = held()
  const reads = new BrokerReads(() => [channel])
  const lost = readFrom(reads, wanted(0), SHARED, soon())
  await nextTick()
  const next = readFrom(reads, wanted(1), SHARED, soon())
  channel.requests[0].fail()
  await assert.rejects(lost, TransportError)
  await nextTick()
  channel.requests[1].answer()
  assert.equal((await next).result.partition, 1)
})

test('a broker that cannot be reached fails the read, and is asked again for the next', async () => {
  const channel = new ModelChannel(stored)
  channel.connected = false
  const reads = new BrokerReads(() => [channel])
  await assert.rejects(readFrom(reads, wanted(0), SHARED, soon()), TransportError)
  channel.connected = true
  assert.equal((await readFrom(reads, wanted(0), SHARED, soon())).result.lastStableOffset, 8)
})

test('a broker that is not known fails the reads', async () => {
  const reads = new BrokerReads(() => {
    throw new TransportError('Broker 7 is not known', false)
  })
  await assert.rejects(readFrom(reads, wanted(0), SHARED, soon()), {
    name: 'TransportError',
    message: 'Broker 7 is not known'
  })
})

test('an answer that cannot be read fails the reads, and the connection is used again', async () => {
  const channel = held()
  const reads = new BrokerReads(() => [channel])
  const broken = readFrom(reads, wanted(0), SHARED, soon())
  await nextTick()
  channel.requests[0].answer(Buffer.from([1, 2, 3]))
  await assert.rejects(broken, TransportError)
  const next = readFrom(reads, wanted(0), SHARED, soon())
  await nextTick()
  channel.requests[1].answer()
  assert.equal((await next).result.errorCode, 0)
})

test('a partition that the answer leaves out counts as unknown to the broker; under a quota, as throttled', async () => {
  for (const [head, expected] of [
    [{}, 3],
    [{ throttleTimeMs: 100 }, 89],
    [{ errorCode: 70 }, 70]
  ] as const) {
    const channel = held()
    const reads = new BrokerReads(() => [channel])
    const read = readFrom(reads, wanted(0), SHARED, soon())
    await nextTick()
    channel.requests[0].answer(writeResponse(channel.requests[0].version, [], head))
    assert.equal((await read).result.errorCode, expected)
  }
})

test('topics are named by id from version 13 on, and by name where one of them has none', async () => {
  const channel = new ModelChannel(asked => ({ lastStableOffset: asked.topic === 'bills' ? 5 : 8 }))
  const reads = new BrokerReads(() => [channel])
  await readFrom(reads, wanted(0), SHARED, soon())
  const named = { topic: 'bills', topicId: null }
  const results = await Promise.all([
    readFrom(reads, wanted(0), SHARED, soon()),
    readFrom(reads, wanted(0, 0, named), SHARED, soon())
  ])
  assert.deepEqual(
    channel.requests.map(({ version, partitions }) => [version, partitions[0].topic]),
    [
      [17, TOPIC_ID.toString('hex')],
      [12, 'orders']
    ]
  )
  assert.deepEqual(
    results.map(({ result }) => result.lastStableOffset),
    [8, 5]
  )
})

test('an old broker is asked in its own version', async () => {
  const channel = new ModelChannel(stored, 11)
  const reads = new BrokerReads(() => [channel])
  assert.equal((await readFrom(reads, wanted(0), SHARED, soon())).result.records.length, plainBatch(0, 4).length * 2)
  assert.equal(channel.requests[0].version, 11)
})

test('a read that nobody waits for any more is not sent', async () => {
  const channel = held()
  const reads = new BrokerReads(() => [channel])
  const first = readFrom(reads, wanted(0), SHARED, soon())
  await nextTick()
  const expired = readFrom(reads, wanted(1), SHARED, Deadline.after(-1))
  const shared = [readFrom(reads, wanted(2), SHARED, Deadline.after(-1)), readFrom(reads, wanted(2), SHARED, soon())]
  channel.requests[0].answer()
  await first
  await assert.rejects(expired, TransportError)
  await nextTick()
  channel.requests[1].answer()
  await Promise.all(shared)
  assert.deepEqual(partitionsOf(channel), [[0], [2]])
})

test('more than 10 000 waiting reads are refused', async () => {
  const channel = held()
  const reads = new BrokerReads(() => [channel])
  for (let offset = 0; offset < 10_000; offset++) void readFrom(reads, wanted(0, offset), SHARED, soon())
  await assert.rejects(readFrom(reads, wanted(1), SHARED, soon()), isBusy)
})

test('a connection that the broker throttles is left alone for that time, and what waits goes over another', async () => {
  const [first, second] = [held(), held()]
  const reads = new BrokerReads(() => [first, second])
  const throttled = readFrom(reads, wanted(0), SHARED, soon())
  await nextTick()
  const answers = [
    {
      ...wanted(0),
      errorCode: 0,
      lastStableOffset: 0,
      highWatermark: 0,
      startOffset: 0,
      aborted: [],
      preferredReadReplica: -1,
      records: Buffer.alloc(0)
    }
  ]
  first.requests[0].answer(writeResponse(17, answers, { throttleTimeMs: 150 }))
  await throttled
  const startedMs = performance.now()
  void readFrom(reads, wanted(1), SHARED, soon())
  await nextTick()
  assert.deepEqual([partitionsOf(first), partitionsOf(second)], [[[0]], [[1]]])
  void readFrom(reads, wanted(2), SHARED, soon())
  while (first.requests.length < 2) await nextTick()
  assert.ok(performance.now() - startedMs > 100)
  assert.deepEqual(partitionsOf(first), [[0], [2]])
})

/** Two reads of two partitions, one after the other, both go to `healthy`. */
async function assertTakesBoth(healthy: ModelChannel, reads: BrokerReads): Promise<void> {
  const first = readFrom(reads, wanted(0), SHARED, soon())
  await nextTick()
  const second = readFrom(reads, wanted(1), SHARED, soon())
  await nextTick()
  healthy.requests[0].answer()
  await first
  await nextTick()
  healthy.requests[1].answer()
  assert.equal((await second).result.partition, 1)
}

test('a connection in back-off takes no read while another is up, even if that is busy', async () => {
  const [broken, healthy] = [held(), held()]
  broken.connected = false
  broken.resting = true
  await assertTakesBoth(healthy, new BrokerReads(() => [broken, healthy]))
  assert.deepEqual([partitionsOf(broken), partitionsOf(healthy)], [[], [[0], [1]]])
})

test('a connection that is being opened holds up no read that another can take', async () => {
  const [opening, healthy] = [held(), held()]
  opening.connected = false
  opening.version = () => new Promise(() => undefined)
  await assertTakesBoth(healthy, new BrokerReads(() => [opening, healthy]))
})

test('a broker that sends readers to another replica is asked in a version in which it answers itself', async () => {
  const channel = new ModelChannel((asked, first, version, isolation) =>
    version >= 11 ? { lastStableOffset: 8, preferredReadReplica: 2 } : stored(asked, first, version, isolation)
  )
  const reads = new BrokerReads(() => [channel])
  const { result } = await readFrom(reads, wanted(0), SHARED, soon())
  assert.deepEqual([result.preferredReadReplica, result.records.length], [2, 0])
  const again = await readFrom(reads, wanted(0), SHARED, soon())
  assert.deepEqual([again.result.preferredReadReplica, again.result.records.length > 0], [-1, true])
  assert.deepEqual(
    channel.requests.map(({ version }) => version),
    [17, 10]
  )
})

test('a read for which the broker may wait says how long, in a request of its own', async () => {
  const channel = new ModelChannel(stored)
  const reads = new BrokerReads(() => [channel])
  await Promise.all([
    readFrom(reads, wanted(0), { dedicated: true, waitMs: 700, minBytes: 1 }, soon()),
    readFrom(reads, wanted(1), SHARED, soon())
  ])
  assert.deepEqual(
    channel.requests.map(({ waitMs, partitions }) => [waitMs, partitions.length]),
    [
      [700, 1],
      [0, 1]
    ]
  )
})

test('readers of committed records and of all records never share a request, nor an answer', async () => {
  const channel = new ModelChannel(stored)
  const reads = new BrokerReads(() => [channel])
  await Promise.all([
    readFrom(reads, wanted(0), SHARED, soon()),
    readFrom(reads, wanted(0, 0, { isolation: 'uncommitted' }), SHARED, soon()),
    readFrom(reads, wanted(1), SHARED, soon()),
    readFrom(reads, wanted(1, 0, { isolation: 'uncommitted' }), SHARED, soon())
  ])
  assert.deepEqual(
    channel.requests.map(({ isolation, partitions }) => [isolation, partitions.length]),
    [
      [1, 2],
      [0, 2]
    ]
  )
})
