import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Deadline } from '../../../src/core/deadline.ts'
import { GatewayError } from '../../../src/core/errors.ts'
import { PAGE_BYTES } from '../../../src/kafka/fetch/fetcher.ts'
import { batchOf, markerOf, plainBatch, recordsOf } from '../records/stored.ts'
import { clusterOf, failing, range, stored } from './cluster-of.ts'
import { leaderOf, topicLedBy, type Answer } from './model-cluster.ts'

/** Batches of one record whose value has so many bytes. */
function batchesOf(count: number, valueBytes: number): Buffer[] {
  return range(0, count).map(offset =>
    batchOf({ baseOffset: offset, records: [{ value: Buffer.alloc(valueBytes, 'x') }] })
  )
}

test('a page holds the records asked for, from the middle of a batch on', async () => {
  const { read } = stored({ batches: [plainBatch(0, 10), plainBatch(10, 10)], lastStableOffset: 20 })
  const { offsets, nextOffset } = await read(7, 5)
  assert.deepEqual([offsets, nextOffset], [range(7, 12), 12])
})

test('a page goes on over as many answers as its records need, and asks for what they proved to weigh', async () => {
  const { read, channel } = stored({ batches: batchesOf(20, 30_000), lastStableOffset: 20 })
  const { offsets, nextOffset } = await read(0, 20)
  assert.deepEqual([offsets, nextOffset], [range(0, 20), 20])
  assert.equal(channel(1).requests.length, 2)
})

test('the next pages of a reader in small steps are taken from the batch that the first one left, then Kafka is asked', async () => {
  const { read, channel } = clusterOf({
    brokers: { 1: leaderOf({ batches: [plainBatch(0, 10), plainBatch(10, 10)], lastStableOffset: 20 }) },
    cacheBytes: 1_000_000
  })
  for (const [offset, expected] of [
    [0, range(0, 4)],
    [4, range(4, 8)],
    [8, range(8, 12)],
    [12, range(12, 16)],
    [16, range(16, 20)]
  ] as const)
    assert.deepEqual((await read(offset, 4)).offsets, expected)
  assert.deepEqual(
    channel(1).requests.map(({ partitions }) => partitions[0].offset),
    [0, 10]
  )
})

test('kept records that Kafka has deleted since are not read once any answer about the partition says so', async () => {
  const log = { batches: [plainBatch(0, 10), plainBatch(10, 10)], lastStableOffset: 20, startOffset: 0 }
  const { read, channel } = clusterOf({
    brokers: { 1: (asked, first) => leaderOf(log)(asked, first, 17) },
    cacheBytes: 1_000_000
  })
  await read(0, 4)
  assert.deepEqual((await read(2, 2)).offsets, [2, 3])
  assert.equal(channel(1).requests.length, 1)
  log.startOffset = 5
  await read(10, 4)
  assert.deepEqual((await read(5, 2)).offsets, [5, 6])
  assert.equal(channel(1).requests.length, 2, 'what is still there is kept')
  await assert.rejects(read(2, 2), { code: 'OFFSET_OUT_OF_RANGE' })
})

test('what is left of a transaction is asked of Kafka again', async () => {
  const batches = [plainBatch(0, 10, { producerId: 1n, transactional: true }), markerOf(10, 1n, 'commit')]
  const { read, channel } = clusterOf({
    brokers: { 1: leaderOf({ batches, lastStableOffset: 11 }) },
    cacheBytes: 1_000_000
  })
  await read(0, 4)
  await read(4, 4)
  assert.equal(channel(1).requests.length, 2)
})

test('memory that is used again never shows in a page that somebody still reads', async () => {
  // Two share each answer, and one of them goes on with the next. Each record says where it stands, all over its value.
  const countOf = (number: number) => (number < 30 ? 1 : 5)
  const batches = range(0, 40).map(offset =>
    batchOf({ baseOffset: offset, records: [{ value: Buffer.alloc(20_000, `${offset} `) }] })
  )
  const deadline = Deadline.after(60_000)
  for (let round = 0; round < 5; round++) {
    // One that has not learned yet how large the records are, so that pages need several answers.
    const { fetcher } = stored({ batches, lastStableOffset: 40 })
    const reads = range(0, 60).map(number => {
      const request = { topic: 'orders', partition: 0, offset: number % 30, count: countOf(number), deadline }
      return fetcher.read(request, page => {
        for (const { offset, value } of recordsOf(page))
          assert.ok(value === Buffer.alloc(20_000, `${offset} `).toString(), `offset ${offset}`)
        return page.count
      })
    })
    assert.deepEqual(await Promise.all(reads), range(0, 60).map(countOf))
  }
})

