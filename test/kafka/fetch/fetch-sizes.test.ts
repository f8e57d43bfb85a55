import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import * as fc from 'fast-check'
import { FetchSizes } from '../../../src/kafka/fetch/fetch-sizes.ts'

const MEBIBYTE = 1024 * 1024
const NOTHING = { count: 0, payloadBytes: 0 }

suite('What a fetch asks for', () => {
  test('is a guess by the count, from 64 KiB to 2 MiB, until something was read', () => {
    const sizes = new FetchSizes()
    assert.deepEqual(
      [1, 1000, 100_000].map(count => sizes.bytesFor('orders', count)),
      [65_536, 1_024_000, 2 * MEBIBYTE]
    )
  })

  test('is then what so many records weigh, and the batches in which they begin and end', () => {
    const sizes = new FetchSizes()
    sizes.learn('orders', { bytes: 160_000, records: 1600, largestBatchBytes: 16_000 }, NOTHING)
    assert.equal(sizes.bytesFor('orders', 10), 1000 + 16_000)
    assert.equal(sizes.bytesFor('orders', 5000), 500_000 + 32_000)
    assert.equal(sizes.bytesFor('orders', 100_000), 2 * MEBIBYTE)
    assert.equal(sizes.bytesFor('bills', 1), 65_536)
  })

  test('is no more than the payload wanted, however many records may come', () => {
    const sizes = new FetchSizes()
    assert.deepEqual(
      [10_000, 500_000].map(payloadBytes => sizes.bytesFor('orders', 100_000, payloadBytes)),
      [65_536, 500_000]
    )
    // A tenth of it as stored.
    sizes.learn(
      'orders',
      { bytes: 160_000, records: 1600, largestBatchBytes: 16_000 },
      { count: 8, payloadBytes: 8000 }
    )
    assert.equal(sizes.bytesFor('orders', 100_000, 1_000_000), 1001 * 100 + 32_000)
    assert.equal(sizes.bytesFor('orders', 10, 1_000_000), 1000 + 16_000)
  })

  test('reaches to the end of the last record wanted, wherever they begin', () => {
    const sizesOfBatches = fc.tuple(fc.integer({ min: 1, max: 200 }), fc.integer({ min: 20, max: 2000 }))
    fc.assert(
      fc.property(sizesOfBatches, fc.nat(), fc.integer({ min: 1, max: 5000 }), ([records, bytes], start, count) => {
        const batchBytes = records * bytes
        fc.pre(count * bytes + 2 * batchBytes < 2 * MEBIBYTE && count * bytes > batchBytes / 4)
        const sizes = new FetchSizes()
        sizes.learn('orders', { bytes: batchBytes, records, largestBatchBytes: batchBytes }, NOTHING)
        const batchesWanted = Math.ceil(((start % records) + count) / records)
        assert.ok(sizes.bytesFor('orders', count) >= batchesWanted * batchBytes)
      })
    )
  })

  test('follows records that grow, and forgets an outlier', () => {
    const sizes = new FetchSizes()
    const small = { bytes: 1000, records: 10, largestBatchBytes: 1000 }
    sizes.learn('orders', small, NOTHING)
    sizes.learn('orders', { bytes: 100_000, records: 10, largestBatchBytes: 100_000 }, NOTHING)
    assert.ok(sizes.bytesFor('orders', 10) > 100_000)
    for (let read = 0; read < 100; read++) sizes.learn('orders', small, NOTHING)
    assert.ok(sizes.bytesFor('orders', 10) < 3100)
  })

  test('remembers ten thousand topics, and nothing of an empty answer', () => {
    const sizes = new FetchSizes()
    sizes.learn('empty', { bytes: 0, records: 0, largestBatchBytes: 0 }, NOTHING)
    assert.equal(sizes.bytesFor('empty', 1), 65_536)
    for (let topic = 0; topic <= 10_000; topic++)
      sizes.learn(`topic-${topic}`, { bytes: 100, records: 1, largestBatchBytes: 100 }, NOTHING)
    assert.equal(sizes.bytesFor('topic-0', 1), 65_536)
    assert.equal(sizes.bytesFor('topic-1', 1), 300)
  })
})
