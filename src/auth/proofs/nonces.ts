import { createHmac, timingSafeEqual } from 'node:crypto'

const WINDOW_MS = 60_000
/** Proofs that are remembered in one window. */
const MOST_IDS = 100_000

/**
 * Nonces for proofs of possession, and the proofs that were used. A nonce is the number of a minute under a secret, so all
 * gateways with that secret give and take the same; it is good in its minute and the next.
 */
export class Nonces {
  readonly #secret: string
  readonly #now: () => number
  #window = 0
  /** Ids of the proofs used in this window and the one before. */
  #used: readonly [Set<string>, Set<string>] = [new Set(), new Set()]

  /** `now` in milliseconds since 1970. */
  constructor(secret: string, now: () => number) {
    this.#secret = secret
    this.#now = now
  }

  /** The nonce of this minute. */
  current(): string {
    return this.#nonceOf(this.#windowNow())
  }

  /** Returns `ending` for the nonce of the minute before, which is good for the rest of this one; `stale` if it is not good. */
  stateOf(nonce: unknown): 'fresh' | 'ending' | 'stale' {
    if (typeof nonce !== 'string') return 'stale'
    const window = this.#windowNow()
    if (isSame(nonce, this.#nonceOf(window))) return 'fresh'
    return isSame(nonce, this.#nonceOf(window - 1)) ? 'ending' : 'stale'
  }

  /**
   * Notes the use of a proof whose nonce is good. Returns `again` if this process has seen it, `full` if it can note no more.
   */
  use(id: string): 'first' | 'again' | 'full' {
    this.#turn()
    const [now, before] = this.#used
    if (now.has(id) || before.has(id)) return 'again'
    if (now.size >= MOST_IDS) return 'full'
    now.add(id)
    return 'first'
  }

  /** Forgets what was used two windows ago. A nonce of then is stale. */
  #turn(): void {
    const window = this.#windowNow()
    const passed = window - this.#window
    this.#window = window
    if (passed === 1) this.#used = [new Set(), this.#used[0]]
    else if (passed !== 0) this.#used = [new Set(), new Set()]
  }

  #windowNow(): number {
    return Math.floor(this.#now() / WINDOW_MS)
  }

  #nonceOf(window: number): string {
    return createHmac('sha256', this.#secret).update(`dpop ${window}`).digest('base64url')
  }
}

function isSame(one: string, other: string): boolean {
  return one.length === other.length && timingSafeEqual(Buffer.from(one), Buffer.from(other))
}
