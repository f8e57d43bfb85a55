import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { Deadline } from '../../src/core/deadline.ts'
import { noMeter } from '../../src/core/meter.ts'
import { anonymous, type Call } from '../../src/core/principal.ts'
import { SPAN_STRIDE, type RecordTable } from '../../src/core/record-table.ts'
import { Consume } from '../../src/gateway/consume.ts'
import { Produce } from '../../src/gateway/produce.ts'
import { Topics } from '../../src/gateway/topics.ts'
import { clusterOf } from '../kafka/fetch/cluster-of.ts'
import { leaderOf, topicLedBy } from '../kafka/fetch/model-cluster.ts'
import { batchOf, plainBatch } from '../kafka/records/stored.ts'

const notAsked = () => Promise.reject(new Error('not asked'))
const noOffsets = { offsetOf: notAsked, bounds: notAsked }
const call: Call = { principal: anonymous, deadline: Deadline.after(5000) }
const internal = { ...topicLedBy([1]), isInternal: true }

function metadataOf(topic = topicLedBy([1])) {
  return {
    peek: () => topic,
    topic: () => Promise.resolve(topic),
    refresh: () => Promise.resolve(topic)
  }
}

/** A log that is trimmed as soon as its first offset was told, so often. */
function trimmed(times: number) {
  const log = { batches: [plainBatch(0, 10), plainBatch(10, 10)], lastStableOffset: 20, startOffset: 0 }
  const bounds = { earliest: 0, lastStable: 20, logEnd: 20 }
  const { reads } = clusterOf({ brokers: { 1: (...asked) => leaderOf(log)(...asked) }, bounds })
  let trims = 0
  const offsetOf = (_topic: string, _partition: number, which: 'earliest' | 'latest') => {
    const told = which === 'earliest' ? log.startOffset : log.lastStableOffset
    if (trims++ < times) log.startOffset = bounds.earliest = told + 3
    return Promise.resolve(told)
  }
  return new Consume(metadataOf(), reads, { ...noOffsets, offsetOf }, noMeter)
}

const firstOffset = (consume: Consume, from: number | bigint | 'earliest') =>
  consume.execute(call, { topic: 'orders', partition: 0, from, count: 1 }, page => page.offsets[0])

suite('Reading', () => {
  test('from `earliest` begins where the log begins by then, though records are deleted meanwhile', async () => {
    assert.equal(await firstOffset(trimmed(1), 'earliest'), 3)
    assert.equal(await firstOffset(trimmed(3), 'earliest'), 9)
  })

  test('from a number that is deleted meanwhile is OFFSET_OUT_OF_RANGE', async () => {
    const consume = trimmed(1)
    await firstOffset(consume, 'earliest')
    await assert.rejects(firstOffset(consume, 0), { code: 'OFFSET_OUT_OF_RANGE' })
  })

  test('from beyond what any log reaches is OFFSET_OUT_OF_RANGE with both bounds, and no broker reads', async () => {
    const bounds = () => Promise.resolve({ earliest: 3, lastStable: 8, logEnd: 10 })
    const consume = new Consume(metadataOf(), { read: notAsked, starts: notAsked }, { ...noOffsets, bounds }, noMeter)
    await assert.rejects(firstOffset(consume, 2n ** 63n - 1n), {
      code: 'OFFSET_OUT_OF_RANGE',
      message: "Offset 9223372036854775807 is out of range: partition 0 of topic 'orders' begins at 3 and ends at 8.",
      members: { earliest_offset: 3, latest_offset: 8 }
    })
  })

  test('ends a page at 100 000 records', async () => {
    const records = Array.from({ length: 50_001 }, () => ({ value: Buffer.alloc(0) }))
    const batches = [batchOf({ baseOffset: 0, records }), batchOf({ baseOffset: 50_001, records })]
    const { reads } = clusterOf({ brokers: { 1: leaderOf({ batches, lastStableOffset: 100_002 }) } })
    const consume = new Consume(metadataOf(), reads, noOffsets, noMeter)
    const read = { topic: 'orders', partition: 0, from: 0, count: 2 ** 31 - 1 }
    const call: Call = { principal: anonymous, deadline: Deadline.after(60_000) }
    const ended = await consume.execute(call, read, ({ count, nextOffset }) => [count, nextOffset])
    assert.deepEqual(ended, [100_000, 100_000])
  })

  test('an empty page at the deadline is DEADLINE_EXCEEDED, and names where to go on', async () => {
    const { reads, channel } = clusterOf({ brokers: { 1: () => ({}) } })
    channel(1).held = true
    const consume = new Consume(metadataOf(), reads, noOffsets, noMeter)
    const hasty: Call = { principal: anonymous, deadline: Deadline.after(30) }
    await assert.rejects(
      consume.execute(hasty, { topic: 'orders', partition: 0, from: 7, count: 1 }, page => page),
      { code: 'DEADLINE_EXCEEDED', headers: { NextOffset: '7' } }
    )
  })

  test('a topic that Kafka flags as internal is INTERNAL_TOPIC, whatever its name', async () => {
    const consume = new Consume(metadataOf(internal), clusterOf({ brokers: {} }).reads, noOffsets, noMeter)
    await assert.rejects(firstOffset(consume, 0), { code: 'INTERNAL_TOPIC' })
  })
})

suite('Writing to, and deleting, a topic that Kafka flags as internal', () => {
  test('is INTERNAL_TOPIC, and the records are let go of', async () => {
    let released = 0
    const produce = new Produce(metadataOf(internal), { submit: notAsked }, { create: notAsked }, noMeter)
    const records: RecordTable = { bytes: Buffer.alloc(0), count: 1, spans: new Int32Array(SPAN_STRIDE) }
    await assert.rejects(
      produce.execute(call, 'orders', records, () => released++),
      { code: 'INTERNAL_TOPIC' }
    )
    assert.equal(released, 1)
    const metadata = { ...metadataOf(internal), everything: notAsked, cluster: notAsked }
    const topics = new Topics(
      metadata,
      { create: notAsked, delete: notAsked },
      { offsetsOf: notAsked },
      { of: notAsked }
    )
    await assert.rejects(topics.delete(call, 'orders'), { code: 'INTERNAL_TOPIC' })
  })
})
