import { hash } from 'node:crypto'
import {
  type CryptoKey,
  decodeJwt,
  decodeProtectedHeader,
  errors,
  type JWSHeaderParameters,
  jwtVerify,
  type JWTPayload,
  type JWTVerifyOptions
} from 'jose'
import type { OidcProviderConfig } from '../config/auth-schema.ts'
import { issuersOf } from '../config/issuers.ts'
import type { GatewayError } from '../core/errors.ts'
import { type Recent, recent } from '../core/lib/recent.ts'
import { SingleFlight } from '../core/lib/single-flight.ts'
import { bearerToken, invalidToken } from './bearer.ts'
import { callerOf, type Caller } from './caller.ts'
import { type Credentials, type Scheme, schemeNamed } from './credentials.ts'
import { asksGraph, tenantOf } from './issuers.ts'
import type { KafkaTokens } from './kafka-tokens.ts'
import type { KeyRing } from './key-ring.ts'
import type { KeySet } from './key-set.ts'
import type { Policy } from './policy.ts'
import type { Proofs } from './proofs/proofs.ts'
import { remember, remembering } from './remembering.ts'
import { otherKind } from './token-kind.ts'

/** A trusted issuer and its keys. */
export interface TrustedIssuer {
  readonly config: OidcProviderConfig
  readonly keys: Pick<KeySet, 'current' | 'ringFor' | 'ringAfter' | 'onChange'>
}

export interface TokenVerifierOptions {
  /** Judges the proofs of tokens that are bound to a key; without it none is taken. */
  readonly proofs?: Proofs | undefined
  /** Shows tokens to Kafka; without it none is. */
  readonly kafka?: KafkaTokens | undefined
}

const REMEMBERED_LIMIT = 10_000
const REMEMBERED_MS = 60_000
/** The most headers whose digest is kept, so that it is not computed for each request of a busy caller. */
const DIGESTS_LIMIT = 100

/** Verifies the tokens of trusted issuers. Remembers valid ones for a minute, by a digest of the header. */
export class TokenVerifier implements Scheme {
  readonly name = 'token'
  readonly text = 'a bearer token'
  readonly #issuers: ReadonlyMap<string, TrustedIssuer>
  #policy: Policy
  readonly #onlyProvider: boolean
  readonly #proofs: Proofs | undefined
  readonly #kafka: KafkaTokens | undefined
  readonly #now: () => number
  readonly #remembered: Recent<string, Caller>
  /** Digest by header, of those in {@link #remembered} only. */
  readonly #digests = recent<string, string>(DIGESTS_LIMIT)
  /** Verifications in flight, by digest; bounded by the requests in flight. */
  #verifying = new SingleFlight<Caller>()

  /** `now`, milliseconds since 1970, is for the times in tokens; `steadyNow`, monotonic, for remembering them. */
  constructor(
    issuers: readonly TrustedIssuer[],
    policy: Policy,
    now: () => number,
    steadyNow: () => number,
    { proofs, kafka }: TokenVerifierOptions = {}
  ) {
    this.#proofs = proofs
    this.#kafka = kafka
    this.#issuers = new Map(issuers.flatMap(trusted => issuersOf(trusted.config).map(issuer => [issuer, trusted])))
    this.#onlyProvider = issuers.length === 1
    this.#policy = policy
    this.#now = now
    this.#remembered = remembering(REMEMBERED_LIMIT, steadyNow)
    for (const { keys } of issuers) keys.onChange(() => this.#remembered.clear())
  }

  /** Changes the groups and roles to keep. Reads all tokens anew, including those being verified. */
  replacePolicy(policy: Policy): void {
    this.#policy = policy
    this.#remembered.clear()
    this.#verifying = new SingleFlight()
  }

  /**
   * Returns the caller of an `Authorization` header whose token was verified within the last minute and is still valid.
   * Returns undefined for a token that is bound to something: its proof is judged each time.
   */
  known(authorization: string): Caller | undefined {
    const recent = this.#digests.get(authorization)
    if (recent !== undefined) return this.#remembered.get(recent)
    const key = digest(authorization)
    const caller = this.#remembered.get(key)
    if (caller === undefined || caller.confirmation !== undefined) return undefined
    this.#digests.set(authorization, key)
    return caller
  }

  /** Whether proofs of possession are taken, by any provider. */
  get takesProofs(): boolean {
    return this.#proofs !== undefined
  }

  judge(credentials: Credentials): Promise<Caller> | undefined {
    const scheme = schemeNamed(credentials.headers.authorization)
    if (scheme === 'bearer') return this.#judgeBearer(credentials)
    return scheme === 'dpop' && this.#proofs !== undefined ? this.#judgeBound(credentials, this.#proofs) : undefined
  }

  /** A token without a proof: it must be bound to nothing, or to the certificate of its connection. */
  async #judgeBearer({ headers: { authorization }, connection }: Credentials): Promise<Caller> {
    const caller = await this.verify(authorization)
    const { confirmation } = caller
    if (confirmation === undefined) return caller
    // RFC 9449 §7.2, RFC 8705 §3: a stolen token alone is useless.
    const isHeld = confirmation.jkt === undefined && confirmation.certificate !== undefined
    if (isHeld && connection?.certificate?.thumbprint === confirmation.certificate) return caller
    throw invalidToken('The token is bound to what its sender must prove to hold.', 'a bound token without its proof')
  }

