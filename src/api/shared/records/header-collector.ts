import { HEADER_STRIDE, type HeaderTable } from '../../../core/record-table.ts'

const FIRST_HEADERS = 8
const FIRST_RECORDS = 8

/** Gathers the headers of a request in typed arrays that double when they are full. */
export class HeaderCollector {
  #spans = new Int32Array(FIRST_HEADERS * HEADER_STRIDE)
  #ends = new Int32Array(FIRST_RECORDS)
  #length = 0
  #records = 0

  /** Number of headers of all records so far. */
  get count(): number {
    return this.#length / HEADER_STRIDE
  }

  add(keyStart: number, keyLength: number, valueStart: number, valueLength: number): void {
    if (this.#length === this.#spans.length) this.#spans = doubled(this.#spans)
    const at = this.#length
    this.#spans[at] = keyStart
    this.#spans[at + 1] = keyLength
    this.#spans[at + 2] = valueStart
    this.#spans[at + 3] = valueLength
    this.#length = at + HEADER_STRIDE
  }

  /** Ends the headers of the first `records` records. Those not ended before get what was added last, then none. */
  close(records: number): void {
    while (this.#records < records) {
      if (this.#records === this.#ends.length) this.#ends = doubled(this.#ends)
      this.#ends[this.#records++] = this.#length
    }
  }

  /** Takes back what was added behind the headers of the first `records` records. */
  drop(records: number): void {
    if (this.#records === records) this.#length = records === 0 ? 0 : this.#ends[records - 1]
  }

  finish(records: number): HeaderTable {
    this.close(records)
    return { spans: this.#spans, ends: this.#ends }
  }
}

function doubled(values: Int32Array): Int32Array<ArrayBuffer> {
  const larger = new Int32Array(values.length * 2)
  larger.set(values)
  return larger
}
