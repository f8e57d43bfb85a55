import { performance } from 'node:perf_hooks'

const PER_SECOND = 20

/** Limits how often Kafka is asked about topics that turn out not to exist, under whatever names: a token bucket. */
export class MissBucket {
  #tokens = PER_SECOND
  #atMs = performance.now()

  /** Milliseconds until the next question may leave; 0 if it may leave now. */
  get waitMs(): number {
    this.#refill()
    return this.#tokens >= 1 ? 0 : ((1 - this.#tokens) / PER_SECOND) * 1000
  }

  /** A question was about topics that do not exist. */
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
