import { hash } from 'node:crypto'
import { decodeJwt, decodeProtectedHeader, errors, jwtVerify, type JWTPayload } from 'jose'
import type { OidcProviderConfig } from '../config/auth-schema.ts'
import { issuersOf } from '../config/issuers.ts'
import { bearerToken, invalidToken } from './bearer.ts'
import { callerOf, type Caller } from './caller.ts'
import { ExpiringMap } from './expiring-map.ts'
import { asksGraph, keysOfIssuer, tenantOf } from './issuers.ts'
import type { KeyLookup, KeySet } from './key-set.ts'
import type { Policy } from './policy.ts'

/** A trusted issuer and its keys. */
export interface TrustedIssuer {
  readonly config: OidcProviderConfig
  readonly keys: Pick<KeySet, 'current' | 'keysFor' | 'onChange'>
}

const REMEMBERED_LIMIT = 10_000
const REMEMBERED_MS = 60_000
/** Headers whose text is kept, so that the digest need not be reckoned for each request of a busy caller. */
const DIGESTS_LIMIT = 100
/** RFC 9068 §4 wants `at+jwt`; Entra ID writes `JWT`, others nothing. Tokens of other kinds (logout, DPoP) are no key to this door. */
const ACCESS_TOKEN_TYPE = /^(application\/)?(at\+)?jwt$/i

/** Verifies the tokens of trusted issuers, and remembers by digest the headers that held a good one. */
export class TokenVerifier {
  readonly #issuers: ReadonlyMap<string, TrustedIssuer>
  #policy: Policy
  readonly #onlyProvider: boolean
  readonly #now: () => number
  readonly #remembered: ExpiringMap<Caller>
  /** By header, of those in {@link #remembered} only. */
  readonly #digests: ExpiringMap<string>
  /** As many at most as there are requests under way. */
  #verifying = new Map<string, Promise<Caller>>()

  constructor(issuers: readonly TrustedIssuer[], policy: Policy, now: () => number) {
    this.#issuers = new Map(issuers.flatMap(trusted => issuersOf(trusted.config).map(issuer => [issuer, trusted])))
    this.#onlyProvider = issuers.length === 1
    this.#policy = policy
    this.#now = now
    this.#remembered = new ExpiringMap(REMEMBERED_LIMIT, now)
    this.#digests = new ExpiringMap(DIGESTS_LIMIT, now)
    for (const { keys } of issuers) keys.onChange(() => this.#remembered.clear())
  }

  /** From now on other groups matter: tokens are read anew, also those whose verification is under way. */
  replacePolicy(policy: Policy): void {
    this.#policy = policy
    this.#remembered.clear()
    this.#verifying = new Map()
  }

  /** Who an `Authorization` header stands for, if its token was verified within the last minute and has not expired. */
  known(authorization: string): Caller | undefined {
    const recent = this.#digests.get(authorization)
    if (recent !== undefined) return this.#remembered.get(recent)
    const key = digest(authorization)
    const caller = this.#remembered.get(key)
    if (caller !== undefined) this.#digests.set(authorization, key, this.#now() + REMEMBERED_MS)
    return caller
  }

  /** Throws UNAUTHENTICATED, INVALID_TOKEN and IDENTITY_UNAVAILABLE. */
  async verify(authorization: string | undefined): Promise<Caller> {
    const token = bearerToken(authorization)
    const key = digest(authorization ?? '')
    const known = this.#remembered.get(key)
    if (known !== undefined) return known
    const underWay = this.#verifying
    let verifying = underWay.get(key)
    if (verifying === undefined) {
      verifying = this.#judge(token, key).finally(() => underWay.delete(key))
      underWay.set(key, verifying)
    }
    return verifying
  }

  async #judge(token: string, key: string): Promise<Caller> {
    const policy = this.#policy
    const { issuer, keyId } = unverifiedParts(token)
    const trusted = this.#issuers.get(issuer)
    if (trusted === undefined) {
      throw invalidToken('The token is not from a trusted issuer.', `issuer ${issuer.slice(0, 200)}`)
    }
    const lookup = await trusted.keys.keysFor(keyId)
    const claims = await this.#verified(token, keysOfIssuer(lookup, issuer), issuer, trusted.config)
    const caller = callerOf(claims, trusted.config, asksGraph(trusted.config, this.#onlyProvider), policy)
    // Keys or policy may have changed meanwhile: what the old ones vouched for must not outlive them.
    if (trusted.keys.current === lookup && this.#policy === policy) {
      const untilMs = Math.min(this.#now() + REMEMBERED_MS, (claims.exp ?? 0) * 1000)
      this.#remembered.set(key, caller, untilMs)
    }
    return caller
  }

  async #verified(token: string, lookup: KeyLookup, issuer: string, config: OidcProviderConfig): Promise<JWTPayload> {
    try {
      const { payload, protectedHeader } = await jwtVerify(token, lookup, {
        algorithms: config.algorithms,
        issuer,
        audience: config.audience,
        clockTolerance: config.clockToleranceMs / 1000,
        requiredClaims: ['exp'],
        currentDate: new Date(this.#now())
      })
      const type = protectedHeader.typ ?? 'JWT'
      if (!ACCESS_TOKEN_TYPE.test(type)) throw new errors.JWTInvalid(`typ ${type.slice(0, 200)}`)
      const tenant = tenantOf(issuer)
      const isForeign = config.tenants.length > 0 && payload.tid !== tenant
      if (isForeign) throw new errors.JWTInvalid(`tid is not ${tenant}`)
      return payload
    } catch (error) {
      const message = error instanceof errors.JWTExpired ? 'The token has expired.' : 'The token is not valid here.'
      throw invalidToken(message, String(error))
    }
  }
}

/** Of the whole header, before it is parsed: of several ways measured the cheapest, and few tokens are kept. */
function digest(authorization: string): string {
  return hash('sha256', authorization, 'base64')
}

/** Only to choose the issuer and the key; nothing of it is believed before the signature was checked. */
function unverifiedParts(token: string): { issuer: string; keyId: string | undefined } {
  try {
    const { kid } = decodeProtectedHeader(token)
    return { issuer: String(decodeJwt(token).iss), keyId: kid }
  } catch (error) {
    throw invalidToken('The token is malformed.', String(error))
  }
}