test('a page ends at six MiB of keys and values', async () => {
  const { read } = stored({ batches: batchesOf(10, 1024 * 1024), lastStableOffset: 10 })
  const { offsets, nextOffset, page } = await read(0, 100)
  assert.deepEqual([offsets, nextOffset, page.payloadBytes], [range(0, 6), 6, PAGE_BYTES])
})

test('a record larger than a page is a page by itself', async () => {
  const { read } = stored({ batches: batchesOf(2, 7 * 1024 * 1024), lastStableOffset: 2 })
  assert.deepEqual((await read(0, 2)).offsets, [0])
})

test('a page ends at 100 000 records', async () => {
  const records = range(0, 50_001).map(() => ({ value: Buffer.alloc(0) }))
  const batches = [batchOf({ baseOffset: 0, records }), batchOf({ baseOffset: 50_001, records })]
  const { page, nextOffset } = await stored({ batches, lastStableOffset: 100_002 }).read(0, 2 ** 31 - 1)
  assert.deepEqual([page.count, nextOffset], [100_000, 100_000])
})

test('the bytes asked for fit the count, and a page asks for no more than two MiB at once', async () => {
  for (const [count, maxBytes] of [
    [1, 65_536],
    [1000, 1_024_000],
    [2 ** 31 - 1, 2_097_152]
  ]) {
    const { read, channel } = stored({ batches: [plainBatch(0, 1)], lastStableOffset: 1 })
    await read(0, count)
    assert.equal(channel(1).requests[0].partitions[0].maxBytes, maxBytes)
  }
})

test('at the last stable offset a page is empty and stays where it is, before an open transaction too', async () => {
  const { read } = stored({
    batches: [plainBatch(0, 5), plainBatch(5, 3, { producerId: 1n, transactional: true })],
    lastStableOffset: 5,
    endOffset: 8
  })
  for (const offset of [5, 6, 8]) {
    const { offsets, nextOffset } = await read(offset, 10)
    assert.deepEqual([offsets, nextOffset], [[], offset])
  }
  assert.deepEqual((await read(3, 10)).nextOffset, 5)
})

test('aborted records, markers and gaps are passed within one page', async () => {
  const batches = [
    plainBatch(0, 2, { producerId: 7n, transactional: true }),
    markerOf(2, 7n, 'abort'),
    plainBatch(10, 1),
    plainBatch(11, 500, { producerId: 7n, transactional: true }),
    markerOf(511, 7n, 'abort'),
    plainBatch(512, 1)
  ]
  const aborted = [
    { producerId: 7n, firstOffset: 0 },
    { producerId: 7n, firstOffset: 11 }
  ]
  const { offsets, nextOffset } = await stored({ batches, aborted, lastStableOffset: 513 }).read(0, 10)
  assert.deepEqual([offsets, nextOffset], [[10, 512], 513])
})

test('a page is empty, and goes on at the end, where nothing but aborted records is left', async () => {
  const batches = range(0, 40).map(index => plainBatch(index * 100, 100, { producerId: 7n, transactional: true }))
  const log = {
    batches: [...batches, markerOf(4000, 7n, 'abort')],
    aborted: [{ producerId: 7n, firstOffset: 0 }],
    lastStableOffset: 4001
  }
  const { offsets, nextOffset } = await stored(log).read(0, 10)
  assert.deepEqual([offsets, nextOffset], [[], 4001])
})

test('a partition for which a shared answer had no room is read alone', async () => {
  const { fetcher, channel } = stored({ batches: batchesOf(3, 200_000), lastStableOffset: 3 })
  const deadline = Deadline.after(60_000)
  const pages = await Promise.all(
    [0, 1, 2].map(partition =>
      fetcher.read({ topic: 'orders', partition, offset: 0, count: 1, deadline }, page => page)
    )
  )
  assert.deepEqual(
    pages.map(({ count, nextOffset }) => [count, nextOffset]),
    [
      [1, 1],
      [1, 1],
      [1, 1]
    ]
  )
  assert.deepEqual(
    channel(1).requests.map(({ partitions }) => partitions.length),
    [3, 1, 1]
  )
})

test('a gap up to the end is believed when the leader has it on its own disks and answers with nothing twice', async () => {
  const { fetcher, channel, patient } = stored({ batches: [plainBatch(0, 5)], lastStableOffset: 90 })
  const deadline = Deadline.after(60_000)
  const pages = await Promise.all(
    [0, 1].map(partition => fetcher.read({ topic: 'orders', partition, offset: 5, count: 9, deadline }, page => page))
  )
  assert.deepEqual(
    pages.map(({ count, nextOffset }) => [count, nextOffset]),
    [
      [0, 90],
      [0, 90]
    ]
  )
  assert.deepEqual(
    channel(1).requests.map(({ partitions }) => partitions.length),
    [2, 1, 1]
  )
  assert.deepEqual(
    patient(1).requests.map(({ partitions, waitMs }) => [partitions.length, waitMs]),
    [
      [1, 100],
      [1, 100]
    ]
  )
})

