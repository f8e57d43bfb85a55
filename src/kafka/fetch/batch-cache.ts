import type { ByteBudget } from '../../core/byte-budget.ts'
import { type BatchHeader, OpenBatch } from '../records/open-batch.ts'
import { Slab } from './slab.ts'

/** How long an answer about a partition is trusted. Records that Kafka deletes meanwhile can be read for that time. */
const TRUSTED_MS = 1000
/** How long a batch is kept: Kafka does not tell when compaction removes records from it. */
const KEPT_MS = 10_000
/** A batch may fill a slab; the others stay for other readers. */
const FEWEST_SLABS = 8
const LARGEST_SLAB_BYTES = 8 * 1024 * 1024
/** The memory is released when nobody has used the cache for so long. */
const IDLE_MS = 5000

/** The log that a batch was read from. Another topic of that name, or another leader's log, may hold other records there. */
export interface LogIdentity {
  readonly topic: string
  readonly topicId: Buffer
  readonly partition: number
  readonly leaderEpoch: number
}

interface Entry {
  readonly shelf: Shelf
  readonly batch: OpenBatch
  readonly untilMs: number
  readonly slab: Slab<Entry>
}

/** The kept batches of one partition. */
interface Shelf {
  readonly log: LogIdentity
  /** By offset; none overlap. */
  readonly entries: Entry[]
  /** Where the log begins. */
  startOffset: number
  trustedUntilMs: number
}

/**
 * Keeps batches, decompressed and checked: those of which a page took only some records, because a reader in small steps
 * finds its next page in the same batch, and those that a long poll has brought. Keep only batches that are committed.
 *
 * Records do not change while the topic has the same id and its partition the same leader epoch (KIP-320, KIP-516). So
 * each answer to a Fetch that names both confirms all batches of the partition from the start of the log on.
 *
 * Batches are copied one after the other into a few large buffers, which are used in turn. With a buffer each, batches
 * lived just long enough to become old: V8 collected the whole heap up to six times a second.
 */
export class BatchCache {
  readonly #slabBytes: number
  readonly #mostSlabs: number
  readonly #now: () => number
  readonly #budget: ByteBudget | undefined
  readonly #shelves = new Map<string, Shelf>()
  /** The last one is being filled. */
  #slabs: Slab<Entry>[] = []
  #lastUsedMs = 0
  #idleCheck: NodeJS.Timeout | undefined

  /** Keeps nothing with a limit of 0. Shares `budget`, if there is one, with other caches. */
  constructor(limitBytes: number, now: () => number = () => performance.now(), budget?: ByteBudget) {
    this.#slabBytes = Math.min(Math.floor(limitBytes / FEWEST_SLABS), LARGEST_SLAB_BYTES)
    this.#mostSlabs = Math.floor(limitBytes / this.#slabBytes)
    this.#now = now
    this.#budget = budget
  }

  /** Memory that the slabs take, filled or not. */
  get heldBytes(): number {
    return this.#slabs.length * this.#slabBytes
  }

  /**
   * Returns the batch that holds the offset, or whose gap does. `lend` is handed a function: the batch stays as it is
   * until the caller calls that.
   */
  find(log: LogIdentity, offset: number, lend: (giveBack: () => void) => void): OpenBatch | undefined {
    const shelf = this.#shelves.get(nameOf(log))
    if (shelf === undefined) return undefined
    const nowMs = this.#now()
    if (shelf.trustedUntilMs <= nowMs || offset < shelf.startOffset || !isSame(shelf.log, log)) return undefined
    const entry = shelf.entries[positionAfter(shelf.entries, offset) - 1]
    if (entry === undefined || offset > entry.batch.header.lastOffset || entry.untilMs <= nowMs) return undefined
    this.#lastUsedMs = nowMs
    lend(entry.slab.lend())
    return entry.batch
  }

  /** Call when the leader has answered a Fetch that named id and epoch: its log still holds the batches from there on. */
  confirm(log: LogIdentity, startOffset: number): void {
    const shelf = this.#shelves.get(nameOf(log))
    if (shelf === undefined || !isSame(shelf.log, log)) return
    shelf.trustedUntilMs = this.#now() + TRUSTED_MS
    // Answers on two connections may overtake one another.
    shelf.startOffset = Math.max(shelf.startOffset, startOffset)
  }

