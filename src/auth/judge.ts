import { GatewayError } from '../core/errors.ts'
import type { CallerOutcome, CallerScheme, Meter } from '../core/meter.ts'
import { noAccess, type Principal } from '../core/principal.ts'
import type { ApiKeys } from './api-keys.ts'
import type { Attempts } from './attempts.ts'
import type { Caller } from './caller.ts'
import type { Certificates } from './certificates/certificates.ts'
import type { ForwardedCertificates } from './certificates/forwarded-certificates.ts'
import { Challenges } from './challenges.ts'
import { type Credentials, type Scheme, schemeNamed } from './credentials.ts'
import type { KafkaProof } from './kafka-proof.ts'
import type { OwnOrigins } from './own-origins.ts'
import { type Permission, principalOf } from './permission.ts'
import type { TokenVerifier } from './token-verifier.ts'

/** The schemes that are on; at least one. */
export interface Schemes {
  readonly tokens: TokenVerifier | undefined
  readonly apiKeys: ApiKeys | undefined
  readonly passwords: Scheme | undefined
  readonly certificates: Certificates | undefined
  /** Certificates that proxies pass on. */
  readonly forwarded?: ForwardedCertificates | undefined
}

export interface JudgeOptions {
  readonly attempts: Attempts
  readonly origins: OwnOrigins
  readonly meter: Pick<Meter, 'authenticated'>
  /** Has Kafka judge callers, where the gateway acts as them. */
  readonly proof?: KafkaProof | undefined
}

/** Judges requests: finds the scheme of their credential, then what its caller may do. */
export class Judge {
  /** The groups and rules in force. */
  permission: Permission
  readonly #schemes: Schemes
  /** In the order in which they look at a request; tokens take what no other scheme takes. */
  readonly #order: readonly Scheme[]
  readonly #challenges: Challenges
  readonly #options: JudgeOptions

  constructor(schemes: Schemes, permission: Permission, options: JudgeOptions) {
    const { tokens, apiKeys, passwords, certificates } = schemes
    this.permission = permission
    this.#schemes = schemes
    this.#order = [apiKeys, passwords, tokens, certificates].filter(scheme => scheme !== undefined)
    const all = [tokens, apiKeys, passwords, certificates].filter(scheme => scheme !== undefined)
    this.#challenges = new Challenges(all, tokens?.takesProofs === true)
    this.#options = options
  }

