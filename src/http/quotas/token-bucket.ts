/**
 * A token bucket that refills by `perSecond` up to `capacity`. A cost above the capacity passes when the bucket is full, and
 * leaves a debt: so a legal request of any size passes at some time, and the mean rate holds.
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

  /** Returns the tokens left; negative if there is a debt. */
  tokens(nowMs: number): number {
    const gained = (Math.max(nowMs - this.#atMs, 0) / 1000) * this.#perSecond
    this.#tokens = Math.min(this.#tokens + gained, this.capacity)
    this.#atMs = nowMs
    return this.#tokens
  }

  /** Returns the milliseconds until `cost` can be taken; 0 if it can be now. */
  waitMs(cost: number, nowMs: number): number {
    const missing = Math.min(cost, this.capacity) - this.tokens(nowMs)
    return missing <= 0 ? 0 : (missing / this.#perSecond) * 1000
  }

  /** Takes a cost, even if that leaves a debt. */
  take(cost: number, nowMs: number): void {
    this.#tokens = this.tokens(nowMs) - cost
  }

  /** Returns the milliseconds until the bucket is full. */
  fullMs(nowMs: number): number {
    return ((this.capacity - this.tokens(nowMs)) / this.#perSecond) * 1000
  }
}
