import { createLocalJWKSet, type CryptoKey, type JWK, type JWSHeaderParameters } from 'jose'
import { mayServe } from './issuers.ts'

/** The most signature checks for one token. */
const CANDIDATES_LIMIT = 8
const THUMBPRINTS = ['x5t#S256', 'x5t'] as const

interface Entry {
  readonly jwk: JWK
  /** Rejects unless the key fits the header's `alg`. */
  readonly fitting: (header: JWSHeaderParameters) => Promise<CryptoKey>
}

/** The signature keys of a provider at one time. */
export class KeyRing {
  readonly #entries: readonly Entry[]

  /** Merges identical entries: some providers list a key twice. */
  constructor(keys: readonly JWK[]) {
    const distinct = new Map(keys.map(jwk => [JSON.stringify(jwk), jwk]))
    this.#entries = [...distinct.values()].map(jwk => ({ jwk, fitting: createLocalJWKSet({ keys: [jwk] }) }))
  }

  get size(): number {
    return this.#entries.length
  }

  /** Returns whether the header names a key that is not here. */
  lacks(header: JWSHeaderParameters): boolean {
    return this.#named(header)?.length === 0
  }

  /**
   * Returns the keys that may have signed a token with this header and issuer, eight at most: those that it names, by `kid` or
   * by a certificate's thumbprint. If it names none, or the keys have no names, all that fit its `alg`.
   */
  async candidates(header: JWSHeaderParameters, issuer: string): Promise<readonly CryptoKey[]> {
    const { alg = '' } = header
    const fitting: CryptoKey[] = []
    for (const { jwk, fitting: keyFor } of this.#named(header) ?? this.#entries) {
      if (!mayServe(jwk, issuer)) continue
      // Skip a key that does not fit the algorithm or cannot be read.
      const key = await keyFor({ alg }).catch(() => undefined)
      if (key !== undefined && fitting.push(key) === CANDIDATES_LIMIT) break
    }
    return fitting
  }

  /** Returns the keys that the header names; undefined if it names none, or by a name that no key has. */
  #named(header: JWSHeaderParameters): readonly Entry[] | undefined {
    for (const name of ['kid', ...THUMBPRINTS] as const) {
      const wanted = header[name]
      if (wanted !== undefined && this.#entries.some(({ jwk }) => jwk[name] !== undefined))
        return this.#entries.filter(({ jwk }) => jwk[name] === wanted)
    }
    return undefined
  }
}
