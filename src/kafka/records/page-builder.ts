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

const FIRST_CAPACITY = 64

export interface PageLimits {
  /** Records, 1 and up. */
  readonly count: number
  /** Keys and values in bytes, as stored; the first record is let in however large. As much again is allowed of headers. */
  readonly bytes: number
}

/** Collects the positions of records until the page is full. */
export class PageBuilder {
  readonly partition: number
  readonly limits: PageLimits
  count = 0
  payloadBytes = 0
  /** Where the next read goes on. */
  nextOffset: number
  /** True once nothing more fits, or a record was found that does not. */
  full = false
  #headerBytes = 0
  readonly #chunks: Buffer[] = []
  #spans = new Int32Array(FIRST_CAPACITY * PAGE_STRIDE)
  #offsets = new Float64Array(FIRST_CAPACITY)
  #timestamps = new Float64Array(FIRST_CAPACITY)
  #logAppendTime = new Uint8Array(FIRST_CAPACITY)

  constructor(partition: number, offset: number, limits: PageLimits) {
    this.partition = partition
    this.nextOffset = offset
    this.limits = limits
  }

  /** Returns the number under which spans name the chunk. The chunk that was added last is not added again. */
  addChunk(chunk: Buffer): number {
    const last = this.#chunks.length - 1
    return this.#chunks[last] === chunk ? last : this.#chunks.push(chunk) - 1
  }

  /** Makes room for so many more, as far as the page may hold them: growing step by step copies what is there each time. */
  reserve(records: number): void {
    const needed = Math.min(this.count + records, this.limits.count)
    if (needed > this.#offsets.length) this.#grow(Math.max(needed, this.#offsets.length * 2))
  }

  /** False, and {@link full} is set, when a record of these lengths no longer fits; it is then the next one to read. */
  admits(keyLength: number, valueLength: number): boolean {
    if (this.count === 0) return true
    const payloadBytes = this.payloadBytes + Math.max(0, keyLength) + Math.max(0, valueLength)
    if (this.count < this.limits.count && payloadBytes <= this.limits.bytes) return true
    this.full = true
    return false
  }

  /** Lengths of −1 are null; without headers their length is 0. */
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
    if (row === this.#offsets.length) this.#grow(row * 2)
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
    this.payloadBytes += Math.max(0, keyLength) + Math.max(0, valueLength)
    this.#headerBytes += headersLength
    this.nextOffset = offset + 1
    const { count, bytes } = this.limits
    if (this.count >= count || this.payloadBytes >= bytes || this.#headerBytes >= bytes) this.full = true
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

  #grow(capacity: number): void {
    this.#spans = enlarged(this.#spans, new Int32Array(capacity * PAGE_STRIDE))
    this.#offsets = enlarged(this.#offsets, new Float64Array(capacity))
    this.#timestamps = enlarged(this.#timestamps, new Float64Array(capacity))
    this.#logAppendTime = enlarged(this.#logAppendTime, new Uint8Array(capacity))
  }
}

function enlarged<T extends Int32Array | Float64Array | Uint8Array>(from: T, to: T): T {
  to.set(from)
  return to
}
