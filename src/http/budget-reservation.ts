import type { ByteBudget } from '../core/byte-budget.ts'
import { GatewayError } from '../core/errors.ts'

/** The bytes of the budget that one request holds. */
export class BudgetReservation {
  readonly #budget: ByteBudget
  #bytes = 0
  #released = false

  constructor(budget: ByteBudget) {
    this.#budget = budget
  }

  /**
   * Raises the reservation to `bytes`. Throws OVERLOADED if that does not fit. Does nothing after {@link release}: a page
   * may come after its client left.
   */
  raiseTo(bytes: number): void {
    if (!this.tryRaiseTo(bytes))
      throw new GatewayError('OVERLOADED', 'The gateway has too much in hand; try again shortly.')
  }

  /** Raises as {@link raiseTo} does. Returns false if that does not fit now. */
  tryRaiseTo(bytes: number): boolean {
    const more = bytes - this.#bytes
    if (more <= 0 || this.#released) return true
    if (!this.#budget.tryGrow(this.#bytes, more)) return false
    this.#bytes += more
    return true
  }

  /** Adds bytes that are in memory already: they may exceed the budget, and then keep new requests out. */
  add(bytes: number): void {
    if (this.#released) return
    this.#budget.add(bytes)
    this.#bytes += bytes
  }

  /** Gives back all that is held; more may be held later. */
  empty(): void {
    this.#budget.release(this.#bytes)
    this.#bytes = 0
  }

  release(): void {
    this.#released = true
    this.empty()
  }
}
