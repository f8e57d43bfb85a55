/** A finished answer that has not been written to its socket. */
export interface Outgoing {
  write(): void
}

/** After so many, those that were finished first have waited long enough. */
const MOST_WAITING = 32

/**
 * Answers leave together, at the end of the turn of the event loop in which they were finished. Written one by one, each of
 * them wakes a reader on the same machine (a load balancer, a side-car), which has gone to sleep again before the next one
 * comes: of a read that needs nothing from Kafka that took a third.
 */
export class Outbox {
  #waiting: Outgoing[] = []
  readonly #flush = () => {
    const answers = this.#waiting
    this.#waiting = []
    for (const answer of answers) answer.write()
  }

  add(answer: Outgoing): void {
    const waiting = this.#waiting.push(answer)
    if (waiting === 1) setImmediate(this.#flush)
    else if (waiting === MOST_WAITING) this.#flush()
  }
}
