import type { QuotaConfig, QuotasConfig } from '../../config/schema.ts'
import { GatewayError } from '../../core/errors.ts'
import type { Principal } from '../../core/principal.ts'
import { type Cost, Meter, type Shortage } from './meter.ts'

/** What one admitted request may still use: of its principal's quotas and of the listener's. */
export interface Allowance {
  /** Takes the cost, or throws QUOTA_EXCEEDED and takes nothing. */
  charge(cost: Cost): void
  /** Takes the cost of what has been done already; the next request waits for it. */
  owe(cost: Cost): void
  /** To be called once, at the end of the request. */
  leave(): void
  /** For its answer. */
  headers(): Record<string, string>
}

interface Holder {
  readonly meter: Meter
  readonly name: string
}

/** Quotas of principals and of the whole listener. Memory is bounded: who has not called for longest is forgotten first. */
export class Quotas {
  readonly #config: QuotasConfig
  readonly #now: () => number
  readonly #meters = new Map<string, Meter>()
  readonly #listener: Meter | undefined

  /** `now` in milliseconds, on any clock that never goes back. */
  constructor(config: QuotasConfig, now: () => number = () => performance.now()) {
    this.#config = config
    this.#now = now
    this.#listener = config.listener === undefined ? undefined : new Meter(config.listener, now())
  }

  /** Principals that are remembered. */
  get size(): number {
    return this.#meters.size
  }

  /** Takes one request. Throws QUOTA_EXCEEDED; undefined where no quota concerns the caller. */
  admit(principal: Principal): Allowance | undefined {
    const own = this.#meterOf(principal)
    if (own === undefined && this.#listener === undefined) return undefined
    const holders: Holder[] = []
    if (own !== undefined) holders.push({ meter: own, name: "the caller's" })
    if (this.#listener !== undefined) holders.push({ meter: this.#listener, name: "the gateway's" })
    const nowMs = this.#now()
    refuse(holders, meter => meter.refusal(nowMs), nowMs)
    for (const { meter } of holders) {
      meter.enter()
      meter.take({ requests: 1 }, nowMs)
    }
    return this.#allowance(holders)
  }

  #allowance(holders: readonly Holder[]): Allowance {
    const take = (cost: Cost, nowMs: number) => {
      for (const { meter } of holders) meter.take(cost, nowMs)
    }
    return {
      charge: cost => {
        const nowMs = this.#now()
        refuse(holders, meter => meter.shortage(cost, nowMs), nowMs)
        take(cost, nowMs)
      },
      owe: cost => take(cost, this.#now()),
      leave: () => {
        for (const { meter } of holders) meter.leave()
      },
      headers: () => holders[0].meter.headers(this.#now())
    }
  }

  #meterOf(principal: Principal): Meter | undefined {
    const quota = this.#quotaOf(principal)
    if (quota === undefined) return undefined
    const key = `${principal.issuer}\n${principal.id}`
    const meter = this.#meters.get(key) ?? new Meter(quota, this.#now())
    this.#meters.delete(key)
    if (this.#meters.size >= this.#config.principalsRemembered) this.#forgetOne()
    this.#meters.set(key, meter)
    return meter
  }

  #quotaOf({ id, issuer }: Principal): QuotaConfig | undefined {
    return (
      this.#config.overrides.find(
        entry => entry.principal === id && (entry.issuer === undefined || entry.issuer === issuer)
      ) ?? this.#config.principal
    )
  }

  /** The one that has not called for longest and has nothing under way; else simply the first. */
  #forgetOne(): void {
    for (const [key, meter] of this.#meters) {
      if (meter.inUse) continue
      this.#meters.delete(key)
      return
    }
    const first = this.#meters.keys().next()
    if (!first.done) this.#meters.delete(first.value)
  }
}

function refuse(holders: readonly Holder[], judge: (meter: Meter) => Shortage | undefined, nowMs: number): void {
  for (const { meter, name } of holders) {
    const shortage = judge(meter)
    if (shortage === undefined) continue
    throw new GatewayError('QUOTA_EXCEEDED', `This is more than ${name} quota of ${shortage.unit}; nothing was done.`, {
      headers: { 'Retry-After': String(Math.max(Math.ceil(shortage.waitMs / 1000), 1)), ...meter.headers(nowMs) }
    })
  }
}
