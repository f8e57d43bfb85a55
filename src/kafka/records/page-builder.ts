import { BufferPool } from '../../core/lib/buffer-pool.ts'
import {
  PAGE_CHUNK,
  PAGE_HEADERS_START,
  PAGE_KEY_LENGTH,
  PAGE_KEY_START,
  PAGE_STRIDE,
  PAGE_VALUE_LENGTH,
  PAGE_VALUE_START,
  type RecordPage
} from '../../core/record-page.ts'
import { copyRows } from './copy-rows.ts'
import type { OpenBatch } from './open-batch.ts'

const POOL_BYTES = 8 * 1024 * 1024
const pool = new BufferPool(POOL_BYTES)
const FIRST_CAPACITY = 64
/** Two float64 columns, the spans of int32, and one byte. */
const BYTES_PER_ROW = 16 + PAGE_STRIDE * 4 + 1
const NO_MEMORY: Buffer = Buffer.alloc(0)

export interface PageLimits {
  /** 1 and up. */
  readonly records: number
  /** Of keys and values, as stored. The first record fits however large it is. Headers may take as much again. */
  readonly bytes: number
  /** Only so many bytes of each key count, because no more are used of it. */
  readonly keyBytes?: number | undefined
  readonly valueBytes?: number | undefined
  /** Of the records looked at, decompressed, whatever a filter leaves of them; no limit if left out. */
  readonly scanBytes?: number | undefined
}

/** What a reader walks over before others get their turn of the event loop: a few milliseconds. */
const TURN_BYTES = 512 * 1024
/** No key or value is longer. */
const UNCUT = 2 ** 31 - 1

/** Returns whether a page takes the record at these positions of `chunk`. A length of −1 is null, a start of −1 no headers. */
export type RecordFilter = (
  chunk: Buffer,
  keyStart: number,
  keyLength: number,
  valueStart: number,
  valueLength: number,
  headersStart: number
) => boolean

/** Totals of the batches read, as stored. */
export interface StoredSize {
  bytes: number
  records: number
  largestBatchBytes: number
}

/** Collects the positions of records until the page is full. */
export class PageBuilder {
  readonly partition: number
  /** May be raised when the page is full; then set {@link full} to false. */
  limits: PageLimits
  /** Leaves out the records for which it returns false. */
  readonly filter: RecordFilter | undefined
  count = 0
  payloadBytes = 0
  /** Where the next read goes on. */
  nextOffset: number
  /** A limit is reached, or the next record would exceed it. */
  full = false
  /** Records that the filter has left out. */
  refused = 0
  /** The last batch, if the page took only some of its records. */
  rest: OpenBatch | undefined
  readonly stored: StoredSize = { bytes: 0, records: 0, largestBatchBytes: 0 }
  /** Of the records walked over, decompressed. */
  scannedBytes = 0
  /** The batch within which the last turn ended. */
  paused: OpenBatch | undefined
  #turnEndsAtBytes = Infinity
  /** How many records have been copied by {@link own}. */
  #owned = 0
  #ownedChunks = 0
  #headerBytes = 0
  readonly #keyBytes: number
  readonly #valueBytes: number
  readonly #chunks: Buffer[] = []
  readonly #lenders: (() => void)[] = []
  /** Memory of the columns; empty before the first record. */
  #memory: Buffer = NO_MEMORY
  #spans: Int32Array = new Int32Array(0)
  #offsets: Float64Array = new Float64Array(0)
  #timestamps: Float64Array = new Float64Array(0)
  #logAppendTime: Uint8Array = new Uint8Array(0)

  constructor(partition: number, offset: number, limits: PageLimits, filter?: RecordFilter) {
    this.partition = partition
    this.nextOffset = offset
    this.limits = limits
    this.filter = filter
    this.#keyBytes = limits.keyBytes ?? UNCUT
    this.#valueBytes = limits.valueBytes ?? UNCUT
  }

  /**
   * Whether it uses only a part of what is read for it. Then it is to be filled in turns ({@link beginTurn}), and to {@link own}
   * its records after each.
   */
  get isSelective(): boolean {
    const { keyBytes, valueBytes, scanBytes } = this.limits
    return this.filter !== undefined || keyBytes !== undefined || valueBytes !== undefined || scanBytes !== undefined
  }

  beginTurn(): void {
    this.#turnEndsAtBytes = Math.min(this.scannedBytes + TURN_BYTES, this.limits.scanBytes ?? Infinity)
  }

  endTurn(): void {
    this.#turnEndsAtBytes = this.scannedBytes
  }

  /** Bytes left to walk over in this turn; not above 0 if it is over. */
  get turnBytes(): number {
    return this.#turnEndsAtBytes - this.scannedBytes
  }

  get hasScanned(): boolean {
    const { scanBytes } = this.limits
    return scanBytes !== undefined && this.scannedBytes >= scanBytes
  }

  /** Returns the index of the chunk for spans. Adds it unless it is the last one added. */
  addChunk(chunk: Buffer): number {
    const last = this.#chunks.length - 1
    return this.#chunks[last] === chunk ? last : this.#chunks.push(chunk) - 1
  }

