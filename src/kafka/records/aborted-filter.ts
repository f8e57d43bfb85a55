/** An aborted transaction, as a Fetch answer lists it. */
export interface AbortedTransaction {
  readonly producerId: bigint
  readonly firstOffset: number
}

const CONTROL_ABORT = 0

/**
 * Knows which batches of an answer belong to aborted transactions; shown them in offset order. The answer also lists
 * transactions that began before it, and an abort marker may be beyond what was fetched.
 * @see https://cwiki.apache.org/confluence/display/KAFKA/KIP-98
 */
export class AbortedFilter {
  readonly #pending: AbortedTransaction[]
  readonly #open = new Set<bigint>()

  constructor(aborted: readonly AbortedTransaction[]) {
    this.#pending = aborted.toSorted((one, other) => one.firstOffset - other.firstOffset)
  }

  /** Call for every batch, control batches included, before {@link isAborted}. */
  reached(lastOffset: number): void {
    while (this.#pending.length > 0 && this.#pending[0].firstOffset <= lastOffset) {
      const next = this.#pending.shift()
      if (next !== undefined) this.#open.add(next.producerId)
    }
  }

  isAborted(producerId: bigint): boolean {
    return this.#open.has(producerId)
  }

  /** Call for a control record. An abort marker ends the producer's transaction; its next one may commit. */
  marker(producerId: bigint, controlType: number): void {
    if (controlType === CONTROL_ABORT) this.#open.delete(producerId)
  }
}
