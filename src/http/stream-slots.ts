import { GatewayError } from '../core/errors.ts'

/** The streams that a process may have open. */
export class StreamSlots {
  readonly #limit: number
  #open = 0

  constructor(limit: number) {
    this.#limit = limit
  }

  /** Takes a slot, and returns what gives it back. Throws OVERLOADED if there is none. */
  enter(): () => void {
    if (this.#open >= this.#limit)
      throw new GatewayError('OVERLOADED', `More than ${this.#limit} streams are open; try again later.`)
    this.#open++
    return () => void this.#open--
  }
}
