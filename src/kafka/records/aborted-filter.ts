/** An aborted transaction, as a Fetch answer lists it. */
export interface AbortedTransaction {
  readonly producerId: bigint
  readonly firstOffset: number
}

const CONTROL_ABORT = 0

/**
 * Tells which records of an answer belong to aborted transactions, batch by batch in offset order. The answer's list also
 * names transactions that began before it, and an abort marker may lie beyond what was fetched.
 * @see https://cwiki.apache.org/confluence/display/KAFKA/KIP-98
 */
export class AbortedFilter {
  readonly #pending: AbortedTransaction[]
  readonly #open = new Set<bigint>()

  constructor(aborted: readonly AbortedTransaction[]) {
    this.#pending = aborted.toSorted((one, other) => one.firstOffset - other.firstOffset)
  }

  /** Call for every batch, control batches included, before you judge its records. */
  reached(lastOffset: number): void {
    while (this.#pending.length > 0 && this.#pending[0].firstOffset <= lastOffset) {
      const next = this.#pending.shift()
      if (next !== undefined) this.#open.add(next.producerId)
    }
  }

  isAborted(producerId: bigint): boolean {
    return this.#open.has(producerId)
  }

  /** Call for a control record: an abort marker ends the producer's transaction, and its next one is judged anew. */
  marker(producerId: bigint, controlType: number): void {
    if (controlType === CONTROL_ABORT) this.#open.delete(producerId)
  }
}
