import assert from 'node:assert/strict'
import { test } from 'node:test'
import { PAGE_STRIDE } from '../../../src/core/record-page.ts'
import { PageBuilder } from '../../../src/kafka/records/page-builder.ts'

test('a page grows with its records and keeps every one of them', () => {
  const page = new PageBuilder(3, 0, { records: 100_000, bytes: 1e9 })
  const chunk = page.addChunk(Buffer.alloc(10))
  for (let offset = 0; offset < 5000; offset++)
    page.add(chunk, offset, offset * 2, offset % 2 === 0, 1, 2, 3, 4, 5, offset % 3)
  const { partition, count, spans, offsets, timestamps, logAppendTime, payloadBytes, nextOffset } = page.build()
  assert.deepEqual([partition, count, payloadBytes, nextOffset], [3, 5000, 30_000, 5000])
  for (const row of [0, 63, 64, 4999]) {
    assert.deepEqual(
      [...spans.subarray(row * PAGE_STRIDE, (row + 1) * PAGE_STRIDE)],
      [0, 1, 2, 3, 4, row % 3 === 0 ? -1 : 5]
    )
    assert.deepEqual([offsets[row], timestamps[row], logAppendTime[row]], [row, row * 2, row % 2 === 0 ? 1 : 0])
  }
})

test('room is reserved for no more than the page may hold', () => {
  const page = new PageBuilder(0, 0, { records: 10, bytes: 1e9 })
  page.reserve(2 ** 31)
  assert.ok(page.build().offsets.length < 1000)
})

test('null keys and values count nothing', () => {
  const page = new PageBuilder(0, 0, { records: 10, bytes: 5 })
  page.add(0, 0, 0, false, 0, -1, 0, -1, 0, 0)
  assert.deepEqual([page.payloadBytes, page.full, page.admits(-1, 5), page.admits(-1, 6)], [0, false, true, false])
  assert.equal(page.full, true)
})

test('a chunk that was just added is not added again', () => {
  const page = new PageBuilder(0, 0, { records: 10, bytes: 5 })
  const [one, other] = [Buffer.alloc(1), Buffer.alloc(1)]
  assert.deepEqual(
    [one, one, other, other].map(chunk => page.addChunk(chunk)),
    [0, 0, 1, 1]
  )
})
