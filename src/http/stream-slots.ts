import { GatewayError } from '../core/errors.ts'
import type { Connection } from './connections.ts'
import { onceClientLeaves } from './waiting.ts'

/** The streams that a process may have open, or a caller of it. */
export class StreamSlots {
  readonly #limit: number
  readonly #whole: StreamSlots | undefined
  #open = 0

  /** `whole`: what this is a part of. */
  constructor(limit: number, whole?: StreamSlots) {
    this.#limit = limit
    this.#whole = whole
  }

  /**
   * Takes a slot, and returns what gives it back. Calls `leave` as {@link onceClientLeaves} does, if it is given: nothing may have
   * to be written that would tell. Throws OVERLOADED if there is none.
   */
  enter(connection: Pick<Connection, 'socket' | 'inputEnded'>, leave: (() => void) | undefined): () => void {
    const giveBack = this.#take()
    const forget = leave && onceClientLeaves(connection, leave)
    return () => {
      forget?.()
      giveBack()
    }
  }

  #take(): () => void {
    if (this.#open >= this.#limit)
      throw new GatewayError('OVERLOADED', `More than ${this.#limit} streams are open; try again later.`)
    const whole = this.#whole
    const giveBackToWhole = whole === undefined ? undefined : whole.#take()
    this.#open++
    return () => {
      this.#open--
      giveBackToWhole?.()
    }
  }
}
