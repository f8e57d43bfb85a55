/**
 * Refills by `perSecond` up to `capacity`. What costs more than the capacity passes when the bucket is full and leaves a debt
 * behind: a lawful request can wait for its turn, however large, and the mean rate holds.
 */
export class TokenBucket {
  readonly capacity: number
  readonly #perSecond: number
  #tokens: number
  #atMs: number

  constructor(perSecond: number, burstSeconds: number, nowMs: number) {
    this.#perSecond = perSecond
    this.capacity = perSecond * burstSeconds
    this.#tokens = this.capacity
    this.#atMs = nowMs
  }

  /** Below 0: a debt. */
  tokens(nowMs: number): number {
    const gained = (Math.max(nowMs - this.#atMs, 0) / 1000) * this.#perSecond
    this.#tokens = Math.min(this.#tokens + gained, this.capacity)
    this.#atMs = nowMs
    return this.#tokens
  }

  /** Milliseconds until `cost` can be taken; 0 where it can be now. */
  waitMs(cost: number, nowMs: number): number {
    const missing = Math.min(cost, this.capacity) - this.tokens(nowMs)
    return missing <= 0 ? 0 : (missing / this.#perSecond) * 1000
  }

  /** Whether or not there is enough. */
  take(cost: number, nowMs: number): void {
    this.#tokens = this.tokens(nowMs) - cost
  }

  /** Milliseconds until the bucket is full. */
  fullMs(nowMs: number): number {
    return ((this.capacity - this.tokens(nowMs)) / this.#perSecond) * 1000
  }
}
