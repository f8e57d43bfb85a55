import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import * as fc from 'fast-check'
import { Deadline } from '../../../src/core/deadline.ts'
import type { Place } from '../../../src/kafka/fetch/place.ts'
import type { PageEnd, ReadManyOptions } from '../../../src/kafka/fetch/read-request.ts'
import type { Reads } from '../../../src/kafka/fetch/reads.ts'
import { holding as recordsHolding } from '../../../src/kafka/records/record-filter.ts'
import { batchOf, plainBatch, recordsOf } from '../records/stored.ts'
import { clusterOf, range } from './cluster-of.ts'
import { leaderOf, topicLedBy, type Answer, type ModelLog } from './model-cluster.ts'

const PARTITIONS = 4

const at = (partition: number, offset = 0, more: Partial<Place> = {}): Place => ({
  topic: 'orders',
  partition,
  offset,
  ...more
})

const log = (batches: readonly Buffer[], lastStableOffset: number): ModelLog => ({ batches, lastStableOffset })

/** A broker that leads partitions with these logs. */
function holding(logs: readonly ModelLog[]): Answer {
  return (asked, first, version, isolation) => leaderOf(logs[asked.partition])(asked, first, version, isolation)
}

interface Read extends Partial<PageEnd> {
  readonly partition: number
  readonly offsets: readonly number[]
  readonly nextOffset: number
}

async function readMany(reads: Reads, places: readonly Place[], more: Partial<ReadManyOptions> = {}): Promise<Read[]> {
  const found: Read[] = []
  const limits = { records: 1000, bytes: 6_000_000 }
  await reads.readMany(
    places,
    { isolation: 'committed', limits, deadline: Deadline.after(5000), ...more },
    (page, end) =>
      found.push({
        partition: page.partition,
        offsets: recordsOf(page).map(({ offset }) => offset),
        nextOffset: page.nextOffset,
        ...end
      })
  )
  return found
}

const shown = (found: readonly Read[]) => found.map(({ offsets, nextOffset, end }) => [offsets.length, nextOffset, end])
const records = (found: readonly Read[]) => found.reduce((sum, { offsets }) => sum + offsets.length, 0)

