import type { ByteBudget } from '../core/byte-budget.ts'
import { GatewayError } from '../core/errors.ts'

/** What one request holds of the byte budget. */
export class BudgetReservation {
  readonly #budget: ByteBudget
  #bytes = 0
  #released = false

  constructor(budget: ByteBudget) {
    this.#budget = budget
  }

  /** Throws OVERLOADED if that does not fit. Does nothing once released: the client may be gone before its page comes. */
  raiseTo(bytes: number): void {
    const more = bytes - this.#bytes
    if (more <= 0 || this.#released) return
    if (!this.#budget.tryGrow(this.#bytes, more))
      throw new GatewayError('OVERLOADED', 'The gateway has too much in hand; try again shortly.')
    this.#bytes += more
  }

  /** Counts bytes that are held already, so that they keep new requests out. */
  add(bytes: number): void {
    if (this.#released) return
    this.#budget.add(bytes)
    this.#bytes += bytes
  }

  release(): void {
    this.#released = true
    this.#budget.release(this.#bytes)
    this.#bytes = 0
  }
}