test('a batch that comes cut off is asked for with more bytes until it is whole', async () => {
  const [batch] = batchesOf(1, 300_000)
  const { read, channel } = clusterOf({
    brokers: { 1: ({ maxBytes }) => ({ lastStableOffset: 1, records: batch.subarray(0, maxBytes) }) }
  })
  assert.deepEqual((await read(0, 1)).offsets, [0])
  const asked = channel(1).requests.map(({ partitions }) => partitions[0].maxBytes)
  assert.deepEqual([asked[0], asked[asked.length - 1] >= batch.length], [65_536, true])
})

test('a batch that never becomes whole is CORRUPT_DATA', async () => {
  const endless = plainBatch(0, 1)
  endless.writeInt32BE(2 ** 31 - 1, 8)
  const { read, channel } = clusterOf({ brokers: { 1: () => ({ lastStableOffset: 1, records: endless }) } })
  await assert.rejects(read(0, 1), failing('CORRUPT_DATA'))
  assert.ok(channel(1).requests.length < 20)
})

test('records before a corrupt batch are returned, and the next read meets it', async () => {
  const broken = plainBatch(3, 2)
  broken[70] ^= 1
  const { read } = stored({ batches: [plainBatch(0, 3), broken], lastStableOffset: 5 })
  const { offsets, nextOffset } = await read(0, 10)
  assert.deepEqual([offsets, nextOffset], [[0, 1, 2], 3])
  await assert.rejects(read(nextOffset, 10), failing('CORRUPT_DATA'))
})

test('a leader that has moved is found by fresh metadata', async () => {
  for (const errorCode of [3, 5, 6, 9, 72, 74, 75, 78, 100, 103]) {
    const { read, refreshes } = clusterOf({
      brokers: { 1: () => ({ errorCode }), 2: leaderOf({ batches: [plainBatch(0, 3)], lastStableOffset: 3 }) },
      topics: [topicLedBy([1]), topicLedBy([2])]
    })
    assert.deepEqual((await read(0, 9)).offsets, [0, 1, 2], `error ${errorCode}`)
    assert.equal(refreshes(), 1)
  }
})

test('a leader that a broker names is asked at once, in its epoch, whatever the metadata says', async () => {
  const { read, channel, refreshes } = clusterOf({
    brokers: {
      1: () => ({ errorCode: 6, currentLeader: { id: 2, epoch: 5 } }),
      2: leaderOf({ batches: [plainBatch(0, 3)], lastStableOffset: 3 })
    }
  })
  assert.deepEqual((await read(0, 9)).offsets, [0, 1, 2])
  assert.equal(channel(1).requests.length, 1)
  assert.deepEqual(
    channel(2).requests.map(({ partitions }) => partitions[0].leaderEpoch),
    [5]
  )
  assert.equal(refreshes(), 1, 'the next read knows it too')
})

test('brokers that name one another are not asked in turns', async () => {
  const naming =
    (id: number): Answer =>
    () => ({ errorCode: 6, currentLeader: { id, epoch: 5 } })
  const { read, channel } = clusterOf({ brokers: { 1: naming(2), 2: naming(1) } })
  await assert.rejects(read(0, 9, 200), failing('LEADER_NOT_AVAILABLE'))
  assert.ok(channel(1).requests.length + channel(2).requests.length < 12)
})

test('the epoch of the leader goes with the read, so that a stale one is fenced', async () => {
  const { read, channel } = stored({ batches: [plainBatch(0, 3)], lastStableOffset: 3 })
  await read(0, 1)
  assert.equal(channel(1).requests[0].partitions[0].leaderEpoch, 4)
})

test('a lost connection and an unknown broker are got over', async () => {
  const { read, channel } = clusterOf({
    brokers: { 1: () => ({}), 2: leaderOf({ batches: [plainBatch(0, 3)], lastStableOffset: 3 }) },
    topics: [topicLedBy([1]), topicLedBy([9]), topicLedBy([-1]), topicLedBy([2])]
  })
  channel(1).connected = false
  assert.deepEqual((await read(0, 9)).offsets, [0, 1, 2])
})

test('without a leader until the deadline the answer is LEADER_NOT_AVAILABLE', async () => {
  const { read } = clusterOf({ brokers: {}, topics: [topicLedBy([-1])] })
  await assert.rejects(read(4, 9, 60), failing('LEADER_NOT_AVAILABLE', { nextOffset: '4' }))
})

test('without a connection until the deadline the answer is KAFKA_UNAVAILABLE, under a quota too', async () => {
  const { read, channel } = clusterOf({ brokers: { 1: () => ({}) } })
  channel(1).connected = false
  await assert.rejects(read(0, 9, 60), failing('KAFKA_UNAVAILABLE'))
  const throttled = clusterOf({ brokers: { 1: () => ({ errorCode: 89 }) } })
  await assert.rejects(throttled.read(0, 9, 60), failing('KAFKA_UNAVAILABLE'))
})