  /** Returns the principal at once if nobody has to be asked. Throws or rejects with the error that refuses the caller. */
  authenticate(credentials: Credentials): Principal | Promise<Principal> {
    if (this.#schemes.forwarded?.isFromProxy(credentials) === true) return this.#judgeForwarded(credentials)
    return this.#known(credentials) ?? this.#judge(credentials)
  }

  /** Judges the request of a proxy as if its client had connected itself. */
  async #judgeForwarded(credentials: Credentials): Promise<Principal> {
    const { headers, address, target, method, principal } = credentials
    const certificate = await this.#schemes.forwarded?.read(credentials).catch((error: unknown) => {
      throw this.#refused(error, 'certificate', credentials)
    })
    const offerNonce = (nonce: string) => credentials.offerNonce?.(nonce)
    const judged = { headers, address, target, method, principal, connection: { address, certificate }, offerNonce }
    return this.#known(judged) ?? this.#judge(judged)
  }

  /** Recognizes a token that was verified a moment ago: the path of nearly all requests. */
  #known(credentials: Credentials): Principal | undefined {
    const { tokens, apiKeys, certificates } = this.#schemes
    const { authorization } = credentials.headers
    if (tokens === undefined || authorization === undefined) return undefined
    if (apiKeys?.concerns(credentials) === true || certificates?.allowsOthers(credentials) === false) return undefined
    const caller = tokens.known(authorization)
    const principal = caller && this.permission.known(caller)
    if (!principal || !this.#isProven(principal)) return undefined
    this.#options.meter.authenticated('token', 'accepted')
    return principal
  }

  #judge(credentials: Credentials): Principal | Promise<Principal> {
    let name: CallerScheme = 'none'
    try {
      this.#refuseDoubtful(credentials)
      for (const scheme of this.#order) {
        name = scheme.name
        const caller = scheme.judge(credentials)
        if (caller === undefined) continue
        if (caller instanceof Promise) return this.#admit(caller, name, credentials)
        const principal = this.permission.known(caller)
        if (principal === undefined || !this.#isProven(principal))
          return this.#admit(Promise.resolve(caller), name, credentials)
        return this.#accepted(principal, caller, name)
      }
      throw this.#challenges.nothingSent()
    } catch (error) {
      throw this.#refused(error, name, credentials)
    }
  }

  async #admit(judging: Promise<Caller>, name: CallerScheme, credentials: Credentials): Promise<Principal> {
    const inForce = this.permission
    try {
      const caller = await judging
      const principal = await inForce.admit(caller)
      // Nobody is shown to Kafka who may do nothing here.
      if (principal !== null) await this.#prove(principal)
      return this.#accepted(principal, caller, name)
    } catch (error) {
      throw this.#refused(error, name, credentials)
    }
  }

  /** Whether Kafka has accepted what it is shown for the caller, if it is shown anything. */
  #isProven(principal: Principal | null): boolean {
    return principal?.kafka === undefined || this.#options.proof?.believes(principal.kafka.key) !== false
  }

  /** Has Kafka accept what it is shown for the caller. Rejects as {@link KafkaProof.prove} does. */
  async #prove({ kafka }: Principal): Promise<void> {
    const { proof } = this.#options
    if (kafka !== undefined && proof?.believes(kafka.key) === false) await proof.prove(kafka)
  }

  #accepted(principal: Principal | null, caller: Caller, name: CallerScheme): Principal {
    if (principal === null) throw notPermitted(caller)
    this.#options.meter.authenticated(name, 'accepted')
    return principal
  }

  #refused(error: unknown, name: CallerScheme, credentials: Credentials): unknown {
    if (!(error instanceof GatewayError)) return error
    const answer =
      name === 'api_key' && error.code === 'INVALID_CREDENTIALS' ? this.#counted(error, credentials) : error
    this.#options.meter.authenticated(answer.code === 'UNAUTHENTICATED' ? 'none' : name, outcomeOf(answer))
    return this.#challenges.with(answer, credentials)
  }

  /** Counts a bad key. A good one is never held up, since keys are judged before anything is counted. */
  #counted(error: GatewayError, { address = '' }: Credentials): GatewayError {
    const { attempts } = this.#options
    try {
      attempts.check(address)
      attempts.failed(address)
      return error
    } catch (refusal) {
      return refusal instanceof GatewayError ? refusal : error
    }
  }

  /** Refuses what may have leaked, or means two callers, before any credential is judged. */
  #refuseDoubtful(credentials: Credentials): void {
    const { apiKeys, passwords, certificates } = this.#schemes
    if (apiKeys !== undefined) refuseLeakOrChoice(apiKeys, credentials)
    const takesBasic = apiKeys !== undefined || passwords !== undefined
    const isBasic = takesBasic && schemeNamed(credentials.headers.authorization) === 'basic'
    if (isBasic || certificates?.isAlone(credentials) === true) this.#options.origins.refuseForeign(credentials)
    certificates?.demand(credentials)
  }
}

function refuseLeakOrChoice(apiKeys: ApiKeys, credentials: Credentials): void {
  const leakedId = apiKeys.leakedId(credentials)
  if (leakedId !== undefined) {
    throw new GatewayError(
      'CREDENTIAL_IN_QUERY',
      'The query holds an API key. It stands in logs now, so replace it, and send the new one as Authorization: Bearer.',
      { detail: `API key ${leakedId}`, credentialId: leakedId }
    )
  }
  const { authorization, 'x-api-key': key } = credentials.headers
  if (authorization !== undefined && key !== undefined)
    throw new GatewayError('SEVERAL_CREDENTIALS', 'Authorization and X-API-Key are both sent; send one of the two.')
}

function outcomeOf({ status }: GatewayError): CallerOutcome {
  if (status === 403) return 'denied'
  return status >= 429 ? 'unavailable' : 'refused'
}

function notPermitted(caller: Caller): GatewayError {
  const { identity, unmet } = caller
  const who = { detail: `principal ${identity.id}`, principal: principalOf(caller, noAccess) }
  if (unmet === null)
    return new GatewayError('NOT_PERMITTED', 'The caller belongs to no group that is permitted here.', who)
  const { message, detail, challenge } = unmet
  return new GatewayError('NOT_PERMITTED', message, {
    ...who,
    detail: `${who.detail}, ${detail}`,
    ...(challenge === undefined ? {} : { headers: { 'WWW-Authenticate': challenge } })
  })
}
