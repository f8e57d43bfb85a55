import { createLocalJWKSet, type CryptoKey, type JWK, type JWSHeaderParameters } from 'jose'
import { mayServe } from './issuers.ts'

/** So many signatures at most are checked for one token. */
const CANDIDATES_LIMIT = 8
const THUMBPRINTS = ['x5t#S256', 'x5t'] as const

interface Entry {
  readonly jwk: JWK
  /** Rejects unless the key fits the header's `alg`. */
  readonly fitting: (header: JWSHeaderParameters) => Promise<CryptoKey>
}

/** The signature keys of a provider, as of one look at them. */
export class KeyRing {
  readonly #entries: readonly Entry[]

  /** Identical entries are one key: some providers list theirs twice. */
  constructor(keys: readonly JWK[]) {
    const distinct = new Map(keys.map(jwk => [JSON.stringify(jwk), jwk]))
    this.#entries = [...distinct.values()].map(jwk => ({ jwk, fitting: createLocalJWKSet({ keys: [jwk] }) }))
  }

  get size(): number {
    return this.#entries.length
  }

  /** Whether the header names a key that is not here. */
  lacks(header: JWSHeaderParameters): boolean {
    return this.#named(header)?.length === 0
  }

  /**
   * Returns the keys that may have signed a token of this header and issuer: those that it names, by `kid` or by the
   * thumbprint of a certificate; without a name, or where the set has none, all that fit its `alg`; eight at most.
   */
  async candidates(header: JWSHeaderParameters, issuer: string): Promise<readonly CryptoKey[]> {
    const { alg = '' } = header
    const fitting: CryptoKey[] = []
    for (const { jwk, fitting: keyFor } of this.#named(header) ?? this.#entries) {
      if (!mayServe(jwk, issuer)) continue
      // One that does not fit, or that cannot be read, is no candidate.
      const key = await keyFor({ alg }).catch(() => undefined)
      if (key !== undefined && fitting.push(key) === CANDIDATES_LIMIT) break
    }
    return fitting
  }

  /** Undefined if the header names no key, or names it by what no key of the set has. */
  #named(header: JWSHeaderParameters): readonly Entry[] | undefined {
    for (const name of ['kid', ...THUMBPRINTS] as const) {
      const wanted = header[name]
      if (wanted !== undefined && this.#entries.some(({ jwk }) => jwk[name] !== undefined))
        return this.#entries.filter(({ jwk }) => jwk[name] === wanted)
    }
    return undefined
  }
}
