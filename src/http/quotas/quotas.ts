import { isReservedIssuer } from '../../config/issuers.ts'
import type { QuotaConfig, QuotasConfig } from '../../config/schema.ts'
import { canonicalId } from '../../core/lib/guid.ts'
import type { Principal } from '../../core/principal.ts'
import { Allowance } from './allowance.ts'
import { QuotaMeter } from './quota-meter.ts'

type Override = QuotasConfig['overrides'][number]

/**
 * Quotas of principals and of the whole listener. Memory is bounded: the principal that called least recently is forgotten
 * first.
 */
export class Quotas {
  readonly #config: QuotasConfig
  readonly #issuers: ReadonlyMap<string, string>
  readonly #now: () => number
  readonly #overrides: ReadonlyMap<string, readonly Override[]>
  readonly #meters = new Map<string, QuotaMeter>()
  readonly #listener: QuotaMeter | undefined

  /**
   * @param issuers the canonical name of each issuer that has several names
   * @param now milliseconds of any clock that never goes back
   */
  constructor(
    config: QuotasConfig,
    issuers: ReadonlyMap<string, string> = new Map(),
    now: () => number = () => performance.now()
  ) {
    this.#config = config
    this.#issuers = issuers
    this.#now = now
    this.#overrides = Map.groupBy(config.overrides, ({ principal }) => canonicalId(principal))
    this.#listener = config.listener === undefined ? undefined : new QuotaMeter(config.listener, "the gateway's", now())
  }

  /** Number of principals that are remembered. */
  get size(): number {
    return this.#meters.size
  }

  /** Charges one request. Returns undefined if the caller has no quota. Throws QUOTA_EXCEEDED. */
  admit(principal: Principal): Allowance | undefined {
    const own = this.#meterOf(principal)
    const listener = this.#listener
    if (own === undefined && listener === undefined) return undefined
    const meters = [own, listener].filter(meter => meter !== undefined)
    const allowance = new Allowance(meters, this.#now)
    allowance.enter()
    return allowance
  }

  #meterOf(principal: Principal): QuotaMeter | undefined {
    const quota = this.#quotaOf(principal)
    if (quota === undefined) return undefined
    const key = `${this.#issuer(principal.issuer)}\n${canonicalId(principal.id)}`
    const meter = this.#meters.get(key) ?? new QuotaMeter(quota, "the caller's", this.#now())
    this.#meters.delete(key)
    if (this.#meters.size >= this.#config.principalsRemembered) this.#forgetOne()
    this.#meters.set(key, meter)
    return meter
  }

  #quotaOf({ id, issuer }: Principal): QuotaConfig | undefined {
    const { principal } = this.#config
    if (this.#overrides.size === 0) return principal
    const own = this.#overrides.get(canonicalId(id))
    // Without an issuer an override is for callers with tokens, as a rule is.
    const fits = ({ issuer: named }: Override) =>
      named === undefined ? !isReservedIssuer(issuer) : this.#issuer(named) === this.#issuer(issuer)
    return own?.find(fits) ?? principal
  }

  /** Returns the canonical name, so that two token versions of one provider count as one caller. */
  #issuer(issuer: string): string {
    return this.#issuers.get(issuer) ?? issuer
  }

  /** Forgets the principal that called least recently and has no open request; if all have one, the least recent of all. */
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
