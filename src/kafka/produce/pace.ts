import { growingPauseMs, scattered } from '../../core/lib/growing-pause.ts'

const FIRST_PAUSE_MS = 25
const LONGEST_PAUSE_MS = 400
const IN_FLIGHT_LIMIT = 2
/** Well below `producer.id.expiration.ms`, after which a broker has forgotten the producer. */
const REMEMBERED_MS = 3_600_000

/**
 * How many batches a partition may have in flight, and its exponential back-off after setbacks, with jitter so that not all
 * partitions retry at once.
 */
export class Pace {
  /** One batch at a time: the broker has not acknowledged this session yet, or something failed since it did. */
  #cautious = true
  /** `performance.now()` at which the last batch that the broker acknowledged was sent. */
  #knownAtMs = 0
  #pausedUntilMs = 0
  #setbacks = 0

  get cautious(): boolean {
    return this.#cautious
  }

  allows(inFlight: number, nowMs: number): boolean {
    return nowMs >= this.#pausedUntilMs && inFlight < (this.#cautious ? 1 : IN_FLIGHT_LIMIT)
  }

  /** Call before sending while nothing is in flight: after a long pause the broker may have forgotten the producer. */
  awake(nowMs: number): void {
    if (nowMs - this.#knownAtMs > REMEMBERED_MS) this.#cautious = true
  }

  /** `settled` if nothing but what is in flight is left to be acknowledged. */
  acknowledged(sentAtMs: number, settled: boolean): void {
    this.#knownAtMs = sentAtMs
    this.endPause()
    if (settled) this.#cautious = false
  }

  /** The broker does not know the session that begins, or part of the last one is unsettled. */
  slowDown(): void {
    this.#cautious = true
  }

  setback(nowMs: number): void {
    this.#cautious = true
    this.#pausedUntilMs = nowMs + scattered(growingPauseMs(this.#setbacks++, FIRST_PAUSE_MS, LONGEST_PAUSE_MS))
  }

  endPause(): void {
    this.#setbacks = 0
    this.#pausedUntilMs = 0
  }
}
