import type { ByteBudget } from '../core/byte-budget.ts'
import { GatewayError } from '../core/errors.ts'

/** What one request holds of the budget. */
export class Charge {
  readonly #budget: ByteBudget
  #bytes = 0
  #released = false

  constructor(budget: ByteBudget) {
    this.#budget = budget
  }

  /** Throws OVERLOADED where that does not fit. Once released nothing is taken any more: the client may be gone before its page comes. */
  raiseTo(bytes: number): void {
    const more = bytes - this.#bytes
    if (more <= 0 || this.#released) return
    if (!this.#budget.tryGrow(this.#bytes, more))
      throw new GatewayError('OVERLOADED', 'The gateway has too much in hand; try again shortly.')
    this.#bytes += more
  }

  /** Counts bytes that are held already: they keep new requests out. */
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
