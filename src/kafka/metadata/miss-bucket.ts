import { performance } from 'node:perf_hooks'

const PER_SECOND = 20

/** A token bucket that limits requests about topics that do not exist, whatever their names. */
export class MissBucket {
  #tokens = PER_SECOND
  #atMs = performance.now()

  /** Milliseconds until the next request may be sent; 0 if it may be sent now. */
  get waitMs(): number {
    this.#refill()
    return this.#tokens >= 1 ? 0 : ((1 - this.#tokens) / PER_SECOND) * 1000
  }

  /** Counts a request that was about topics that do not exist. */
  take(): void {
    this.#refill()
    this.#tokens--
  }

  #refill(): void {
    const nowMs = performance.now()
    this.#tokens = Math.min(PER_SECOND, this.#tokens + ((nowMs - this.#atMs) / 1000) * PER_SECOND)
    this.#atMs = nowMs
  }
}
