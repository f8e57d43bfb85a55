import { GatewayError } from '../../core/errors.ts'
import type { Cost, Meter, Shortage } from './meter.ts'

/** What one admitted request may still use: of its principal's quotas and of the listener's. */
export class Allowance {
  /** One or two; the principal's first. */
  readonly #meters: readonly Meter[]
  readonly #now: () => number
  #reserved: Cost | undefined

  constructor(meters: readonly Meter[], now: () => number) {
    this.#meters = meters
    this.#now = now
  }

  /** Takes one request; it ends with {@link leave}. Throws QUOTA_EXCEEDED. */
  enter(): void {
    const nowMs = this.#now()
    for (const meter of this.#meters) refuse(meter, meter.refusal(nowMs), nowMs)
    for (const meter of this.#meters) meter.enter(nowMs)
  }

  /** Takes the cost, or throws QUOTA_EXCEEDED and takes nothing. */
  charge(cost: Cost): void {
    const nowMs = this.#now()
    for (const meter of this.#meters) refuse(meter, meter.shortage(cost, nowMs), nowMs)
    this.#take(cost, nowMs)
  }

  /**
   * Sets aside for a page what the caller's last one took, so that pages which are read at the same time are not all read
   * for nothing. {@link settle} or {@link leave} gives it back.
   */
  reserve(): void {
    this.#reserved = this.#meters[0].lastPage
    this.#take(this.#reserved, this.#now())
  }

  /**
   * Takes what a page costs, now that it is known; the next request waits for a debt. Throws QUOTA_EXCEEDED, and takes
   * nothing, if others have left a debt since this request was admitted: then the page must not be sent.
   */
  settle(page: Cost): void {
    const nowMs = this.#now()
    this.#giveBack(nowMs)
    this.#meters[0].lastPage = page
    for (const meter of this.#meters) refuse(meter, meter.shortage(NOTHING, nowMs), nowMs)
    this.#take(page, nowMs)
  }

  /** Takes what was delivered already; the next request waits for a debt. */
  chargeAfter(cost: Cost): void {
    this.#take(cost, this.#now())
  }

  /** Call once, when the request is over. */
  leave(): void {
    this.#giveBack(this.#now())
    for (const meter of this.#meters) meter.leave()
  }

  /** For its answer. */
  headers(): Record<string, string> {
    return this.#meters[0].headers(this.#now())
  }

  #take(cost: Cost, nowMs: number): void {
    for (const meter of this.#meters) meter.take(cost, nowMs)
  }

  #giveBack(nowMs: number): void {
    if (this.#reserved === undefined) return
    for (const meter of this.#meters) meter.giveBack(this.#reserved, nowMs)
    this.#reserved = undefined
  }
}

const NOTHING: Cost = {}

function refuse(meter: Meter, shortage: Shortage | undefined, nowMs: number): void {
  if (shortage === undefined) return
  const text = `This is more than ${meter.holder} quota of ${shortage.unit}; nothing was done.`
  const retryAfterS = String(Math.max(Math.ceil(shortage.waitMs / 1000), 1))
  throw new GatewayError('QUOTA_EXCEEDED', text, { headers: { 'Retry-After': retryAfterS, ...meter.headers(nowMs) } })
}