  /** Makes room for so many more records, up to the limit of the page: growing step by step would copy the columns each time. */
  reserve(records: number): void {
    const needed = Math.min(this.count + records, this.limits.records)
    if (needed > this.#offsets.length) this.#grow(needed)
  }

  /** Returns whether a record of these lengths fits. If not, sets {@link full}: the next page begins with it. */
  admits(keyLength: number, valueLength: number): boolean {
    if (this.count === 0) return true
    const payloadBytes = this.payloadBytes + this.#payloadOf(keyLength, valueLength)
    if (this.count < this.limits.records && payloadBytes <= this.limits.bytes) return true
    this.full = true
    return false
  }

  /** Adds a record. Lengths of −1 are null; without headers their length is 0. */
  add(
    chunk: number,
    offset: number,
    timestampMs: number,
    logAppendTime: boolean,
    keyStart: number,
    keyLength: number,
    valueStart: number,
    valueLength: number,
    headersStart: number,
    headersLength: number
  ): void {
    const row = this.count++
    if (row === this.#offsets.length) this.#grow(row + 1)
    const at = row * PAGE_STRIDE
    this.#spans[at + PAGE_CHUNK] = chunk
    this.#spans[at + PAGE_KEY_START] = keyStart
    this.#spans[at + PAGE_KEY_LENGTH] = keyLength
    this.#spans[at + PAGE_VALUE_START] = valueStart
    this.#spans[at + PAGE_VALUE_LENGTH] = valueLength
    this.#spans[at + PAGE_HEADERS_START] = headersLength === 0 ? -1 : headersStart
    this.#offsets[row] = offset
    this.#timestamps[row] = timestampMs
    this.#logAppendTime[row] = logAppendTime ? 1 : 0
    this.payloadBytes += this.#payloadOf(keyLength, valueLength)
    this.#headerBytes += headersLength
    this.nextOffset = offset + 1
    const { records, bytes } = this.limits
    if (this.count >= records || this.payloadBytes >= bytes || this.#headerBytes >= bytes) this.full = true
  }

  /** Takes out the last records until the page ends before the offset and within the limits. */
  cut(endOffset: number, records = Infinity, bytes = Infinity): void {
    if (this.nextOffset > endOffset) this.nextOffset = endOffset
    while (this.count > 0) {
      const row = this.count - 1
      if (this.#offsets[row] < endOffset && this.count <= records && this.payloadBytes <= bytes) break
      const at = row * PAGE_STRIDE
      this.payloadBytes -= this.#payloadOf(this.#spans[at + PAGE_KEY_LENGTH], this.#spans[at + PAGE_VALUE_LENGTH])
      this.nextOffset = Math.min(this.nextOffset, this.#offsets[row])
      this.count = row
    }
    this.#owned = Math.min(this.#owned, this.count)
  }

  /** Call when the page is full within the batch. */
  endWithin(batch: OpenBatch): false {
    this.rest = batch
    return false
  }

  /** Call when the turn is over within the batch. */
  pauseWithin(batch: OpenBatch): false {
    this.paused = batch
    return false
  }

  /** Copies what the page uses of its records, so that the memory they were read from is needed no more. */
  own(): void {
    const chunks = this.#chunks
    if (this.#owned < this.count) {
      const [keyBytes, valueBytes] = [this.#keyBytes, this.#valueBytes]
      const rows = { first: this.#owned, end: this.count, keyBytes, valueBytes, chunk: this.#ownedChunks }
      chunks[this.#ownedChunks++] = copyRows(this.#spans, chunks, rows)
      this.#owned = this.count
    }
    chunks.length = this.#ownedChunks
  }

  build(): RecordPage {
    return {
      partition: this.partition,
      count: this.count,
      chunks: this.#chunks,
      spans: this.#spans,
      offsets: this.#offsets,
      timestamps: this.#timestamps,
      logAppendTime: this.#logAppendTime,
      nextOffset: this.nextOffset,
      payloadBytes: this.payloadBytes
    }
  }

  /** Calls `release` when the page no longer needs the memory of its chunks. */
  onRecycle(release: () => void): void {
    this.#lenders.push(release)
  }

  /** Gives the memory to later pages. Call once, when you are done with the page. */
  recycle(): void {
    pool.give(this.#memory)
    this.#memory = NO_MEMORY
    this.#giveBack()
  }

  /** Gives back the memory that its records were read from. */
  settle(): void {
    this.own()
    this.#giveBack()
  }

  #giveBack(): void {
    for (const release of this.#lenders.splice(0)) release()
  }

  #payloadOf(keyLength: number, valueLength: number): number {
    return Math.max(0, Math.min(keyLength, this.#keyBytes)) + Math.max(0, Math.min(valueLength, this.#valueBytes))
  }

  #grow(neededRows: number): void {
    const memory = pool.take(Math.max(neededRows, this.#offsets.length * 2, FIRST_CAPACITY) * BYTES_PER_ROW)
    const rows = Math.floor(memory.length / BYTES_PER_ROW)
    const { buffer, byteOffset } = memory
    this.#offsets = carried(this.#offsets, new Float64Array(buffer, byteOffset, rows))
    this.#timestamps = carried(this.#timestamps, new Float64Array(buffer, byteOffset + rows * 8, rows))
    this.#spans = carried(this.#spans, new Int32Array(buffer, byteOffset + rows * 16, rows * PAGE_STRIDE))
    const flagsAt = byteOffset + rows * (BYTES_PER_ROW - 1)
    this.#logAppendTime = carried(this.#logAppendTime, new Uint8Array(buffer, flagsAt, rows))
    pool.give(this.#memory)
    this.#memory = memory
  }
}

function carried<T extends Int32Array | Float64Array | Uint8Array>(from: T, to: T): T {
  to.set(from)
  return to
}
