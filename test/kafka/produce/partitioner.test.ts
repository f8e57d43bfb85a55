import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import fc from 'fast-check'
import { KEY_LENGTH, PARTITION, SPAN_STRIDE, type RecordTable } from '../../../src/core/record-table.ts'
import type { TopicMetadata } from '../../../src/kafka/metadata/topic-metadata.ts'
import { partitionRecords, StickyPartition } from '../../../src/kafka/produce/partitioner.ts'

function topicOf(partitionCount: number): TopicMetadata {
  const partitions = Array.from({ length: partitionCount }, (_, partition) => ({
    partition,
    leader: 1,
    leaderEpoch: 0,
    replicas: [1],
    isr: [1]
  }))
  return { name: 't', id: null, isInternal: false, partitions }
}

/** Records without a key that name these partitions; −1 names none. */
function tableOf(partitions: readonly number[]): RecordTable {
  const spans = new Int32Array(partitions.length * SPAN_STRIDE)
  for (const [row, partition] of partitions.entries()) {
    spans[row * SPAN_STRIDE + PARTITION] = partition
    spans[row * SPAN_STRIDE + KEY_LENGTH] = -1
  }
  return { bytes: Buffer.alloc(0), count: partitions.length, spans }
}

suite('The partitioner', () => {
  test('puts every record into the group of its partition, in the order of the request', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: -1, max: 9 }), { minLength: 1, maxLength: 50 }), wanted => {
        const { partitions, groups } = partitionRecords(tableOf(wanted), topicOf(10), new StickyPartition())
        for (const [row, partition] of wanted.entries()) if (partition >= 0) assert.equal(partitions[row], partition)
        const grouped = groups.map(({ partition, rows }) => [partition, Array.from(rows)] as const)
        const numbers = Array.from(partitions)
        assert.deepEqual(
          new Map(grouped),
          new Map(
            numbers.map(partition => [partition, numbers.flatMap((each, row) => (each === partition ? [row] : []))])
          )
        )
      })
    )
  })

  test('records without a key go to partitions with a leader, while one has one', () => {
    const led = (...leaders: number[]): TopicMetadata => {
      const partitions = leaders.map((leader, partition) => {
        return { partition, leader, leaderEpoch: 0, replicas: [1], isr: [1] }
      })
      return { ...topicOf(0), partitions }
    }
    const seen = (topic: TopicMetadata, sticky = new StickyPartition()) =>
      new Set(
        Array.from({ length: 200 }, () => {
          const partition = sticky.next(topic, 100)
          sticky.closed(partition)
          return partition
        })
      )
    assert.deepEqual(seen(led(1)), new Set([0]))
    assert.deepEqual(seen(led(-1, -1)), new Set([0]))
    assert.deepEqual(seen(led(-1, -1, 1)), new Set([2]))
    assert.deepEqual(seen(led(-1, 2, -1)), new Set([1]))
    assert.deepEqual(seen(led(1, -1, 3, -1)), new Set([0, 2]))
    const shrunk = new StickyPartition()
    seen(led(-1, -1, -1, 1), shrunk)
    assert.deepEqual(seen(led(1), shrunk), new Set([0]))
  })

  test('a topic without partitions is refused, and costs no later record its place', () => {
    assert.throws(
      () => partitionRecords(tableOf([-1, 0]), topicOf(0), new StickyPartition()),
      new RangeError('Topic t has no partitions')
    )
    const { groups } = partitionRecords(tableOf([0, 0]), topicOf(2), new StickyPartition())
    assert.deepEqual(
      groups.map(({ partition, rows }) => [partition, Array.from(rows)]),
      [[0, [0, 1]]]
    )
  })

  test('a table that cannot be read costs no later record its place', () => {
    const broken = tableOf([0, 1])
    Object.defineProperty(broken, 'bytes', { value: null })
    broken.spans[SPAN_STRIDE + PARTITION] = -1
    broken.spans[SPAN_STRIDE + KEY_LENGTH] = 3
    assert.throws(() => partitionRecords(broken, topicOf(2), new StickyPartition()), TypeError)
    const { groups } = partitionRecords(tableOf([0, 1]), topicOf(2), new StickyPartition())
    assert.equal(groups.length, 2)
  })
})
