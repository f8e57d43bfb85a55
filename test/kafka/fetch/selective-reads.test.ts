import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import * as fc from 'fast-check'
import { Deadline } from '../../../src/core/deadline.ts'
import { PAGE_STRIDE, PAGE_VALUE_LENGTH, type RecordPage } from '../../../src/core/record-page.ts'
import { holding } from '../../../src/kafka/records/record-filter.ts'
import { longestTurnMs } from '../../support/loop-watch.ts'
import { batchOf, recordsOf } from '../records/stored.ts'
import { clusterOf, range, stored } from './cluster-of.ts'
import { leaderOf, topicLedBy, type ModelLog } from './model-cluster.ts'

const MEGABYTE = 1024 * 1024
const BYTES = 6 * MEGABYTE
const compressions = ['none', 'gzip', 'snappy', 'lz4', 'zstd'] as const

/** Batches of records, every third of which holds `yes`; compaction has removed some offsets after each batch. */
const logs = fc
  .array(
    fc.record({
      sizes: fc.array(fc.integer({ min: 0, max: 40_000 }), { minLength: 1, maxLength: 40 }),
      compression: fc.constantFrom(...compressions),
      gap: fc.nat(3)
    }),
    { minLength: 1, maxLength: 4 }
  )
  .map(batches => {
    let end = 0
    const bytes = batches.map(({ sizes, compression, gap }) => {
      const baseOffset = end
      const records = sizes.map((size, at) => ({
        value: Buffer.from(`${(baseOffset + at) % 3 === 0 ? 'yes' : 'no'}${'x'.repeat(size)}`),
        headers: new Map([[Buffer.from('h'), Buffer.from(`${baseOffset + at}`)]])
      }))
      end += sizes.length + gap
      return batchOf({ baseOffset, records, compression, lastOffset: end - 1 })
    })
    return { batches: bytes, lastStableOffset: end }
  })

/** A log of so many batches, each of which is a megabyte that Kafka stores as a few kilobytes. */
function megabytes(count: number): ModelLog {
  const records = range(0, 2000).map(() => ({ value: Buffer.alloc(500, 'a') }))
  const batch = batchOf({ baseOffset: 0, records, compression: 'zstd' })
  const batches = range(0, count).map(at => {
    const copy = Buffer.from(batch)
    copy.writeBigInt64BE(BigInt(at * 2000))
    return copy
  })
  return { batches, lastStableOffset: count * 2000 }
}

