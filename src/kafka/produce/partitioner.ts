import { KEY_LENGTH, KEY_START, PARTITION, SPAN_STRIDE, type RecordTable } from '../../core/record-table.ts'
import type { TopicMetadata } from '../metadata/topic-metadata.ts'
import { recordBytes } from '../records/encode-batch.ts'
import { partitionForKey } from '../records/murmur2.ts'

/** Records of one request that go to one partition, in the order of the request. */
export interface PartitionRows {
  readonly partition: number
  readonly rows: Int32Array
  /** Upper bound of their encoded size. */
  readonly bytes: number
}

export interface Partitioning {
  /** By record number. */
  readonly partitions: Int32Array
  readonly groups: readonly PartitionRows[]
}

/** `batch.size` of Apache's client, which moves on at it. */
const STICKY_BYTES = 16_384

/**
 * The keyless records of a topic all go to one partition until a batch is closed, then to another (KIP-480): at 16 KiB at
 * the latest, so that slow writers fill all partitions too.
 */
export class StickyPartition {
  #current = -1
  #bytes = 0

  /** Prefers partitions that have a leader. */
  next(topic: TopicMetadata, recordBytes: number): number {
    const partition = topic.partitions[this.#current]
    if (
      partition === undefined ||
      partition.leader < 0 ||
      (this.#bytes > 0 && this.#bytes + recordBytes > STICKY_BYTES)
    )
      this.#move(topic)
    this.#bytes += recordBytes
    return this.#current
  }

  /** Call when a batch of this partition is closed: the next records go to another partition. */
  closed(partition: number): void {
    if (partition === this.#current && this.#bytes > 0) this.#bytes = STICKY_BYTES
  }

  /** Moves to a random other partition with a leader, or the next after it that has one. */
  #move({ partitions }: TopicMetadata): void {
    if (this.#current >= partitions.length) this.#current = -1
    const others = this.#current < 0 ? partitions.length : partitions.length - 1
    const start = this.#current + 1 + Math.floor(Math.random() * others)
    for (let step = 0; step < others; step++) {
      const next = (start + step) % partitions.length
      if (next === this.#current || partitions[next].leader < 0) continue
      this.#current = next
      break
    }
    this.#current = Math.max(this.#current, 0)
    this.#bytes = 0
  }
}

/** 0, 1, 2, …: shared by all requests whose records go to one partition. */
let ascending = Int32Array.from({ length: 1024 }, (_, index) => index)

function firstRows(count: number): Int32Array {
  if (count > ascending.length) ascending = Int32Array.from({ length: count * 2 }, (_, index) => index)
  return ascending.subarray(0, count)
}

/** Counters by partition, all zero between calls: the work depends on the partitions of a request, not on those of the topic. */
let recordsIn = new Int32Array(64)
let bytesIn = new Float64Array(64)

function ensureCounters(partitionCount: number): void {
  if (partitionCount <= recordsIn.length) return
  recordsIn = new Int32Array(partitionCount * 2)
  bytesIn = new Float64Array(partitionCount * 2)
}

/**
 * Chooses a partition for every record: its own, else the one Kafka's Java client would choose for its key, else the
 * sticky one. `topic` must have partitions, and those that records name.
 */
export function partitionRecords(table: RecordTable, topic: TopicMetadata, sticky: StickyPartition): Partitioning {
  const { count, spans, bytes } = table
  const partitionCount = topic.partitions.length
  if (partitionCount === 0) throw new RangeError(`Topic ${topic.name} has no partitions`)
  ensureCounters(partitionCount)
  const partitions = new Int32Array(count)
  const touched: number[] = []
  try {
    for (let row = 0, at = 0; row < count; row++, at += SPAN_STRIDE) {
      const size = recordBytes(table, row)
      let partition = spans[at + PARTITION]
      if (partition < 0) {
        const keyLength = spans[at + KEY_LENGTH]
        partition =
          keyLength < 0
            ? sticky.next(topic, size)
            : partitionForKey(bytes, spans[at + KEY_START], keyLength, partitionCount)
      }
      partitions[row] = partition
      if (recordsIn[partition]++ === 0) touched.push(partition)
      bytesIn[partition] += size
    }
    return { partitions, groups: groupRows(partitions, touched) }
  } finally {
    for (const partition of touched) recordsIn[partition] = bytesIn[partition] = 0
  }
}

/** A counting sort over the partitions touched: one array for all groups. */
function groupRows(partitions: Int32Array, touched: readonly number[]): PartitionRows[] {
  const count = partitions.length
  if (touched.length === 1) {
    const [partition] = touched
    return [{ partition, rows: firstRows(count), bytes: bytesIn[partition] }]
  }
  const rows = new Int32Array(count)
  const groups: PartitionRows[] = []
  let start = 0
  for (const partition of touched) {
    const size = recordsIn[partition]
    groups.push({ partition, rows: rows.subarray(start, start + size), bytes: bytesIn[partition] })
    recordsIn[partition] = start
    start += size
  }
  for (let row = 0; row < count; row++) rows[recordsIn[partitions[row]]++] = row
  return groups
}
