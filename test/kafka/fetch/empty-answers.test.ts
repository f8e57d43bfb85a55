import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import * as fc from 'fast-check'
import { markerOf, plainBatch } from '../records/stored.ts'
import { clusterOf, range, within } from './cluster-of.ts'
import { leaderOf, topicLedBy, type Answer, type ModelLog } from './model-cluster.ts'

const EMPTY_UNTIL = Number.POSITIVE_INFINITY

/** A leader whose answers below `remoteEnd` bring nothing for the first so many times, as those of slow remote reads do. */
function slowly(log: ModelLog, remoteEnd: number, emptyTimes: number): Answer {
  const leader = leaderOf(log)
  let left = emptyTimes
  return (asked, ...rest) =>
    asked.offset < remoteEnd && left-- > 0 ? { lastStableOffset: log.lastStableOffset } : leader(asked, ...rest)
}

const tenRecords: ModelLog = { batches: [plainBatch(0, 5), plainBatch(5, 5)], lastStableOffset: 10 }

suite('An answer without records', () => {
  test('is no gap while the records are in remote storage: the read goes on until they come', async () => {
    const { read, patient } = clusterOf({ brokers: { 1: slowly(tenRecords, 10, 3) }, localStart: () => 10 })
    const { offsets, nextOffset } = await read(0, 10)
    assert.deepEqual([offsets, nextOffset], [range(0, 10), 10])
    assert.ok(patient(1).requests.every(({ waitMs }) => waitMs === 5000))
  })

  test('until the deadline is told as such, and the reader stays where it is', async () => {
    const { read } = clusterOf({ brokers: { 1: slowly(tenRecords, 10, EMPTY_UNTIL) }, localStart: () => 10 })
    const { offsets, nextOffset, end } = await read(3, 10, within(200))
    assert.deepEqual([offsets, nextOffset, end], [[], 3, 'remote'])
  })

  test('behind the first records ends the page at its deadline in front of those that did not come', async () => {
    const leader = leaderOf(tenRecords)
    const { read } = clusterOf({
      brokers: {
        1: (asked, ...rest) =>
          asked.offset < 5 ? { ...leader(asked, ...rest), records: tenRecords.batches[0] } : { lastStableOffset: 10 }
      },
      localStart: () => 10
    })
    const { offsets, nextOffset, end } = await read(0, 10, within(200))
    assert.deepEqual([offsets, nextOffset, end], [range(0, 5), 5, 'remote'])
  })

  test('once is no gap on the leader either: what comes with the second answer is read', async () => {
    const { read } = clusterOf({ brokers: { 1: slowly(tenRecords, 10, 1) } })
    assert.deepEqual((await read(0, 10)).offsets, range(0, 10))
  })

  test('from two leaders is no gap: the second may know more than the first', async () => {
    const empty: Answer = () => ({ lastStableOffset: 10 })
    const { read, patient } = clusterOf({
      brokers: { 1: empty, 2: slowly(tenRecords, 10, 1) },
      // The second question about the topic is that of the second look.
      topics: [topicLedBy([1]), topicLedBy([2])],
      localStart: () => 0,
      movesAtLocalStart: true
    })
    assert.deepEqual((await read(0, 10)).offsets, range(0, 10))
    assert.equal(patient(2).requests.length, 2)
  })

  test('is a gap only as far as both answers saw', async () => {
    let looks = 0
    const { read } = clusterOf({
      brokers: {
        1: ({ offset }, ...rest) => {
          if (offset >= 40)
            return leaderOf({ batches: [plainBatch(40, 2)], lastStableOffset: 42 })(asked(offset), ...rest)
          return { lastStableOffset: ++looks === 1 ? 40 : 42 }
        }
      }
    })
    const { offsets, nextOffset } = await read(5, 10)
    assert.deepEqual([offsets, nextOffset], [[40, 41], 42])
  })

  test('that names another replica to read from is no gap: the leader is asked to answer itself', async () => {
    const leader = leaderOf(tenRecords)
    const { read, channel } = clusterOf({
      brokers: {
        1: (request, first, version, isolation) =>
          version >= 11 ? { lastStableOffset: 10, preferredReadReplica: 2 } : leader(request, first, version, isolation)
      }
    })
    assert.deepEqual((await read(0, 10)).offsets, range(0, 10))
    assert.deepEqual(
      channel(1).requests.map(({ version }) => version),
      [17, 10]
    )
  })

  test('is no gap while no leader says where its own part of the log begins', async () => {
    let asks = 0
    const { read } = clusterOf({
      brokers: { 1: slowly(tenRecords, 10, 2) },
      localStart: () => (++asks === 1 ? null : 0)
    })
    assert.deepEqual((await read(0, 10)).offsets, range(0, 10))
  })

  test('costs a reader that follows NextOffset no record, whatever is slow, gone or in a transaction', async () => {
    const piece = fc.record({
      kind: fc.constantFrom('batch', 'aborted', 'gap'),
      size: fc.integer({ min: 1, max: 6 })
    })
    await fc.assert(
      fc.asyncProperty(
        fc.array(piece, { minLength: 1, maxLength: 8 }),
        fc.nat(40),
        fc.array(fc.boolean(), { maxLength: 6 }),
        fc.integer({ min: 1, max: 7 }),
        async (pieces, localStart, empties, count) => {
          const { log, readable } = logOf(pieces)
          const leader = leaderOf(log)
          const plan = [...empties]
          const { read } = clusterOf({
            brokers: {
              1: (request, ...rest) =>
                request.offset < localStart && plan.shift() === true
                  ? { lastStableOffset: log.lastStableOffset }
                  : leader(request, ...rest)
            },
            localStart: () => Math.min(localStart, log.lastStableOffset)
          })
          const seen: number[] = []
          for (let offset = 0; offset < log.lastStableOffset;) {
            const { offsets, nextOffset } = await read(offset, count)
            seen.push(...offsets)
            assert.ok(nextOffset > offset)
            offset = nextOffset
          }
          assert.deepEqual(seen, readable)
        }
      ),
      { numRuns: 40 }
    )
  })
})

function asked(offset: number) {
  return { topic: '', partition: 0, leaderEpoch: 4, offset, maxBytes: 65_536 }
}

interface Piece {
  readonly kind: string
  readonly size: number
}

/** A log of such pieces, with a record at its end that can be read: a gap up to the end needs a leader without a remote part. */
function logOf(pieces: readonly Piece[]) {
  const batches: Buffer[] = []
  const aborted: { producerId: bigint; firstOffset: number }[] = []
  const readable: number[] = []
  let end = 0
  for (const { kind, size } of [...pieces, { kind: 'batch', size: 1 }]) {
    if (kind === 'batch') {
      batches.push(plainBatch(end, size))
      readable.push(...range(end, end + size))
    } else if (kind === 'aborted') {
      batches.push(plainBatch(end, size, { producerId: 7n, transactional: true }), markerOf(end + size, 7n, 'abort'))
      aborted.push({ producerId: 7n, firstOffset: end })
      end++
    }
    end += size
  }
  return { log: { batches, aborted, lastStableOffset: end }, readable }
}
