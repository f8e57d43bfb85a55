/** A transaction that was rolled back, as a Fetch answer names it. */
export interface AbortedTransaction {
  readonly producerId: bigint
  readonly firstOffset: number
}

const CONTROL_ABORT = 0

/**
 * Which records of an answer belong to transactions that were rolled back, told batch by batch in offset order. The list
 * of the answer also names transactions that began before it, and an abort marker may lie beyond what was fetched.
 * @see https://cwiki.apache.org/confluence/display/KAFKA/KIP-98
 */
export class AbortedFilter {
  readonly #pending: AbortedTransaction[]
  readonly #open = new Set<bigint>()

  constructor(aborted: readonly AbortedTransaction[]) {
    this.#pending = aborted.toSorted((one, other) => one.firstOffset - other.firstOffset)
  }

  /** Call for every batch, control batches included, before its records are judged. */
  reached(lastOffset: number): void {
    while (this.#pending.length > 0 && this.#pending[0].firstOffset <= lastOffset) {
      const next = this.#pending.shift()
      if (next !== undefined) this.#open.add(next.producerId)
    }
  }

  isAborted(producerId: bigint): boolean {
    return this.#open.has(producerId)
  }

  /** A control record: an abort marker ends the producer's transaction, so that its next one is judged for itself. */
  marker(producerId: bigint, controlType: number): void {
    if (controlType === CONTROL_ABORT) this.#open.delete(producerId)
  }
}
