import { BufferPool } from '../../core/lib/buffer-pool.ts'
import { marksOf } from '../records/decode-records.ts'
import type { BatchHeader, OpenBatch } from '../records/open-batch.ts'
import { codecOf } from '../records/layout.ts'

/** For so long Kafka is not asked again: what was deleted meanwhile may be read for that time. */
const KEPT_MS = 1000
/** Part of the cache that one batch may take. */
const LARGEST_SHARE = 8

/** Where a batch was read. Another topic under the same name and another leader's log may hold other records there. */
export interface BatchPlace {
  readonly topic: string
  readonly topicId: Buffer
  readonly partition: number
  readonly leaderEpoch: number
}

interface Entry {
  readonly place: BatchPlace
  batch: OpenBatch
  readonly untilMs: number
  /** Pages that are being made of it. */
  readers: number
  /** Off its shelf: its memory is free once nobody reads it. */
  gone: boolean
}

const POOL_BYTES = 8 * 1024 * 1024
const pool = new BufferPool(POOL_BYTES)

/** The entries of one partition, by offset; none overlap. */
type Shelf = Entry[]

/**
 * Batches, decompressed and checked, of which a page took some records only: the next page of a reader in small steps lies in
 * the same batch, and Kafka hands out nothing less than a batch. Only committed batches outside of transactions belong here.
 */
export class BatchCache {
  readonly #limitBytes: number
  readonly #now: () => number
  readonly #shelves = new Map<string, Shelf>()
  /** Oldest first, from {@link #oldest} on. */
  #entries: Entry[] = []
  #oldest = 0
  #heldBytes = 0

  /** Keeps nothing with a limit of 0. */
  constructor(limitBytes: number, now: () => number = () => performance.now()) {
    this.#limitBytes = limitBytes
    this.#now = now
  }

  get heldBytes(): number {
    return this.#heldBytes
  }

  /**
   * The batch that holds the offset, or the gap in which it lies. It is the caller's until the function is called that
   * `lend` is handed.
   */
  find(place: BatchPlace, offset: number, lend: (giveBack: () => void) => void): OpenBatch | undefined {
    const shelf = this.#shelves.get(nameOf(place))
    if (shelf === undefined) return undefined
    const entry = shelf[positionAfter(shelf, offset) - 1]
    if (entry === undefined || offset > entry.batch.header.lastOffset) return undefined
    if (entry.untilMs <= this.#now() || !isSame(entry.place, place)) return undefined
    const { header, bytes, marks } = entry.batch
    // Not before somebody comes back: of large batches that are read at random most are dropped unread.
    if (marks === undefined) entry.batch = { header, bytes, marks: marksOf(header, bytes) }
    entry.readers++
    lend(() => {
      if (--entry.readers === 0 && entry.gone) pool.give(bytes)
    })
    return entry.batch
  }

  keep(place: BatchPlace, { header, bytes }: OpenBatch): void {
    if (bytes.length > this.#limitBytes / LARGEST_SHARE) return
    const nowMs = this.#now()
    const name = nameOf(place)
    for (const before of overlapping(this.#shelves.get(name) ?? [], header)) {
      // Two readers of one batch; or what stood there before.
      if (before.untilMs > nowMs && isSame(before.place, place)) return
      this.#take(before)
    }
    // What is not compressed lies in an answer whose memory will be used again.
    const own = codecOf(header.attributes) === 'none' ? copied(bytes) : bytes
    const entry = { place, batch: { header, bytes: own }, untilMs: nowMs + KEPT_MS, readers: 0, gone: false }
    const shelf = this.#shelves.get(name) ?? []
    this.#shelves.set(name, shelf)
    shelf.splice(positionAfter(shelf, header.baseOffset), 0, entry)
    this.#entries.push(entry)
    this.#heldBytes += own.length
    this.#makeRoom(nowMs)
  }

  #makeRoom(nowMs: number): void {
    while (this.#oldest < this.#entries.length) {
      const entry = this.#entries[this.#oldest]
      if (this.#heldBytes <= this.#limitBytes && entry.untilMs > nowMs) break
      this.#oldest++
      this.#take(entry)
    }
    if (this.#oldest * 2 < this.#entries.length) return
    this.#entries = this.#entries.slice(this.#oldest)
    this.#oldest = 0
  }

  /** Takes an entry off its shelf; does nothing where it is off already. */
  #take(entry: Entry): void {
    const name = nameOf(entry.place)
    const shelf = this.#shelves.get(name)
    if (shelf === undefined) return
    const at = positionAfter(shelf, entry.batch.header.baseOffset) - 1
    if (shelf[at] !== entry) return
    shelf.splice(at, 1)
    this.#heldBytes -= entry.batch.bytes.length
    entry.gone = true
    if (entry.readers === 0) pool.give(entry.batch.bytes)
    if (shelf.length === 0) this.#shelves.delete(name)
  }
}

function copied(bytes: Buffer): Buffer {
  const copy = pool.take(bytes.length).subarray(0, bytes.length)
  copy.set(bytes)
  return copy
}

function nameOf({ topic, partition }: BatchPlace): string {
  return `${topic}/${partition}`
}

function isSame(one: BatchPlace, other: BatchPlace): boolean {
  return one.leaderEpoch === other.leaderEpoch && one.topicId.equals(other.topicId)
}

function overlapping(shelf: Shelf, { baseOffset, lastOffset }: BatchHeader): Shelf {
  const end = positionAfter(shelf, lastOffset)
  let start = end
  while (start > 0 && shelf[start - 1].batch.header.lastOffset >= baseOffset) start--
  return shelf.slice(start, end)
}

/** Behind the last entry that begins at the offset or before it. */
function positionAfter(shelf: Shelf, offset: number): number {
  let low = 0
  let high = shelf.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if (shelf[middle].batch.header.baseOffset <= offset) low = middle + 1
    else high = middle
  }
  return low
}
