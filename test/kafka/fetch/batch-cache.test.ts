import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { ByteBudget } from '../../../src/core/byte-budget.ts'
import { BatchCache } from '../../../src/kafka/fetch/batch-cache.ts'
import { OpenBatch } from '../../../src/kafka/records/open-batch.ts'
import { batchOf } from '../records/stored.ts'
import { TOPIC_ID } from './model-cluster.ts'

const place = { topic: 'orders', topicId: TOPIC_ID, partition: 0, leaderEpoch: 4 }
const ignore = () => undefined
const HEADER_BYTES = 61

function openBatch(baseOffset: number, records: number, valueBytes = 10): OpenBatch {
  const values = Array.from({ length: records }, (_, at) => ({
    value: Buffer.alloc(valueBytes, `${baseOffset + at} `)
  }))
  const header = {
    baseOffset,
    lastOffset: baseOffset + records - 1,
    recordCount: records,
    attributes: 0,
    baseTimestampMs: 0,
    maxTimestampMs: 0,
    producerId: -1n
  }
  return new OpenBatch(header, batchOf({ baseOffset, records: values }).subarray(HEADER_BYTES))
}

suite('A cache of batches', () => {
  test('finds the batch that holds an offset, where it was read, for a second', () => {
    let nowMs = 0
    const cache = new BatchCache(1_000_000, () => nowMs)
    for (const baseOffset of [20, 0, 10]) cache.keep(place, openBatch(baseOffset, 10))
    const baseOf = (offset: number, at = place) => cache.find(at, offset, ignore)?.header.baseOffset
    assert.deepEqual(
      [-1, 0, 9, 10, 29, 30].map(offset => baseOf(offset)),
      [undefined, 0, 0, 10, 20, undefined]
    )
    assert.equal(baseOf(5, { ...place, partition: 1 }), undefined)
    assert.equal(baseOf(5, { ...place, topic: 'bills' }), undefined)
    assert.equal(baseOf(5, { ...place, leaderEpoch: 5 }), undefined, "another leader's log")
    assert.equal(baseOf(5, { ...place, topicId: Buffer.alloc(16, 9) }), undefined, 'another topic of that name')
    nowMs = 999
    assert.equal(baseOf(5), 0)
    nowMs = 1000
    assert.equal(baseOf(5), undefined)
  })

  test('shares a budget with other caches: each keeps what is left of it, and gives it back', () => {
    const budget = new ByteBudget(openBatch(0, 10, 100).bytes.length * 2)
    const limitBytes = budget.limitBytes * 4
    const [one, other] = [0, 1].map(() => new BatchCache(limitBytes, () => 0, budget))
    const keep = (cache: BatchCache) => {
      cache.keep(place, openBatch(0, 10, 50))
      return cache.find(place, 5, ignore) !== undefined
    }
    assert.equal(keep(one), true)
    assert.equal(budget.usedBytes, one.heldBytes)
    while (budget.usedBytes + one.heldBytes <= budget.limitBytes) budget.add(one.heldBytes)
    const before = budget.usedBytes
    assert.equal(keep(other), false)
    assert.deepEqual([other.heldBytes, budget.usedBytes], [0, before])
    budget.release(before - one.heldBytes)
    one.clear()
    assert.deepEqual([one.heldBytes, budget.usedBytes], [0, 0])
    assert.equal(keep(other), true)
  })

  test('holds no more than its limit, drops what was read first, and keeps no batch that would fill it', () => {
    const one = openBatch(0, 10, 100)
    // Two to each of eight buffers, and some space that is too small for a third.
    const limitBytes = one.bytes.length * 20
    const cache = new BatchCache(limitBytes, () => 0)
    for (let batch = 0; batch < 25; batch++) cache.keep(place, openBatch(batch * 10, 10, 100))
    assert.equal(cache.heldBytes, limitBytes - (limitBytes % 8))
    const found = Array.from({ length: 25 }, (_, batch) => cache.find(place, batch * 10, ignore) !== undefined)
    assert.deepEqual(
      found,
      Array.from({ length: 25 }, (_, batch) => batch >= 10)
    )
    assert.deepEqual(cache.find(place, 249, ignore)?.bytes, openBatch(240, 10, 100).bytes)
    cache.keep(place, openBatch(1000, 10, 300))
    assert.equal(cache.find(place, 1000, ignore), undefined)
    for (const tooSmall of [0, 7]) {
      const none = new BatchCache(tooSmall)
      none.keep(place, one)
      assert.equal(none.find(place, 0, ignore), undefined)
    }
  })

  test('each answer of Kafka about the partition says that its batches still stand, for ten seconds in all', () => {
    let nowMs = 0
    const cache = new BatchCache(1_000_000, () => nowMs)
    cache.keep(place, openBatch(0, 10))
    for (nowMs = 900; nowMs < 9500; nowMs += 900) {
      cache.confirm({ ...place, partition: 1 }, 0)
      cache.confirm(place, 0)
    }
    assert.equal(cache.find(place, 5, ignore)?.header.baseOffset, 0)
    nowMs = 9800
    cache.keep(place, openBatch(10, 10))
    nowMs = 9999
    cache.confirm(place, 0)
    assert.equal(cache.find(place, 5, ignore)?.header.baseOffset, 0)
    nowMs = 10_000
    assert.equal(cache.find(place, 5, ignore), undefined)
    assert.equal(cache.find(place, 15, ignore)?.header.baseOffset, 10)
  })

  test('an answer after more than a second still says so; one about another log says nothing', () => {
    let nowMs = 0
    const cache = new BatchCache(1_000_000, () => nowMs)
    cache.keep(place, openBatch(0, 10))
    nowMs = 2000
    cache.confirm({ ...place, leaderEpoch: 5 }, 0)
    cache.confirm({ ...place, topicId: Buffer.alloc(16, 9) }, 0)
    assert.equal(cache.find(place, 5, ignore), undefined)
    cache.confirm(place, 0)
    assert.equal(cache.find(place, 5, ignore)?.header.baseOffset, 0)
  })

  test('without an answer that says so, what lay there for a second is not taken for new', () => {
    let nowMs = 0
    const cache = new BatchCache(1_000_000, () => nowMs)
    cache.keep(place, openBatch(0, 10))
    nowMs = 1000
    cache.keep(place, openBatch(10, 10))
    assert.equal(cache.find(place, 5, ignore), undefined)
    assert.equal(cache.find(place, 15, ignore)?.header.baseOffset, 10)
  })

  test('what Kafka has deleted is not found once an answer tells where the log begins now, whichever answer comes last', () => {
    const cache = new BatchCache(1_000_000, () => 0)
    cache.keep(place, openBatch(0, 10))
    cache.confirm(place, 4)
    cache.confirm(place, 2)
    assert.deepEqual(
      [2, 3, 4, 9].map(offset => cache.find(place, offset, ignore)?.header.baseOffset),
      [undefined, undefined, 0, 0]
    )
  })

  test('takes memory step by step, however large its limit', () => {
    const cache = new BatchCache(Number.MAX_SAFE_INTEGER, () => 0)
    cache.keep(place, openBatch(0, 10))
    assert.equal(cache.heldBytes, 8 * 1024 * 1024)
    assert.equal(cache.find(place, 5, ignore)?.header.baseOffset, 0)
  })

  test('what a new leader holds takes the place of what stood there before', () => {
    const cache = new BatchCache(1_000_000, () => 0)
    cache.keep(place, openBatch(0, 10))
    cache.keep(place, openBatch(10, 10))
    const anew = { ...place, leaderEpoch: 5 }
    cache.keep(anew, openBatch(5, 10))
    assert.equal(cache.find(place, 0, ignore), undefined)
    assert.equal(cache.find(place, 19, ignore), undefined)
    assert.equal(cache.find(anew, 7, ignore)?.header.baseOffset, 5)
  })

  test('memory is used again when what lies in it is out of date, but not while somebody reads it', () => {
    for (const returned of [false, true]) {
      let nowMs = 0
      const cache = new BatchCache(8 * openBatch(0, 10, 3000).bytes.length, () => nowMs)
      cache.keep(place, openBatch(0, 10, 3000))
      let giveBack: () => void = ignore
      const held = cache.find(place, 0, back => (giveBack = back))
      if (returned) giveBack()
      nowMs = 1000
      for (let batch = 1; batch < 5; batch++) {
        nowMs += 1000
        cache.keep(place, openBatch(batch * 10, 10, 3000))
        assert.deepEqual(cache.find(place, batch * 10, ignore)?.bytes, openBatch(batch * 10, 10, 3000).bytes)
      }
      assert.ok(cache.heldBytes <= 24 * 3000 * 10, 'one buffer after the other, and not all eight')
      assert.equal(held?.bytes.equals(openBatch(0, 10, 3000).bytes), !returned)
    }
  })

  test('a batch that two readers met is held once', () => {
    const cache = new BatchCache(1_000_000, () => 0)
    for (let reader = 0; reader < 100; reader++) cache.keep(place, openBatch(0, 10, 3000))
    assert.equal(cache.heldBytes, 125_000)
    assert.equal(cache.find(place, 9, ignore)?.header.lastOffset, 9)
  })

  test('holds its memory while it is read, though nothing new is kept', context => {
    context.mock.timers.enable({ apis: ['setInterval'] })
    let nowMs = 0
    const cache = new BatchCache(1_000_000, () => nowMs)
    cache.keep(place, openBatch(0, 10))
    nowMs = 4500
    cache.confirm(place, 0)
    assert.equal(cache.find(place, 5, ignore)?.header.baseOffset, 0)
    nowMs = 5000
    context.mock.timers.tick(5000)
    assert.equal(cache.find(place, 5, ignore)?.header.baseOffset, 0)
    nowMs = 8000
    cache.confirm(place, 0)
    cache.keep(place, openBatch(0, 10))
    nowMs = 10_000
    context.mock.timers.tick(5000)
    assert.equal(cache.heldBytes, 125_000, 'met again, and there already')
  })

  test('lets go of its memory once nothing was kept for a while', context => {
    context.mock.timers.enable({ apis: ['setInterval'] })
    let nowMs = 0
    const cache = new BatchCache(1_000_000, () => nowMs)
    cache.keep(place, openBatch(0, 10))
    nowMs = 4999
    context.mock.timers.tick(5000)
    assert.equal(cache.heldBytes, 125_000)
    nowMs = 5000
    context.mock.timers.tick(5000)
    assert.equal(cache.heldBytes, 0)
    cache.keep(place, openBatch(20, 10))
    assert.equal(cache.find(place, 25, ignore)?.header.baseOffset, 20)
  })
})
