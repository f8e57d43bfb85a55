import { GatewayError } from '../core/errors.ts'
import type { Connection } from './connections.ts'
import { onceClientLeaves } from './waiting.ts'

/** The streams that a process may have open. */
export class StreamSlots {
  readonly #limit: number
  #open = 0

  constructor(limit: number) {
    this.#limit = limit
  }

  /**
   * Takes a slot, and returns what gives it back. Calls `leave` as {@link onceClientLeaves} does, if it is given: nothing may have
   * to be written that would tell. Throws OVERLOADED if there is none.
   */
  enter(connection: Connection, leave: (() => void) | undefined): () => void {
    if (this.#open >= this.#limit)
      throw new GatewayError('OVERLOADED', `More than ${this.#limit} streams are open; try again later.`)
    this.#open++
    const forget = leave && onceClientLeaves(connection, leave)
    return () => {
      forget?.()
      this.#open--
    }
  }
}
