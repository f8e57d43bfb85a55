import { type BatchHeader, OpenBatch } from '../records/open-batch.ts'
import { Slab } from './slab.ts'

/** For so long Kafka is not asked again: what was deleted meanwhile may be read for that time. */
const KEPT_MS = 1000
/** One batch may take one of them. */
const SLABS = 8
/** After so long without a new batch the memory is let go of. */
const IDLE_MS = 5000

/** Where a batch was read. Another topic under the same name and another leader's log may hold other records there. */
export interface BatchPlace {
  readonly topic: string
  readonly topicId: Buffer
  readonly partition: number
  readonly leaderEpoch: number
}

interface Entry {
  readonly place: BatchPlace
  readonly batch: OpenBatch
  readonly untilMs: number
  readonly slab: Slab<Entry>
}

/** The entries of one partition, by offset; none overlap. */
type Shelf = Entry[]

/**
 * Batches, decompressed and checked, of which a page took some records only: the next page of a reader in small steps lies in
 * the same batch, and Kafka hands out nothing less than a batch. Only committed batches outside of transactions belong here.
 *
 * They are copied, one behind the other, into a few large buffers that are used in turn. With a buffer of its own each batch
 * lived just long enough to become old: V8 collected the whole heap up to six times a second.
 */
export class BatchCache {
  readonly #slabBytes: number
  readonly #now: () => number
  readonly #shelves = new Map<string, Shelf>()
  /** The one that is being filled last. */
  #slabs: Slab<Entry>[] = []
  #lastKeptMs = 0
  #idleCheck: NodeJS.Timeout | undefined

  /** Keeps nothing with a limit of 0. */
  constructor(limitBytes: number, now: () => number = () => performance.now()) {
    this.#slabBytes = Math.floor(limitBytes / SLABS)
    this.#now = now
  }

  /** Memory that is held, filled or not. */
  get heldBytes(): number {
    return this.#slabs.length * this.#slabBytes
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
    lend(entry.slab.lend())
    return entry.batch
  }

  keep(place: BatchPlace, { header, bytes }: OpenBatch): void {
    if (bytes.length > this.#slabBytes) return
    const nowMs = this.#now()
    const name = nameOf(place)
    const shelf = this.#shelves.get(name) ?? []
    for (const before of overlapping(shelf, header)) {
      // Two readers of one batch; or what stood there before.
      if (before.untilMs > nowMs && isSame(before.place, place)) return
      this.#remove(before, name, shelf)
    }
    const slab = this.#slabFor(bytes.length, nowMs)
    const batch = new OpenBatch(header, slab.copyOf(bytes))
    const entry = { place, batch, untilMs: nowMs + KEPT_MS, slab }
    slab.entries.push(entry)
    // Not before: making room may have emptied the shelf.
    this.#shelves.set(name, shelf)
    shelf.splice(positionAfter(shelf, header.baseOffset), 0, entry)
    this.#lastKeptMs = nowMs
    this.#idleCheck ??= setInterval(() => this.#checkIdle(), IDLE_MS).unref()
  }

  /** With room for so many bytes: the last one, else one more or, where they are all there or out of date, the oldest. */
  #slabFor(bytes: number, nowMs: number): Slab<Entry> {
    const last = this.#slabs.at(-1)
    if (last?.hasRoomFor(bytes) === true) return last
    const oldest = this.#slabs.at(0)
    let memory: Buffer | undefined
    if (oldest !== undefined && (this.#slabs.length === SLABS || isOutdated(oldest, nowMs))) {
      this.#slabs.shift()
      memory = this.#clear(oldest)
    }
    const slab = new Slab<Entry>(memory ?? Buffer.allocUnsafeSlow(this.#slabBytes))
    this.#slabs.push(slab)
    return slab
  }

  /** Returns the memory, unless somebody reads in it: then it is left to the garbage collector. */
  #clear(slab: Slab<Entry>): Buffer | undefined {
    for (const entry of slab.entries) {
      const name = nameOf(entry.place)
      this.#remove(entry, name, this.#shelves.get(name) ?? [])
    }
    return slab.isRead ? undefined : slab.memory
  }

  /** Takes an entry off its shelf; does nothing where it is off already. */
  #remove(entry: Entry, name: string, shelf: Shelf): void {
    const at = positionAfter(shelf, entry.batch.header.baseOffset) - 1
    if (shelf[at] !== entry) return
    shelf.splice(at, 1)
    if (shelf.length === 0) this.#shelves.delete(name)
  }

  #checkIdle(): void {
    if (this.#now() - this.#lastKeptMs < IDLE_MS) return
    this.#shelves.clear()
    this.#slabs = []
    clearInterval(this.#idleCheck)
    this.#idleCheck = undefined
  }
}

function isOutdated({ entries }: Slab<Entry>, nowMs: number): boolean {
  return (entries.at(-1)?.untilMs ?? 0) <= nowMs
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
