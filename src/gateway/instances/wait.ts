/**
 * Why a poll is over before its time.
 * - `superseded`: a newer poll has come
 * - `deleted`, `ended`: the instance, or this process's hold on it
 */
export type Interruption = 'superseded' | 'deleted' | 'ended'

/** The waiting of one poll, in rounds: a round ends early when what the instance reads changes. */
export class Wait {
  readonly #all = new AbortController()
  #round = new AbortController()
  #interruption: Interruption | undefined

  /** Aborts when the poll is over. */
  get signal(): AbortSignal {
    return this.#all.signal
  }

  /** Undefined while nothing has interrupted it. */
  get interruption(): Interruption | undefined {
    return this.#interruption
  }

  /** Begins a round. Its signal aborts when something has changed since, and when the poll is over. */
  round(): AbortSignal {
    this.#round = new AbortController()
    if (this.#interruption !== undefined) this.#round.abort()
    return this.#round.signal
  }

  changed(): void {
    this.#round.abort()
  }

  interrupt(reason: Interruption): void {
    this.#interruption ??= reason
    this.#all.abort()
    this.#round.abort()
  }
}

/** The wait of an instance, of which there is one at a time. */
export class OneWait {
  #current: Wait | undefined

  /** Begins a wait, and ends the one before. */
  begin(): Wait {
    this.interrupt('superseded')
    return (this.#current = new Wait())
  }

  interrupt(reason: Interruption): void {
    this.#current?.interrupt(reason)
    this.#current = undefined
  }

  /** What the instance reads has changed: the wait that is under way takes that up. */
  changed(): void {
    this.#current?.changed()
  }
}
