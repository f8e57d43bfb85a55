import assert from 'node:assert/strict'
import { test } from 'node:test'
import { batchOf, markerOf, plainBatch, recordsOf } from '../records/stored.ts'
import { clusterOf, failing, PAGE_BYTES, range, stored, within } from './cluster-of.ts'
import { leaderOf, topicLedBy, type Answer, type ModelLog } from './model-cluster.ts'

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
    brokers: { 1: (asked, first) => leaderOf(log)(asked, first, 17, 1) },
    cacheBytes: 1_000_000
  })
  await read(0, 4)
  assert.deepEqual((await read(2, 2)).offsets, [2, 3])
  assert.equal(channel(1).requests.length, 1)
  log.startOffset = 5
  await read(10, 4)
  assert.deepEqual((await read(5, 2)).offsets, [5, 6])
  assert.equal(channel(1).requests.length, 2, 'what is still there is kept')
  await assert.rejects(read(2, 2), { kind: 'outOfRange' })
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
  for (let round = 0; round < 5; round++) {
    // One that has not learned yet how large the records are, so that pages need several answers.
    const { reads, request } = stored({ batches, lastStableOffset: 40 })
    const pages = range(0, 60).map(number => {
      return reads.read(request(number % 30, countOf(number)), page => {
        for (const { offset, value } of recordsOf(page))
          assert.ok(value === Buffer.alloc(20_000, `${offset} `).toString(), `offset ${offset}`)
        return page.count
      })
    })
    assert.deepEqual(await Promise.all(pages), range(0, 60).map(countOf))
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
  const { read, channel } = stored({ batches: batchesOf(3, 200_000), lastStableOffset: 3 })
  const pages = await Promise.all([0, 1, 2].map(partition => read(0, 1, { partition })))
  assert.deepEqual(
    pages.map(({ offsets, nextOffset }) => [offsets.length, nextOffset]),
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
  const { read, channel, patient } = stored({ batches: [plainBatch(0, 5)], lastStableOffset: 90 })
  const pages = await Promise.all([0, 1].map(partition => read(5, 9, { partition })))
  assert.deepEqual(
    pages.map(({ offsets, nextOffset }) => [offsets.length, nextOffset]),
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

test('a batch that never becomes whole is corrupt', async () => {
  const endless = plainBatch(0, 1)
  endless.writeInt32BE(2 ** 31 - 1, 8)
  const { read, channel } = clusterOf({ brokers: { 1: () => ({ lastStableOffset: 1, records: endless }) } })
  await assert.rejects(read(0, 1), failing('corrupt'))
  assert.ok(channel(1).requests.length < 20)
})

test('records before a corrupt batch are returned, and the next read meets it', async () => {
  const broken = plainBatch(3, 2)
  broken[70] ^= 1
  const { read } = stored({ batches: [plainBatch(0, 3), broken], lastStableOffset: 5 })
  const { offsets, nextOffset } = await read(0, 10)
  assert.deepEqual([offsets, nextOffset], [[0, 1, 2], 3])
  await assert.rejects(read(nextOffset, 10), failing('corrupt'))
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
  assert.equal(refreshes(), 0)
})

test('brokers that name one another are not asked in turns', async () => {
  const naming =
    (id: number): Answer =>
    () => ({ errorCode: 6, currentLeader: { id, epoch: 5 } })
  const { read, channel } = clusterOf({ brokers: { 1: naming(2), 2: naming(1) } })
  await assert.rejects(read(0, 9, within(200)), failing('leaderless'))
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

test('without a leader until the deadline a read fails as leaderless', async () => {
  const { read } = clusterOf({ brokers: {}, topics: [topicLedBy([-1])] })
  await assert.rejects(read(4, 9, within(60)), failing('leaderless'))
})

test('without a connection until the deadline a read fails as unreachable, under a quota too', async () => {
  const { read, channel } = clusterOf({ brokers: { 1: () => ({}) } })
  channel(1).connected = false
  const throttled = clusterOf({ brokers: { 1: () => ({ errorCode: 89 }) } })
  // Long enough for a first attempt, however busy the machine is.
  const reads = [read(0, 9, within(400)), throttled.read(0, 9, within(400))]
  await Promise.all(reads.map(each => assert.rejects(each, failing('unreachable'))))
})

test('a broker that keeps silent until the deadline ends the page there', async () => {
  const { read, channel } = clusterOf({ brokers: { 1: () => ({}) } })
  channel(1).held = true
  const { offsets, nextOffset, end } = await read(7, 9, within(30))
  assert.deepEqual([offsets, nextOffset, end], [[], 7, 'late'])
})

test('a deadline among aborted records tells where to go on', async () => {
  let passed = 0
  const endless: Answer = ({ offset }) => {
    passed = offset + 10
    const records = plainBatch(offset, 10, { producerId: 7n, transactional: true })
    return { lastStableOffset: 1e9, aborted: [{ producerId: 7n, firstOffset: 0 }], records }
  }
  const { read } = clusterOf({ brokers: { 1: endless } })
  const { offsets, nextOffset, end } = await read(0, 9, within(200))
  assert.deepEqual([offsets, end], [[], 'passed'])
  assert.ok(nextOffset > 0 && nextOffset >= passed - 10)
})

test('a deadline behind the first record returns what there is', async () => {
  const first = leaderOf({ batches: [plainBatch(0, 2)], lastStableOffset: 100 })
  const { read } = clusterOf({
    brokers: { 1: (asked, ...rest) => (asked.offset < 2 ? first(asked, ...rest) : { errorCode: 6 }) }
  })
  const { offsets, nextOffset } = await read(0, 9, within(60))
  assert.deepEqual([offsets, nextOffset], [[0, 1], 2])
})

test('an offset out of range names the bounds', async () => {
  const { read } = clusterOf({
    brokers: { 1: leaderOf({ batches: [], lastStableOffset: 42, endOffset: 44 }) },
    bounds: { earliest: 10, lastStable: 42, logEnd: 44 }
  })
  await assert.rejects(
    read(99, 1),
    failing('outOfRange', {
      message: /^Offset 99 is out of range: partition 0 of topic 'orders' .*10.*42/,
      bounds: { earliest: 10, lastStable: 42, logEnd: 44 }
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

test('a topic that is gone is unknown, and a partition that it lacks', async () => {
  const gone = clusterOf({ brokers: { 1: () => ({ errorCode: 3 }) }, topics: [topicLedBy([1]), null] })
  await assert.rejects(gone.read(0, 1), failing('unknownTopic'))
  const { read } = clusterOf({ brokers: {} })
  await assert.rejects(read(0, 1, { partition: 3 }), failing('unknownPartition'))
})

test('a refusal by Kafka fails at once, and so does its own corruption', async () => {
  const refused = clusterOf({ brokers: { 1: () => ({ errorCode: 29 }) } })
  await assert.rejects(refused.read(0, 1), failing('refused'))
  const corrupt = clusterOf({ brokers: { 1: () => ({ errorCode: 2 }) } })
  await assert.rejects(corrupt.read(0, 1), failing('corrupt'))
})

test('a read that a frozen leader does not answer goes to the new leader, once Kafka names one', async () => {
  const log = { batches: [plainBatch(0, 3)], lastStableOffset: 3 }
  const { read, channel, refreshes } = clusterOf({
    brokers: { 1: leaderOf(log), 2: leaderOf(log) },
    topics: [topicLedBy([1]), topicLedBy([1]), topicLedBy([2])]
  })
  channel(1).held = true
  const { offsets, nextOffset } = await read(0, 10, within(6000))
  assert.deepEqual([offsets, nextOffset], [[0, 1, 2], 3])
  assert.equal(channel(1).requests.length, 1)
  assert.ok(refreshes() >= 2)
})

test('a reader of all records sees open and aborted transactions up to the high watermark, one of committed ones does not', async () => {
  const batches = [
    plainBatch(0, 3),
    plainBatch(3, 2, { producerId: 7n, transactional: true }),
    markerOf(5, 7n, 'abort'),
    plainBatch(6, 4, { producerId: 8n, transactional: true }),
    plainBatch(10, 2)
  ]
  const log = { batches, lastStableOffset: 6, endOffset: 12, aborted: [{ producerId: 7n, firstOffset: 3 }] }
  const { read } = clusterOf({ brokers: { 1: viewOf(log) }, cacheBytes: 1_000_000 })
  const all = await read(0, 100, { isolation: 'uncommitted' })
  assert.deepEqual(
    [all.offsets, all.nextOffset, all.end, all.highWatermark, all.lastStable],
    [[0, 1, 2, 3, 4, 6, 7, 8, 9, 10, 11], 12, 'log', 12, 6]
  )
  await read(10, 1, { isolation: 'uncommitted' })
  const committed = await read(0, 100)
  assert.deepEqual([committed.offsets, committed.nextOffset, committed.end], [[0, 1, 2], 6, 'log'])
  assert.deepEqual((await read(11, 1)).offsets, [], 'what a reader of all records left is not for this one')
})

/** A leader that answers readers of all records up to its high watermark. */
function viewOf(log: ModelLog & { readonly endOffset: number }): Answer {
  return (asked, first, version, isolation) => {
    if (isolation === 1) return { ...leaderOf(log)(asked, first, version, 1), highWatermark: log.endOffset }
    const { lastStableOffset, endOffset } = log
    const answer = leaderOf({ ...log, lastStableOffset: endOffset })(asked, first, version, 0)
    return { ...answer, aborted: [], highWatermark: endOffset, lastStableOffset }
  }
}

test('records that a filter refuses are passed over, in every format, and what is left counts towards the limits', async () => {
  const isEven = (chunk: Buffer, _keyStart: number, _keyLength: number, start: number, length: number) =>
    Number(chunk.toString('utf8', start, start + length).replace(/\D/g, '')) % 2 === 0
  const { read } = clusterOf({
    brokers: { 1: leaderOf({ batches: [plainBatch(0, 10), plainBatch(10, 10)], lastStableOffset: 20 }) },
    cacheBytes: 1_000_000
  })
  const first = await read(1, 6, { filter: isEven })
  assert.deepEqual([first.offsets, first.nextOffset, first.end], [[2, 4, 6, 8, 10, 12], 13, 'full'])
  const rest = await read(first.nextOffset, 6, { filter: isEven })
  assert.deepEqual([rest.offsets, rest.nextOffset, rest.end], [[14, 16, 18], 20, 'log'])
  const none = await read(0, 6, { filter: () => false })
  assert.deepEqual([none.offsets, none.nextOffset, none.end], [[], 20, 'log'])
})

test('a page for which nothing is found ends when so many bytes were looked at', async () => {
  const { read } = stored({ batches: batchesOf(40, 30_000), lastStableOffset: 40 })
  const limits = { records: 10, bytes: PAGE_BYTES, scanBytes: 100_000 }
  const { offsets, nextOffset, end } = await read(0, 10, { filter: () => false, limits })
  assert.deepEqual([offsets, end], [[], 'scanned'])
  assert.ok(nextOffset >= 4 && nextOffset < 40, String(nextOffset))
})
