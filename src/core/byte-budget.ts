/**
 * Counts the bytes that a process holds for its callers: bodies being read, batches in flight to Kafka, answers not yet read.
 * A request that would exceed the limit is refused (OVERLOADED) instead of queued.
 */
export class ByteBudget {
  readonly limitBytes: number
  #usedBytes = 0

  constructor(limitBytes: number) {
    this.limitBytes = limitBytes
  }

  get usedBytes(): number {
    return this.#usedBytes
  }

  /** Adds bytes that are held already, such as a finished answer, even beyond the limit. */
  add(bytes: number): void {
    this.#usedBytes += bytes
  }

  /**
   * Takes `bytes` for a request that already holds `heldBytes`. Returns false if they do not fit beside what others hold. A
   * lone request always gets them, so that a small budget does not refuse a valid one.
   */
  tryGrow(heldBytes: number, bytes: number): boolean {
    if (this.#usedBytes > heldBytes && this.#usedBytes + bytes > this.limitBytes) return false
    this.#usedBytes += bytes
    return true
  }

  release(bytes: number): void {
    this.#usedBytes -= bytes
  }
}