suite('A page from many places', () => {
  const plain = range(0, PARTITIONS).map(() => log([plainBatch(0, 10), plainBatch(10, 10)], 20))
  const started = (logs: readonly ModelLog[] = plain, cacheBytes = 1_000_000) =>
    clusterOf({ brokers: { 1: holding(logs) }, topics: [topicLedBy([1, 1, 1, 1])], cacheBytes })

  test('takes everything, in the order of the places, and asks a broker for all of them at once', async () => {
    const { reads, channel } = started()
    const found = await readMany(reads, [at(2), at(0, 5), at(1, 20)])
    assert.deepEqual(
      found.map(({ partition, offsets, end }) => [partition, offsets, end]),
      [
        [2, range(0, 20), 'log'],
        [0, range(5, 20), 'log'],
        [1, [], 'log']
      ]
    )
    assert.equal(channel(1).requests.length, 1)
  })

  test('fills its limits exactly, goes on where it ended, and starves none, whatever is stored where', async () => {
    const sizes = fc.array(fc.array(fc.integer({ min: 0, max: 3000 }), { maxLength: 30 }), {
      minLength: PARTITIONS,
      maxLength: PARTITIONS
    })
    await fc.assert(
      fc.asyncProperty(
        sizes,
        fc.integer({ min: 1, max: 12 }),
        fc.integer({ min: 1, max: 8000 }),
        async (all, most, bytes) => {
          const { reads } = started(all.map(values => log(batchesOf(values), values.length)))
          let places = range(0, PARTITIONS).map(partition => at(partition))
          const seen = all.map((): number[] => [])
          for (let left = all.flat().length; left > 0;) {
            const found = await readMany(reads, places, { limits: { records: most, bytes } })
            const payload = found.flatMap(each => each.offsets.map(offset => all[each.partition][offset]))
            const total = payload.reduce((sum, size) => sum + size, 0)
            assert.ok(payload.length > 0 && payload.length <= most && (total <= bytes || payload.length === 1))
            for (const each of found) seen[each.partition].push(...each.offsets)
            places = found.map(each => at(each.partition, each.nextOffset))
            left -= payload.length
          }
          assert.deepEqual(
            seen,
            all.map(values => range(0, values.length))
          )
        }
      ),
      { numRuns: 60 }
    )
  })

  test('of few records serves every partition in time', async () => {
    const { reads } = started()
    const served = new Set<number>()
    for (let round = 0; round < 200 && served.size < PARTITIONS; round++)
      for (const { partition, offsets } of await readMany(
        reads,
        range(0, PARTITIONS).map(each => at(each)),
        {
          limits: { records: 1, bytes: 1e6 }
        }
      ))
        if (offsets.length > 0) served.add(partition)
    assert.equal(served.size, PARTITIONS)
  })

  test('stops before the offset that a place names, within a batch too', async () => {
    const { reads, channel } = started()
    const found = await readMany(reads, [
      at(0, 3, { until: 7 }),
      at(1, 0, { until: 20 }),
      at(2, 5, { until: 5 }),
      at(3, 0, { until: 99 })
    ])
    assert.deepEqual(shown(found), [
      [4, 7, 'until'],
      [20, 20, 'until'],
      [0, 5, 'until'],
      [20, 20, 'log']
    ])
    const kept = await readMany(reads, [at(0, 3, { until: 7 })], { limits: { records: 2, bytes: 1e6 } })
    assert.deepEqual(shown(kept), [[2, 5, 'full']])
    assert.equal(channel(1).requests.length, 2)
  })

  test('counts only so much of a key or value as is used of it', async () => {
    const large = { key: Buffer.alloc(1000, 'k'), value: Buffer.alloc(100_000, 'v') }
    const batches = range(0, 20).map(baseOffset => batchOf({ baseOffset, records: [large] }))
    const { reads } = started([log(batches, 20), ...plain])
    const limits = { records: 100, bytes: 2000, keyBytes: 10, valueBytes: 90 }
    assert.deepEqual(shown(await readMany(reads, [at(0)], { limits })), [[20, 20, 'full']])
    assert.deepEqual(shown(await readMany(reads, [at(0)], { limits: { records: 100, bytes: 2000 } })), [[1, 1, 'full']])
  })

  test('tells how many records a filter has looked at', async () => {
    const { reads } = started()
    const filter = (chunk: Buffer, _key: number, _length: number, valueStart: number, valueLength: number) =>
      chunk.toString('latin1', valueStart, valueStart + valueLength) === 'v7'
    const [found] = await readMany(reads, [at(0)], { filter })
    assert.deepEqual([found.offsets, found.nextOffset, found.scanned], [[7], 20, 20])
  })

  test('goes without a partition in trouble as soon as others have something, and tells of it', async () => {
    const { reads } = clusterOf({
      brokers: { 1: holding(plain) },
      topics: [topicLedBy([1, -1, 1, 1])],
      bounds: { earliest: 5, lastStable: 20, logEnd: 20 }
    })
    const startedMs = performance.now()
    const found = await readMany(reads, [at(0), at(1), at(2, 99), at(7)])
    assert.ok(performance.now() - startedMs < 1000)
    assert.deepEqual(
      found.map(({ offsets, end, failure }) => [offsets.length, end, failure?.kind]),
      [
        [20, 'log', undefined],
        [0, 'failure', 'leaderless'],
        [0, 'failure', 'outOfRange'],
        [0, 'failure', 'unknownPartition']
      ]
    )
    const alone = await readMany(reads, [at(1)], { deadline: Deadline.after(200) })
    assert.deepEqual([alone[0].end, alone[0].failure?.kind], ['failure', 'leaderless'])
  })

  test('goes without a broker that is frozen, and leaves what that answers later alone', async () => {
    const { reads, channel } = clusterOf({
      brokers: { 1: holding(plain), 2: holding(plain) },
      topics: [topicLedBy([1, 2, 1, 1])]
    })
    channel(2).held = true
    const startedMs = performance.now()
    const found = await readMany(reads, [at(0), at(1)])
    assert.ok(performance.now() - startedMs < 2500)
    assert.deepEqual(shown(found), [
      [20, 20, 'log'],
      [0, 0, 'late']
    ])
    channel(2).requests[0].answer()
    channel(2).held = false
    await sleep(20)
    assert.deepEqual(shown(await readMany(reads, [at(1)])), [[20, 20, 'log']])
  })

  test('does not read the place of a topic that is another one by now', async () => {
    const { reads } = started()
    const [found] = await readMany(reads, [at(0, 0, { topicId: Buffer.alloc(16, 9) })])
    assert.deepEqual([found.offsets, found.failure?.kind, found.failure?.retriable], [[], 'topicRecreated', false])
  })

  test('at once takes what is kept, else asks Kafka', async () => {
    const { reads, channel } = started()
    await readMany(reads, [at(0)], { limits: { records: 3, bytes: 1e6 } })
    assert.equal(channel(1).requests.length, 1)
    const kept = await readMany(reads, [at(0, 3), at(1)], { atOnce: true })
    assert.deepEqual(
      kept.map(({ offsets, nextOffset }) => [offsets.length, nextOffset]),
      [
        [7, 10],
        [0, 0]
      ]
    )
    assert.equal(channel(1).requests.length, 1)
    assert.equal(records(await readMany(reads, [at(0, 10), at(1)], { atOnce: true })), 30)
  })

  test('at once searches what is kept, and asks Kafka only where that is nothing, also if nothing is found', async () => {
    const { reads, channel } = started()
    await readMany(reads, [at(0)], { limits: { records: 3, bytes: 1e6 } })
    const search = (text: string, place: Place) =>
      readMany(reads, [place, at(1)], { atOnce: true, filter: recordsHolding(Buffer.from(text)) })
    for (const [text, place, offsets, nextOffset, scanned, end] of [
      ['v8', at(0, 3), [8], 10, 7, 'log'],
      ['none', at(0, 4), [], 10, 6, 'log'],
      ['v', at(0, 3, { until: 6 }), [3, 4, 5], 6, 3, 'until']
    ] as const) {
      const [found, other] = await search(text, place)
      assert.deepEqual(
        [found.offsets, found.nextOffset, found.scanned, found.end],
        [offsets, nextOffset, scanned, end],
        text
      )
      assert.deepEqual([other.offsets, other.nextOffset], [[], 0])
    }
    assert.equal(channel(1).requests.length, 1)
    const [found] = await search('v15', at(0, 10))
    assert.deepEqual(found.offsets, [15])
  })
})

/** Batches of up to three records whose values have these sizes. */
function batchesOf(sizes: readonly number[]): Buffer[] {
  const batches: Buffer[] = []
  for (let baseOffset = 0; baseOffset < sizes.length; baseOffset += 3) {
    const values = sizes.slice(baseOffset, baseOffset + 3).map(size => ({ value: Buffer.alloc(size, 'x') }))
    batches.push(batchOf({ baseOffset, records: values }))
  }
  return batches
}
