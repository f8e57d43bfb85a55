import type { RecordFilter } from './page-builder.ts'
import { headersHold } from './record-reader.ts'

/** Longest text to be searched for: V8's search takes linear time up to here, and the product of both lengths beyond. */
export const FIND_LIMIT_BYTES = 250
/** How far ahead is searched at a time. */
const WINDOW_BYTES = 256 * 1024

/** Returns a filter that lets records with this key pass. */
export function withKey(key: Buffer): RecordFilter {
  return (chunk, keyStart, keyLength) =>
    keyLength === key.length && chunk.compare(key, 0, key.length, keyStart, keyStart + keyLength) === 0
}

/** Returns a filter that lets records pass whose key, value or a header (name or value) holds these bytes: 1 to {@link FIND_LIMIT_BYTES}. */
export function holding(wanted: Buffer): RecordFilter {
  const search = new Search(wanted)
  return (chunk, keyStart, keyLength, valueStart, valueLength, headersStart) => {
    const valueEnd = valueStart + Math.max(0, valueLength)
    // What it finds may also reach from key to value: that is not meant.
    if (
      search.mayBeWithin(chunk, keyStart, valueEnd) &&
      (isWithin(chunk, keyStart, keyStart + keyLength) || isWithin(chunk, valueStart, valueEnd))
    )
      return true
    return headersStart >= 0 && headersHold(chunk, headersStart, isWithin)
  }

  function isWithin(chunk: Buffer, start: number, end: number): boolean {
    return end - start >= wanted.length && chunk.subarray(start, end).includes(wanted)
  }
}

/** Both must let a record pass. */
export function both(one: RecordFilter, other: RecordFilter): RecordFilter {
  return (...record) => one(...record) && other(...record)
}

/** Searches ahead over many records at once, because a call into V8's search costs more than a short record does. */
class Search {
  readonly #wanted: Buffer
  #chunk: Buffer = Buffer.alloc(0)
  #from = 0
  /** Nothing that begins in front of it, and not in front of {@link #from}, is it. */
  #clear = 0
  /** It begins at {@link #clear}. */
  #isHit = false

  constructor(wanted: Buffer) {
    this.#wanted = wanted
  }

  mayBeWithin(chunk: Buffer, start: number, end: number): boolean {
    const { length } = this.#wanted
    if (chunk !== this.#chunk || start < this.#from) this.#begin(chunk, start)
    while (this.#clear + length <= end) {
      if (this.#isHit && this.#clear >= start) return true
      this.#goOn(Math.max(start, this.#isHit ? this.#clear + 1 : this.#clear))
    }
    return false
  }

  #begin(chunk: Buffer, start: number): void {
    this.#chunk = chunk
    this.#from = this.#clear = start
    this.#isHit = false
  }

  #goOn(from: number): void {
    const { length } = this.#wanted
    const windowEnd = Math.min(this.#chunk.length, from + WINDOW_BYTES + length - 1)
    const found = this.#chunk.subarray(from, windowEnd).indexOf(this.#wanted)
    this.#isHit = found >= 0
    this.#clear = this.#isHit ? from + found : Math.max(from, windowEnd - length + 1)
  }
}
