import type { StoredSize } from '../records/page-builder.ts'

/** Assumed of a record, with its share of a batch, before any was read. */
const FIRST_RECORD_BYTES = 1024
const FIRST_BATCH_BYTES = 64 * 1024
const LIMIT_BYTES = 2 * 1024 * 1024
const TOPICS_REMEMBERED = 10_000
/** What the last read weighs beside those before it. */
const NEWEST = 0.25
/** How fast a batch that was larger than those after it is forgotten. */
const FADING = 0.95

interface Proven {
  recordBytes: number
  batchBytes: number
}

/**
 * How large the records and batches of each topic proved to be, as they are stored, so that a read asks Kafka for what
 * it needs: too much is fetched in vain, and what cuts a batch off costs a second request.
 */
export class FetchSizes {
  readonly #proven = new Map<string, Proven>()

  /** For so many records from anywhere in a batch on. */
  bytesFor(topic: string, count: number): number {
    const proven = this.#proven.get(topic)
    if (proven === undefined) return Math.min(Math.max(count * FIRST_RECORD_BYTES, FIRST_BATCH_BYTES), LIMIT_BYTES)
    const { recordBytes, batchBytes } = proven
    const bytes = count * recordBytes
    // They begin within a batch and end within one. Few records lie in one batch, as a rule.
    const batches = bytes > batchBytes / 4 ? 2 : 1
    return Math.min(Math.ceil(bytes + batches * batchBytes), LIMIT_BYTES)
  }

  learn(topic: string, { bytes, records, largestBatchBytes }: StoredSize): void {
    if (records === 0) return
    const recordBytes = bytes / records
    const before = this.#proven.get(topic)
    if (before !== undefined) {
      before.recordBytes += (recordBytes - before.recordBytes) * NEWEST
      before.batchBytes = Math.max(largestBatchBytes, before.batchBytes * FADING)
      return
    }
    if (this.#proven.size >= TOPICS_REMEMBERED) this.#forgetOldest()
    this.#proven.set(topic, { recordBytes, batchBytes: largestBatchBytes })
  }

  #forgetOldest(): void {
    for (const topic of this.#proven.keys()) {
      this.#proven.delete(topic)
      return
    }
  }
}