test('a broker that keeps silent until the deadline gives DEADLINE_EXCEEDED', async () => {
  const { read, channel } = clusterOf({ brokers: { 1: () => ({}) } })
  channel(1).held = true
  await assert.rejects(read(7, 9, 30), failing('DEADLINE_EXCEEDED', { message: /did not answer/, nextOffset: '7' }))
})

test('a deadline among aborted records tells where to go on', async () => {
  let passed = 0
  const endless: Answer = ({ offset }) => {
    passed = offset + 10
    const records = plainBatch(offset, 10, { producerId: 7n, transactional: true })
    return { lastStableOffset: 1e9, aborted: [{ producerId: 7n, firstOffset: 0 }], records }
  }
  const { read } = clusterOf({ brokers: { 1: endless } })
  await assert.rejects(read(0, 9, 40), error => {
    assert.ok(error instanceof GatewayError && error.code === 'DEADLINE_EXCEEDED')
    assert.ok(passed > 0 && Number(error.headers?.NextOffset) >= passed - 10)
    assert.match(error.message, /cannot be read/)
    return true
  })
})

test('a deadline behind the first record returns what there is', async () => {
  const first = leaderOf({ batches: [plainBatch(0, 2)], lastStableOffset: 100 })
  const { read } = clusterOf({
    brokers: { 1: (asked, ...rest) => (asked.offset < 2 ? first(asked, ...rest) : { errorCode: 6 }) }
  })
  const { offsets, nextOffset } = await read(0, 9, 60)
  assert.deepEqual([offsets, nextOffset], [[0, 1], 2])
})

test('an offset out of range names the bounds', async () => {
  const { read } = clusterOf({
    brokers: { 1: leaderOf({ batches: [], lastStableOffset: 42, endOffset: 44 }) },
    bounds: { earliest: 10, lastStable: 42, logEnd: 44 }
  })
  const members = { earliest_offset: 10, latest_offset: 42 }
  await assert.rejects(
    read(99, 1),
    failing('OFFSET_OUT_OF_RANGE', {
      message: /^Offset 99 is out of range: partition 0 of topic 'orders' .*10.*42/,
      members
    })
  )
})

test('an offset that only a stale leader calls out of range is read from the right one', async () => {
  const { read } = clusterOf({
    brokers: {
      1: leaderOf({ batches: [], lastStableOffset: 5 }),
      2: leaderOf({ batches: [plainBatch(0, 9)], lastStableOffset: 9 })
    },
    topics: [topicLedBy([1]), topicLedBy([2])],
    bounds: { earliest: 0, lastStable: 9, logEnd: 9 }
  })
  assert.deepEqual((await read(7, 9)).offsets, [7, 8])
})

test('a topic that is gone is TOPIC_NOT_FOUND, a partition it lacks PARTITION_NOT_FOUND', async () => {
  const gone = clusterOf({ brokers: { 1: () => ({ errorCode: 3 }) }, topics: [topicLedBy([1]), null] })
  await assert.rejects(gone.read(0, 1), failing('TOPIC_NOT_FOUND'))
  const { fetcher } = clusterOf({ brokers: {} })
  const deadline = Deadline.after(1000)
  await assert.rejects(
    fetcher.read({ topic: 'orders', partition: 3, offset: 0, count: 1, deadline }, page => page),
    failing('PARTITION_NOT_FOUND')
  )
})

test('a refusal by Kafka is KAFKA_REFUSED at once, and its own corruption CORRUPT_DATA', async () => {
  const refused = clusterOf({ brokers: { 1: () => ({ errorCode: 29 }) } })
  await assert.rejects(refused.read(0, 1), failing('KAFKA_REFUSED'))
  const corrupt = clusterOf({ brokers: { 1: () => ({ errorCode: 2 }) } })
  await assert.rejects(corrupt.read(0, 1), failing('CORRUPT_DATA'))
})

test('a read that a frozen leader does not answer goes to the new leader, once Kafka names one', async () => {
  const log = { batches: [plainBatch(0, 3)], lastStableOffset: 3 }
  const { read, channel, refreshes } = clusterOf({
    brokers: { 1: leaderOf(log), 2: leaderOf(log) },
    topics: [topicLedBy([1]), topicLedBy([1]), topicLedBy([2])]
  })
  channel(1).held = true
  const { offsets, nextOffset } = await read(0, 10, 6000)
  assert.deepEqual([offsets, nextOffset], [[0, 1, 2], 3])
  assert.equal(channel(1).requests.length, 1)
  assert.ok(refreshes() >= 2)
})