  async #judgeBound(credentials: Credentials, proofs: Proofs): Promise<Caller> {
    const { authorization } = credentials.headers
    const caller = await this.verify(authorization)
    const { jkt = '', certificate } = caller.confirmation ?? {}
    if (certificate !== undefined && certificate !== credentials.connection?.certificate?.thumbprint)
      throw invalidToken('The token is bound to what its sender must prove to hold.', 'another certificate')
    if (credentials.principal === undefined) await proofs.judge(credentials, bearerToken(authorization), jkt)
    return caller
  }

  /** Verifies an `Authorization` header. Throws UNAUTHENTICATED, INVALID_TOKEN and IDENTITY_UNAVAILABLE. */
  async verify(authorization = ''): Promise<Caller> {
    const token = bearerToken(authorization)
    const key = digest(authorization)
    const known = this.#remembered.get(key)
    if (known !== undefined) return known
    return this.#verifying.of(key, () => this.#judge(authorization, token, key))
  }

  async #judge(authorization: string, token: string, key: string): Promise<Caller> {
    const policy = this.#policy
    const { issuer, header } = unverifiedParts(token)
    const trusted = this.#issuers.get(issuer)
    if (trusted === undefined) {
      throw invalidToken('The token is not from a trusted issuer.', `issuer ${issuer.slice(0, 200)}`)
    }
    const { config, keys } = trusted
    const { claims, ring } = await this.#verified(token, header, issuer, trusted)
    const named = callerOf(claims, config, asksGraph(config, this.#onlyProvider), policy)
    // Kafka would take a bound token from anybody.
    const kafka = named.confirmation === undefined ? this.#kafka?.identityOf(token, claims, config) : undefined
    const caller = kafka === undefined ? named : { ...named, kafka }
    assertBinding(caller, config, schemeNamed(authorization) === 'dpop')
    // Do not remember what keys or policy vouched for that were replaced meanwhile.
    if (keys.current === ring && this.#policy === policy) {
      const leftMs = (claims.exp ?? 0) * 1000 - this.#now()
      remember(this.#remembered, key, caller, Math.min(REMEMBERED_MS, leftMs))
    }
    return caller
  }

  async #verified(token: string, header: JWSHeaderParameters, issuer: string, { config, keys }: TrustedIssuer) {
    const ring = await keys.ringFor(header)
    try {
      return { ring, claims: await this.#claimsOf(token, header, issuer, ring, config) }
    } catch (error) {
      if (!(error instanceof errors.JWSSignatureVerificationFailed)) throw refusal(error)
    }
    const newer = await keys.ringAfter(ring)
    try {
      if (newer === ring) throw new errors.JWSSignatureVerificationFailed()
      return { ring: newer, claims: await this.#claimsOf(token, header, issuer, newer, config) }
    } catch (error) {
      throw refusal(error)
    }
  }

  /** Returns the verified claims. Throws what jose throws. */
  async #claimsOf(
    token: string,
    header: JWSHeaderParameters,
    issuer: string,
    ring: KeyRing,
    config: OidcProviderConfig
  ): Promise<JWTPayload> {
    const { payload, protectedHeader } = await verifyWithAny(token, await ring.candidates(header, issuer), {
      algorithms: config.algorithms,
      issuer,
      audience: config.audience,
      clockTolerance: config.clockToleranceMs / 1000,
      requiredClaims: ['exp'],
      currentDate: new Date(this.#now())
    })
    const kind = otherKind(protectedHeader.typ, payload, config.requiredTokenType)
    if (kind !== undefined) throw new errors.JWTInvalid(`not an access token: ${kind}`)
    const tenant = tenantOf(issuer)
    const isForeign = config.tenants.length > 0 && payload.tid !== tenant
    if (isForeign) throw new errors.JWTInvalid(`tid is not ${tenant}`)
    return payload
  }
}

async function verifyWithAny(token: string, keys: readonly CryptoKey[], options: JWTVerifyOptions) {
  let failure: unknown = new errors.JWKSNoMatchingKey()
  for (const key of keys) {
    try {
      return await jwtVerify(token, key, options)
    } catch (error) {
      failure = error
      // Try the next key after a wrong signature, and after a key that cannot be used, such as one too short.
      const mayFitNext = error instanceof errors.JWSSignatureVerificationFailed || !(error instanceof errors.JOSEError)
      if (!mayFitNext) break
    }
  }
  throw failure
}

/** Throws INVALID_TOKEN if the provider's tokens must be bound to a key and this one is not, or its scheme says that it is. */
function assertBinding({ confirmation }: Caller, { dpop }: OidcProviderConfig, isProof: boolean): void {
  const isBound = confirmation?.jkt !== undefined
  if (isProof && (!isBound || dpop === 'off'))
    throw invalidToken('The token is not bound to a key that is taken here.', `dpop is ${dpop}`)
  if (dpop === 'require' && !isBound) throw invalidToken('The token must be bound to a key (DPoP).', 'no cnf.jkt')
}

/** Makes the error for a token that jose refused. The reason goes to the log. */
function refusal(error: unknown): GatewayError {
  const message = error instanceof errors.JWTExpired ? 'The token has expired.' : 'The token is not valid here.'
  return invalidToken(message, String(error))
}

/** Hashes the whole header, unparsed: the cheapest of several ways measured. */
function digest(authorization: string): string {
  return hash('sha256', authorization, 'base64')
}

/** Reads issuer and header to choose the key. Nothing of it is trusted before the signature is checked. */
function unverifiedParts(token: string): { issuer: string; header: JWSHeaderParameters } {
  try {
    return { issuer: String(decodeJwt(token).iss), header: decodeProtectedHeader(token) }
  } catch (error) {
    throw invalidToken('The token is malformed.', String(error))
  }
}