  /** Keeps a copy of a batch that Kafka has just returned. */
  keep(log: LogIdentity, { header, bytes }: OpenBatch): void {
    if (bytes.length > this.#slabBytes) return
    const nowMs = this.#now()
    this.#lastUsedMs = nowMs
    const shelf = this.#shelfOf(log, nowMs)
    for (const before of overlapping(shelf.entries, header)) {
      // Two readers of one batch.
      if (before.untilMs > nowMs) return
      remove(before)
    }
    const slab = this.#slabFor(bytes.length, nowMs)
    if (slab === undefined) return
    const batch = new OpenBatch(header, slab.copyOf(bytes))
    const entry = { shelf, batch, untilMs: nowMs + KEPT_MS, slab }
    slab.entries.push(entry)
    shelf.entries.splice(positionAfter(shelf.entries, header.baseOffset), 0, entry)
    this.#idleCheck ??= setInterval(() => this.#checkIdle(), IDLE_MS).unref()
  }

  /** Lets go of everything. */
  clear(): void {
    this.#budget?.release(this.heldBytes)
    this.#shelves.clear()
    this.#slabs = []
    clearInterval(this.#idleCheck)
    this.#idleCheck = undefined
  }

  /** Replaces a shelf that is no longer trusted, or belongs to another log, by an empty one. */
  #shelfOf(log: LogIdentity, nowMs: number): Shelf {
    const name = nameOf(log)
    const known = this.#shelves.get(name)
    if (known !== undefined && known.trustedUntilMs > nowMs && isSame(known.log, log)) return known
    const shelf = { log, entries: [], startOffset: 0, trustedUntilMs: nowMs + TRUSTED_MS }
    this.#shelves.set(name, shelf)
    return shelf
  }

  /**
   * Returns a slab with room: the last one, else a new one or, if there may be no more or the oldest is outdated, that one.
   * Undefined if other caches hold all of the budget.
   */
  #slabFor(bytes: number, nowMs: number): Slab<Entry> | undefined {
    const last = this.#slabs.at(-1)
    if (last?.hasRoomFor(bytes) === true) return last
    const oldest = this.#slabs.at(0)
    let memory: Buffer | undefined
    if (oldest !== undefined && (isOutdated(oldest, nowMs) || !this.#mayGrow())) {
      this.#slabs.shift()
      memory = this.#clear(oldest)
    } else if (oldest === undefined && !this.#mayGrow()) return undefined
    const slab = new Slab<Entry>(memory ?? Buffer.allocUnsafeSlow(this.#slabBytes))
    this.#slabs.push(slab)
    return slab
  }

  /** Takes a slab more from the budget. Returns false if there may be none. */
  #mayGrow(): boolean {
    if (this.#slabs.length === this.#mostSlabs) return false
    return this.#budget?.tryGrow(0, this.#slabBytes) ?? true
  }

  /** Returns the memory, unless somebody still reads it: then the garbage collector gets it. */
  #clear(slab: Slab<Entry>): Buffer | undefined {
    for (const entry of slab.entries) {
      remove(entry)
      const { entries, log } = entry.shelf
      const name = nameOf(log)
      if (entries.length === 0 && this.#shelves.get(name) === entry.shelf) this.#shelves.delete(name)
    }
    return slab.isRead ? undefined : slab.memory
  }

  #checkIdle(): void {
    if (this.#now() - this.#lastUsedMs >= IDLE_MS) this.clear()
  }
}

function isOutdated({ entries }: Slab<Entry>, nowMs: number): boolean {
  return entries.every(({ untilMs, shelf }) => untilMs <= nowMs || shelf.trustedUntilMs <= nowMs)
}

/** Takes an entry off its shelf; does nothing if it is off already. */
function remove({ shelf: { entries }, batch }: Entry): void {
  const at = positionAfter(entries, batch.header.baseOffset) - 1
  if (entries[at]?.batch === batch) entries.splice(at, 1)
}

function nameOf({ topic, partition }: LogIdentity): string {
  return `${topic}/${partition}`
}

function isSame(one: LogIdentity, other: LogIdentity): boolean {
  return one.leaderEpoch === other.leaderEpoch && one.topicId.equals(other.topicId)
}

function overlapping(entries: readonly Entry[], { baseOffset, lastOffset }: BatchHeader): Entry[] {
  const end = positionAfter(entries, lastOffset)
  let start = end
  while (start > 0 && entries[start - 1].batch.header.lastOffset >= baseOffset) start--
  return entries.slice(start, end)
}

/** Returns the position after the last entry that begins at or before the offset. */
function positionAfter(entries: readonly Entry[], offset: number): number {
  let low = 0
  let high = entries.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if (entries[middle].batch.header.baseOffset <= offset) low = middle + 1
    else high = middle
  }
  return low
}