suite('A read that uses only a part of what it looks at', () => {
  test('brings in pages of any scan what a read of everything brings, and tells how many records it has looked at', async () => {
    await fc.assert(
      fc.asyncProperty(
        logs,
        fc.integer({ min: 1, max: 2 * MEGABYTE }),
        fc.integer({ min: 1, max: 30 }),
        async (log, scanBytes, count) => {
          const { reads, request } = clusterOf({ brokers: { 1: leaderOf(log) }, cacheBytes: 32 * MEGABYTE })
          const whole = await reads.read(request(0, 1000, { limits: { records: 1000, bytes: 1e9 } }), shownOf)
          const expected = whole.filter(([, , value]) => String(value).startsWith('yes'))
          const found: ReturnType<typeof shownOf> = []
          let scanned = 0
          for (let offset = 0; offset < log.lastStableOffset;) {
            const limits = { records: count, bytes: 1e9, scanBytes }
            const asked = request(offset, count, { filter: holding(Buffer.from('yes')), limits })
            const page = await reads.read(asked, (each, end) => {
              found.push(...shownOf(each))
              return { nextOffset: each.nextOffset, ...end }
            })
            assert.ok(page.nextOffset > offset && page.scannedBytes <= scanBytes + 70_000)
            scanned += page.scanned
            offset = page.nextOffset
          }
          assert.deepEqual(found, expected)
          assert.equal(scanned, whole.length)
        }
      ),
      { numRuns: 15 }
    )
  })

  test('finds one record in thousands of a compacted log, whose batches are read in several turns', async () => {
    const records = range(0, 40_000).map(at => ({ value: Buffer.from(`${at}${'x'.repeat(100)}`) }))
    const batches = [batchOf({ baseOffset: 0, records, compression: 'zstd', lastOffset: 99_999 })]
    const { read } = stored({ batches, lastStableOffset: 100_000 })
    const found = await read(0, 10, { filter: holding(Buffer.from('39999x')) })
    assert.deepEqual([found.offsets, found.nextOffset, found.scanned, found.end], [[39_999], 100_000, 40_000, 'log'])
  })

  test('leaves the event loop to others all the time, and takes no more than it may look at', async () => {
    const { read } = stored(megabytes(60))
    const limits = { records: 100, bytes: BYTES, scanBytes: 32 * MEGABYTE }
    const reading = read(0, 100, { filter: holding(Buffer.from('aaaab')), limits })
    assert.ok((await longestTurnMs(reading)) < 100)
    const { end, scannedBytes, nextOffset } = await reading
    assert.equal(end, 'scanned')
    assert.ok(scannedBytes >= limits.scanBytes && scannedBytes < limits.scanBytes + 1000)
    assert.ok(nextOffset > 60_000 && nextOffset < 70_000)
  })

  test('leaves it to others while many search at the same time: each turn is one reader’s', async () => {
    const { read } = stored(megabytes(4))
    const searches = range(0, 40).map(() => read(0, 100, { filter: holding(Buffer.from('aaaab')) }))
    assert.ok((await longestTurnMs(Promise.all(searches))) < 100)
  })

  test('ends at its deadline with how far it came', async () => {
    const { read } = stored(megabytes(1000))
    const found = await read(0, 10, { filter: holding(Buffer.from('aaaab')), deadline: Deadline.after(500) })
    assert.equal(found.end, 'passed')
    assert.ok(found.nextOffset > 0 && found.nextOffset < 2_000_000)
  })

  test('keeps of a long value only what is used of it, and tells its length', async () => {
    const value = Buffer.alloc(900_000, 'v')
    const batches = range(0, 40).map(baseOffset =>
      batchOf({ baseOffset, records: [{ key: Buffer.from('key'), value }] })
    )
    const { reads, request } = stored({ batches, lastStableOffset: 40 })
    await reads.read(request(0, 100, { limits: { records: 100, bytes: BYTES, valueBytes: 5 } }), page => {
      assert.equal(page.count, 40)
      assert.equal(page.payloadBytes, 40 * 8)
      assert.equal(page.spans[PAGE_VALUE_LENGTH + 39 * PAGE_STRIDE], 900_000)
      assert.equal(
        page.chunks.reduce((sum, { length }) => sum + length, 0),
        40 * 8
      )
    })
  })

  test('shares what may be looked at among its partitions', async () => {
    const records = range(0, 100).map(() => ({ value: Buffer.alloc(1000, 'a') }))
    const log = { batches: range(0, 20).map(at => batchOf({ baseOffset: at * 100, records })), lastStableOffset: 2000 }
    const { reads } = clusterOf({ brokers: { 1: leaderOf(log) }, topics: [topicLedBy([1, 1, 1])] })
    const found: [number, string][] = []
    const limits = { records: 10, bytes: BYTES, scanBytes: 1_500_000 }
    const deadline = Deadline.after(5000)
    await reads.readMany(
      [0, 1, 2].map(partition => ({ topic: 'orders', partition, offset: 0 })),
      { isolation: 'committed', limits, deadline, filter: holding(Buffer.from('b')) },
      (page, { end }) => found.push([page.nextOffset, end])
    )
    for (const [nextOffset, end] of found) {
      assert.equal(end, 'scanned')
      assert.ok(nextOffset > 480 && nextOffset < 520, String(nextOffset))
    }
  })
})

/** Without what lies behind the headers: the rest of the chunk. */
function shownOf(page: RecordPage) {
  return recordsOf(page).map(({ offset, key, value, headers }) => [
    offset,
    key,
    value,
    headers?.toString('latin1', 0, 4)
  ])
}
