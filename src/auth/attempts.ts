import { GatewayError } from '../core/errors.ts'
import { recent } from '../core/lib/recent.ts'

interface PairFailures {
  count: number
  untilMs: number
}

interface AddressFailures {
  count: number
  readonly sinceMs: number
}

const REMEMBERED = 10_000
/** From this failure of a user at an address on, the next attempt waits. */
const FREE_FAILURES = 5
const FIRST_WAIT_MS = 1000
const LONGEST_WAIT_MS = 60_000
/** A pair is forgotten so long after its last failure. */
const PAIR_MS = 10 * 60_000
const PER_MINUTE = 100
const MINUTE_MS = 60_000

/**
 * Counts failed attempts, and slows down whoever guesses: by user and address together, and by address. Never by user alone:
 * that would let anybody lock anybody out. Bounded: the oldest are forgotten.
 */
export class Attempts {
  readonly #now: () => number
  readonly #pairs = recent<string, PairFailures>(REMEMBERED)
  readonly #addresses = recent<string, AddressFailures>(REMEMBERED)

  /** `now` on any clock that never goes back. */
  constructor(now: () => number) {
    this.#now = now
  }

  /** Throws TOO_MANY_ATTEMPTS if the next attempt has to wait. `user` is left out for keys, which name none. */
  check(address: string, user?: string): void {
    const nowMs = this.#now()
    const pair = user === undefined ? undefined : this.#pairs.get(pairOf(address, user))
    const waits = [(pair?.untilMs ?? 0) - nowMs, this.#addressWaitMs(address, nowMs)]
    const waitMs = Math.max(...waits)
    if (waitMs <= 0) return
    throw new GatewayError('TOO_MANY_ATTEMPTS', 'Too many credentials were refused; wait before the next attempt.', {
      detail: `address ${address}`,
      headers: { 'Retry-After': String(Math.ceil(waitMs / 1000)) }
    })
  }

  failed(address: string, user?: string): void {
    const nowMs = this.#now()
    const known = this.#addresses.get(address)
    if (known === undefined || nowMs - known.sinceMs >= MINUTE_MS)
      this.#addresses.set(address, { count: 1, sinceMs: nowMs })
    else known.count++
    if (user !== undefined) this.#failedPair(pairOf(address, user), nowMs)
  }

  /** The user has shown the right password here. */
  succeeded(address: string, user: string): void {
    this.#pairs.delete(pairOf(address, user))
  }

  #failedPair(key: string, nowMs: number): void {
    const known = this.#pairs.get(key)
    const isStale = known === undefined || nowMs - known.untilMs >= PAIR_MS
    const count = isStale ? 1 : known.count + 1
    const waitMs = count < FREE_FAILURES ? 0 : Math.min(FIRST_WAIT_MS * 2 ** (count - FREE_FAILURES), LONGEST_WAIT_MS)
    this.#pairs.set(key, { count, untilMs: nowMs + waitMs })
  }

  #addressWaitMs(address: string, nowMs: number): number {
    const known = this.#addresses.get(address)
    return known === undefined || known.count < PER_MINUTE ? 0 : known.sinceMs + MINUTE_MS - nowMs
  }
}

function pairOf(address: string, user: string): string {
  return `${address}\n${user}`
}
