/**
 * The bytes that one process may hold for its callers at a time: bodies being read, batches on their way to Kafka,
 * answers that slow readers have not taken. Over it a request is refused (OVERLOADED) instead of queued.
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

  /** Counts bytes that are held already, such as a finished answer: they keep new requests out, not themselves. */
  add(bytes: number): void {
    this.#usedBytes += bytes
  }

  /**
   * Takes more bytes for somebody who holds some already, or none: false where they do not fit beside what others hold. A
   * lone taker is let in however large, so that a small budget cannot shut out a lawful request.
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
