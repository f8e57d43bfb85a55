import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import * as fc from 'fast-check'
import { BatchCache } from '../../../src/kafka/fetch/batch-cache.ts'
import { marksOf, readRecords } from '../../../src/kafka/records/decode-records.ts'
import type { OpenBatch } from '../../../src/kafka/records/open-batch.ts'
import { PageBuilder } from '../../../src/kafka/records/page-builder.ts'
import { batchOf, recordsOf } from '../records/stored.ts'
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
  return { header, bytes: batchOf({ baseOffset, records: values }).subarray(HEADER_BYTES) }
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

  test('holds no more than its limit, drops what was read first, and keeps no batch that would fill it', () => {
    const one = openBatch(0, 10, 100)
    const cache = new BatchCache(one.bytes.length * 10, () => 0)
    for (let batch = 0; batch < 15; batch++) cache.keep(place, openBatch(batch * 10, 10, 100))
    assert.ok(cache.heldBytes <= one.bytes.length * 10)
    assert.equal(cache.find(place, 0, ignore), undefined)
    assert.equal(cache.find(place, 149, ignore)?.header.baseOffset, 140)
    const before = cache.heldBytes
    cache.keep(place, openBatch(1000, 10, 1000))
    assert.equal(cache.heldBytes, before)
    const none = new BatchCache(0)
    none.keep(place, one)
    assert.equal(none.heldBytes, 0)
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
    assert.equal(cache.heldBytes, openBatch(5, 10).bytes.length)
  })

  test('memory is used again only when the batch is gone and nobody reads it', () => {
    let nowMs = 0
    const cache = new BatchCache(1_000_000, () => nowMs)
    cache.keep(place, openBatch(0, 10, 3000))
    let giveBack: () => void = ignore
    const held = cache.find(place, 0, back => (giveBack = back))
    const text = held?.bytes.toString('latin1')
    for (let batch = 1; batch < 60; batch++) {
      nowMs += 500
      cache.keep(place, openBatch(batch * 10, 10, 3000))
    }
    assert.equal(held?.bytes.toString('latin1'), text)
    giveBack()
  })

  test('a batch with marks is read from any offset as it is without them', () => {
    const from = fc.record({
      records: fc.integer({ min: 1, max: 200 }),
      skip: fc.nat(199),
      count: fc.integer({ min: 1, max: 250 })
    })
    fc.assert(
      fc.property(from, ({ records, skip, count }) => {
        const batch = openBatch(1000, records)
        const read = (opened: OpenBatch) => {
          const page = new PageBuilder(0, 1000 + (skip % records), { count, bytes: 1e9 })
          const whole = readRecords(opened, page)
          return { whole, records: recordsOf(page.build()), full: page.full }
        }
        const marks = marksOf(batch.header, batch.bytes)
        assert.equal(marks?.length, Math.ceil(records / 32))
        assert.deepEqual(read({ ...batch, marks }), read(batch))
      })
    )
  })

  test('a batch with gaps between its offsets has no marks', () => {
    const { header, bytes } = openBatch(0, 10)
    assert.equal(marksOf({ ...header, lastOffset: 12 }, bytes), undefined)
  })
})
