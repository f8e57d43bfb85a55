import { recent } from '../../core/lib/recent.ts'
import type { PageBuilder, StoredSize } from '../records/page-builder.ts'

/** Size assumed for a record until one of the topic has been read. */
const FIRST_RECORD_BYTES = 1024
const FIRST_BATCH_BYTES = 64 * 1024
const LIMIT_BYTES = 2 * 1024 * 1024
/** What a search asks for at a time, so that it holds little, also in hundreds of partitions at once. */
const LARGEST_STEP_BYTES = 512 * 1024
const SMALLEST_STEP_BYTES = 64 * 1024
const STEPS = 8
const TOPICS_REMEMBERED = 10_000
/** Weight of the last read in the average. */
const NEWEST = 0.25
/** By how much the largest batch shrinks with each read that meets smaller ones. */
const FADING = 0.95

type PayloadSize = Pick<PageBuilder, 'count' | 'payloadBytes'>

interface Proven {
  recordBytes: number
  /** Of key and value. */
  payloadBytes: number
  batchBytes: number
}

/**
 * Remembers how large the stored records and batches of each topic are, so that a read asks Kafka for what it needs. More
 * would be fetched in vain; less would cut a batch off, which costs a second request.
 */
export class FetchSizes {
  readonly #proven = recent<string, Proven>(TOPICS_REMEMBERED)

  /** Returns how many bytes to ask for to get so many records, from anywhere in a batch on, or those of so much payload. */
  bytesFor(topic: string, records: number, payloadLimit = Infinity): number {
    const proven = this.#proven.get(topic)
    if (proven === undefined)
      return Math.min(Math.max(Math.min(records * FIRST_RECORD_BYTES, payloadLimit), FIRST_BATCH_BYTES), LIMIT_BYTES)
    const { recordBytes, payloadBytes, batchBytes } = proven
    // One more, as the page is not full before a record does not fit.
    const count = payloadBytes > 0 ? Math.min(records, Math.ceil(payloadLimit / payloadBytes) + 1) : records
    const bytes = count * recordBytes
    // They begin and end within a batch; a few records usually lie in one.
    const batches = bytes > batchBytes / 4 ? 2 : 1
    return Math.min(Math.ceil(bytes + batches * batchBytes), LIMIT_BYTES)
  }

  /** Takes up what was read: `payload`, of keys and values of that many records. */
  learn(topic: string, { bytes, records, largestBatchBytes }: StoredSize, payload: PayloadSize): void {
    if (records === 0) return
    const recordBytes = bytes / records
    const before = this.#proven.get(topic)
    const payloadBytes = payload.count === 0 ? (before?.payloadBytes ?? 0) : payload.payloadBytes / payload.count
    if (before !== undefined) {
      before.recordBytes += (recordBytes - before.recordBytes) * NEWEST
      before.payloadBytes += (payloadBytes - before.payloadBytes) * NEWEST
      before.batchBytes = Math.max(largestBatchBytes, before.batchBytes * FADING)
      return
    }
    this.#proven.set(topic, { recordBytes, payloadBytes, batchBytes: largestBatchBytes })
  }
}

/** Returns how many bytes a search asks for at most, as long as it may look at what it may now. */
export function searchStep({ limits, scannedBytes }: Pick<PageBuilder, 'limits' | 'scannedBytes'>): number {
  const leftBytes = (limits.scanBytes ?? Infinity) - scannedBytes
  return Math.max(SMALLEST_STEP_BYTES, Math.min(leftBytes / STEPS, LARGEST_STEP_BYTES))
}
