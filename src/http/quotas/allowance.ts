import { GatewayError } from '../../core/errors.ts'
import type { Cost, Occupation, QuotaMeter, Shortage } from './quota-meter.ts'

/** One admitted request's share of the quotas: of its principal's and of the listener's. */
export class Allowance {
  /** The principal's quotas, the listener's, or both in this order. */
  readonly #meters: readonly QuotaMeter[]
  readonly #now: () => number
  #reserved: Cost | undefined
  #occupies: Occupation = 'requests'

  constructor(meters: readonly QuotaMeter[], now: () => number) {
    this.#meters = meters
    this.#now = now
  }

  /** Charges one request, which ends with {@link leave}. Throws QUOTA_EXCEEDED. */
  enter(): void {
    const nowMs = this.#now()
    for (const meter of this.#meters) refuse(meter, meter.refusal(nowMs), nowMs)
    for (const meter of this.#meters) meter.enter(nowMs)
  }

  /** Gives back what is reserved, and takes a slot of that kind in place of the one of `requests`. Throws QUOTA_EXCEEDED. */
  occupy(kind: 'waits' | 'streams'): void {
    const nowMs = this.#now()
    for (const meter of this.#meters) refuse(meter, meter.lackOfSlots(kind), nowMs)
    this.#giveBack(nowMs)
    this.#occupy(kind)
  }

  endWait(): void {
    this.#occupy('requests')
  }

  /** Charges a cost, or throws QUOTA_EXCEEDED and charges nothing. */
  charge(cost: Cost): void {
    const nowMs = this.#now()
    for (const meter of this.#meters) refuse(meter, meter.shortage(cost, nowMs), nowMs)
    this.#take(cost, nowMs)
  }

  /**
   * Reserves for a page what the caller's last page cost, so that concurrent reads do not fetch pages that must be refused.
   * {@link settle} or {@link leave} gives it back.
   */
  reserve(): void {
    this.#reserved = this.#meters[0].lastPage
    this.#take(this.#reserved, this.#now())
  }

  /**
   * Charges the known cost of a page. A debt delays the next request. Throws QUOTA_EXCEEDED, and charges nothing, if other
   * requests have left a debt since this one was admitted: the page must not be sent then.
   */
  settle(page: Cost): void {
    const nowMs = this.#now()
    this.#giveBack(nowMs)
    this.#meters[0].lastPage = page
    for (const meter of this.#meters) refuse(meter, meter.shortage(NOTHING, nowMs), nowMs)
    this.#take(page, nowMs)
  }

  /** Charges what was delivered already. A debt delays the next request. Returns the milliseconds until it is paid. */
  chargeAfter(cost: Cost): number {
    const nowMs = this.#now()
    this.#take(cost, nowMs)
    return Math.max(...this.#meters.map(meter => meter.shortage(NOTHING, nowMs)?.waitMs ?? 0))
  }

  /** Call once, when the request is over. */
  leave(): void {
    this.#giveBack(this.#now())
    for (const meter of this.#meters) meter.leave(this.#occupies)
  }

  /** Returns the headers of the answer. */
  headers(): Record<string, string> {
    return this.#meters[0].headers(this.#now())
  }

  #occupy(kind: Occupation): void {
    for (const meter of this.#meters) meter.move(this.#occupies, kind)
    this.#occupies = kind
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

function refuse(meter: QuotaMeter, shortage: Shortage | undefined, nowMs: number): void {
  if (shortage === undefined) return
  const text = `This is more than ${meter.holder} quota of ${shortage.unit}; nothing was done.`
  const retryAfterS = String(Math.max(Math.ceil(shortage.waitMs / 1000), 1))
  throw new GatewayError('QUOTA_EXCEEDED', text, { headers: { 'Retry-After': retryAfterS, ...meter.headers(nowMs) } })
}
