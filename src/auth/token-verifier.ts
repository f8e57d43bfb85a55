import { createHash } from 'node:crypto'
import { decodeJwt, decodeProtectedHeader, errors, jwtVerify, type JWTPayload } from 'jose'
import type { OidcProviderConfig } from '../config/schema.ts'
import { GatewayError } from '../core/errors.ts'
import type { Principal } from '../core/principal.ts'
import { invalidToken } from './bearer.ts'
import type { KeySet } from './key-set.ts'

/** A verified token: who calls, and what it says of groups. */
export interface Caller {
  readonly principal: Principal
  /** Values of the configured claims; null where the token carries none of them. */
  readonly groups: ReadonlySet<string> | null
  /** The token leaves groups out because there are too many, or was issued without them: they can be asked elsewhere. */
  readonly groupsElsewhere: boolean
}

interface Remembered {
  readonly caller: Caller
  readonly untilMs: number
}

const REMEMBERED_LIMIT = 10_000
const REMEMBERED_MS = 60_000

/** Verifies tokens of the configured providers and remembers those it has verified, by digest. */
export class TokenVerifier {
  readonly #providers: ReadonlyMap<string, { readonly config: OidcProviderConfig; readonly keys: KeySet }>
  readonly #now: () => number
  readonly #remembered = new Map<string, Remembered>()

  constructor(providers: readonly OidcProviderConfig[], keySets: readonly KeySet[], now: () => number) {
    this.#providers = new Map(providers.map((config, index) => [config.issuer, { config, keys: keySets[index] }]))
    this.#now = now
    for (const keys of keySets) keys.onChange(() => this.#remembered.clear())
  }

  /** The caller of a token that was verified within the last minute and has not expired. */
  known(token: string): Caller | undefined {
    const found = this.#remembered.get(digest(token))
    return found !== undefined && this.#now() < found.untilMs ? found.caller : undefined
  }

  /** Throws INVALID_TOKEN and IDENTITY_UNAVAILABLE. */
  async verify(token: string): Promise<Caller> {
    const known = this.known(token)
    if (known !== undefined) return known
    const { issuer, keyId } = unverifiedParts(token)
    const provider = this.#providers.get(issuer)
    if (provider === undefined)
      throw invalidToken('The token is not from a trusted issuer.', `issuer ${issuer.slice(0, 200)}`)
    const claims = await this.#verified(token, keyId, provider.config, provider.keys)
    const caller = callerOf(claims, provider.config)
    this.#remember(token, caller, (claims.exp ?? 0) * 1000)
    return caller
  }

  async #verified(
    token: string,
    keyId: string | undefined,
    config: OidcProviderConfig,
    keys: KeySet
  ): Promise<JWTPayload> {
    const lookup = await keys.keysFor(keyId)
    try {
      const { payload } = await jwtVerify(token, lookup, {
        algorithms: config.algorithms,
        issuer: config.issuer,
        audience: config.audience,
        clockTolerance: config.clockToleranceMs / 1000,
        requiredClaims: ['exp'],
        currentDate: new Date(this.#now())
      })
      return payload
    } catch (error) {
      if (error instanceof GatewayError) throw error
      const message = error instanceof errors.JWTExpired ? 'The token has expired.' : 'The token is not valid here.'
      throw invalidToken(message, String(error))
    }
  }

  #remember(token: string, caller: Caller, expiresAtMs: number): void {
    if (this.#remembered.size >= REMEMBERED_LIMIT) {
      const oldest = this.#remembered.keys().next()
      if (!oldest.done) this.#remembered.delete(oldest.value)
    }
    this.#remembered.set(digest(token), { caller, untilMs: Math.min(this.#now() + REMEMBERED_MS, expiresAtMs) })
  }
}

function digest(token: string): string {
  return createHash('sha256').update(token).digest('base64')
}

/** Only to choose the provider and the key; nothing of it is believed before the signature was checked. */
function unverifiedParts(token: string): { issuer: string; keyId: string | undefined } {
  try {
    const { kid } = decodeProtectedHeader(token)
    return { issuer: String(decodeJwt(token).iss), keyId: kid }
  } catch (error) {
    throw invalidToken('The token is malformed.', String(error))
  }
}

function callerOf(claims: JWTPayload, config: OidcProviderConfig): Caller {
  const id = text(claims.oid) ?? text(claims.sub)
  if (id === undefined) throw invalidToken('The token names no caller.', 'neither oid nor sub')
  const clientId = text(claims.appid) ?? text(claims.azp)
  const principal: Principal = Object.freeze({
    id,
    issuer: config.issuer,
    appOnly: claims.scp === undefined,
    ...(clientId === undefined ? {} : { clientId })
  })
  const present = config.groupsClaims.map(name => claims[name]).filter(value => value !== undefined)
  const groups = present.length === 0 ? null : new Set(present.flat().filter(value => typeof value === 'string'))
  // Entra ID leaves `groups` out for its own resources and where there are too many ("overage", named in `_claim_names`).
  return { principal, groups, groupsElsewhere: claims.groups === undefined }
}

function text(claim: unknown): string | undefined {
  return typeof claim === 'string' && claim !== '' ? claim : undefined
}
