import type { AuthConfig } from '../config/schema.ts'
import { GatewayError } from '../core/errors.ts'
import type { Log } from '../core/log.ts'
import { anonymous, noAccess, type Principal } from '../core/principal.ts'
import type { Caller } from './caller.ts'
import { GraphMembership } from './graph-membership.ts'
import { KeySet } from './key-set.ts'
import { Permission, principalOf } from './permission.ts'
import { Policy, type AccessConfig } from './policy.ts'
import { TokenVerifier } from './token-verifier.ts'

export interface AuthenticatorReadings {
  readonly keySets: readonly { readonly issuer: string; readonly ageSeconds: number }[]
  readonly graphCalls: { readonly answered: number; readonly failed: number }
}

/** Finds out who calls, and what they may do. */
export interface Authenticator {
  /**
   * Checks an `Authorization` header. Returns the principal at once if the token was verified within the last minute, else a
   * promise. Rejects with UNAUTHENTICATED, INVALID_TOKEN, NOT_PERMITTED, or with IDENTITY_UNAVAILABLE if the provider or Graph
   * does not answer.
   */
  authenticate(authorization: string | undefined): Principal | Promise<Principal>
  /** Whether the keys of every provider are loaded. */
  ready(): boolean
  /** Returns the current values for metrics. */
  readings(): AuthenticatorReadings
  /** Begins to load keys. Resolves after the first attempt, whether it succeeds or not. */
  start(): Promise<void>
  /** Replaces groups and rules for new requests. Those in flight keep the ones they came under. */
  replaceRules(access: AccessConfig): void
  close(): void
}

export interface AuthenticatorOptions {
  /** HTTPS_PROXY and the like, for requests to providers and Graph. */
  readonly proxyEnvironment?: NodeJS.ProcessEnv | undefined
  /** Time limit of all questions to Graph about one caller. */
  readonly graphTimeLimitMs?: number
  /** Milliseconds since 1970. */
  readonly now?: () => number
  /** Milliseconds of a monotonic clock, for pauses and caches. */
  readonly steadyNow?: () => number
}

const GRAPH_TIME_LIMIT_MS = 8000

export function createAuthenticator(config: AuthConfig, log: Log, options: AuthenticatorOptions = {}): Authenticator {
  if (config.mode === 'none') return open
  const { proxyEnvironment, graphTimeLimitMs = GRAPH_TIME_LIMIT_MS } = options
  const { now = Date.now, steadyNow = () => performance.now() } = options
  const issuers = config.oidc.map(provider => ({
    config: provider,
    keys: new KeySet(provider, log, proxyEnvironment, steadyNow)
  }))
  const policy = new Policy(config)
  const verifier = new TokenVerifier(issuers, policy, now, steadyNow)
  const graph =
    config.graph === undefined
      ? null
      : new GraphMembership(config.graph, policy, log, proxyEnvironment, steadyNow, graphTimeLimitMs)
  let permission = new Permission(policy, graph)
  return {
    authenticate(authorization) {
      const known = authorization === undefined ? undefined : verifier.known(authorization)
      return (known && permission.known(known)) ?? judge(authorization)
    },
    replaceRules(access) {
      permission = new Permission(new Policy(access), graph)
      verifier.replacePolicy(permission.policy)
      graph?.replacePolicy(permission.policy)
    },
    ready: () => issuers.every(({ keys }) => keys.loaded),
    readings: () => ({
      keySets: issuers.map(({ config: { issuer }, keys }) => ({ issuer, ageSeconds: keys.ageMs / 1000 })),
      graphCalls: graph?.calls ?? NO_CALLS
    }),
    async start() {
      await Promise.all(issuers.map(({ keys }) => keys.start()))
    },
    close() {
      for (const { keys } of issuers) keys.close()
      graph?.close()
    }
  }

  async function judge(authorization: string | undefined): Promise<Principal> {
    const inForce = permission
    const caller = await verifier.verify(authorization)
    const principal = await inForce.admit(caller)
    if (principal !== null) return principal
    throw notPermitted(caller)
  }
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

const NO_CALLS = { answered: 0, failed: 0 }

const open: Authenticator = {
  authenticate: () => anonymous,
  ready: () => true,
  readings: () => ({ keySets: [], graphCalls: NO_CALLS }),
  start: () => Promise.resolve(),
  replaceRules: () => undefined,
  close: () => undefined
}
