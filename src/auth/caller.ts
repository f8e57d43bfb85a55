import type { JWTPayload } from 'jose'
import type { OidcProviderConfig } from '../config/auth-schema.ts'
import type { CallerIdentity } from '../core/kafka-identity.ts'
import { invalidToken } from './bearer.ts'
import { textAt, textsAt } from './claims.ts'
import { isEntra } from './issuers.ts'
import type { Identity, Policy } from './policy.ts'

/** The user or application that Graph is asked about. */
export interface GraphSubject {
  readonly objectId: string
  readonly appOnly: boolean
  /** Undefined if the token names none: then there is one tenant's token endpoint only. */
  readonly tenant: string | undefined
}

/** Why the bearer of a valid token is refused before any rule is checked. */
export interface UnmetDemand {
  readonly message: string
  /** For the log only. */
  readonly detail: string
  readonly challenge?: string
}

/** What a token is bound to: the key of proofs (RFC 9449 §6), a certificate (RFC 8705 §3), or something unknown. */
export interface Confirmation {
  readonly jkt?: string | undefined
  readonly certificate?: string | undefined
}

/** The bearer of a verified token. Holds only those groups and roles that the configuration names. */
export interface Caller {
  readonly identity: Identity
  /** Null if the token does not say. */
  readonly appOnly: boolean | null
  readonly clientId: string | undefined
  /** The unmet demand of the provider's configuration; null if all are met. */
  readonly unmet: UnmetDemand | null
  /** What the sender must prove to hold beside the token (RFC 7800); undefined if whoever has the token may use it. */
  readonly confirmation?: Confirmation | undefined
  /**
   * Set if the token leaves groups out, because there are too many ("overage") or because Entra ID never puts them in tokens
   * for its own resources.
   */
  readonly graphSubject: GraphSubject | null
  /** What Kafka is shown for the caller; undefined if there is nothing. */
  readonly kafka?: CallerIdentity
  /** Name of the configured credentials that the caller's API key says. */
  readonly kafkaName?: string
}

/** Claims with the client that a token was issued to: Entra ID 1.0, OpenID Connect, RFC 9068, Okta. */
const CLIENT_CLAIMS = ['appid', 'azp', 'client_id', 'cid'] as const

/** Makes a caller of verified claims. Throws INVALID_TOKEN if they name nobody. */
export function callerOf(claims: JWTPayload, provider: OidcProviderConfig, asksGraph: boolean, policy: Policy): Caller {
  const { groupsClaims, rolesClaims, principalClaims } = provider
  const id = principalClaims.map(path => textAt(claims, path)).find(text => text !== undefined)
  if (id === undefined) throw invalidToken('The token names no caller.', `none of ${principalClaims.join(', ')}`)
  // A role must not count as a group of the same name in rules that tell the two apart.
  const groupPaths = groupsClaims.filter(path => !rolesClaims.includes(path))
  const issuer = String(claims.iss)
  const identity: Identity = {
    issuer,
    id,
    member: groupsClaims.some(path => textsAt(claims, path).some(group => policy.isPermitted(issuer, group))),
    groups: groupPaths.flatMap(path => textsAt(claims, path)).filter(group => policy.namesGroup(group)),
    roles: rolesClaims.flatMap(path => textsAt(claims, path)).filter(role => policy.namesRole(role))
  }
  const clientId = CLIENT_CLAIMS.map(name => textAt(claims, name)).find(text => text !== undefined)
  const unmet = unmetBy(claims, clientId, provider)
  // Only `oid` is an id that Graph knows: `sub` is unique within its issuer only.
  const objectId = textAt(claims, 'oid')
  const graphSubject =
    asksGraph && unmet === null && claims.groups === undefined && objectId !== undefined
      ? { objectId, appOnly: isAppOnlyAtEntra(claims), tenant: textAt(claims, 'tid') }
      : null
  return {
    identity,
    appOnly: appOnlyOf(claims, clientId, provider),
    clientId,
    unmet,
    graphSubject,
    confirmation: confirmationIn(claims)
  }
}

function confirmationIn(claims: JWTPayload): Confirmation | undefined {
  return claims.cnf === undefined
    ? undefined
    : { jkt: textAt(claims, 'cnf.jkt'), certificate: textAt(claims, 'cnf.x5t#S256') }
}

/** Makes a caller whom no token names: a key, a password or a certificate. Nothing is demanded of them, and Graph knows none. */
export function callerWithoutToken(
  identity: Omit<Identity, 'member'>,
  appOnly: boolean | null,
  clientId?: string
): Caller {
  return { identity: { ...identity, member: false }, appOnly, clientId, unmet: null, graphSubject: null }
}

/** Returns whether the token was issued without a user; null if it does not say. */
function appOnlyOf(claims: JWTPayload, clientId: string | undefined, provider: OidcProviderConfig): boolean | null {
  if (claims.idtyp !== undefined || isEntra(provider)) return isAppOnlyAtEntra(claims)
  // RFC 9068 §2.2: without a user the subject is the client itself. Some providers name a service account instead.
  if (clientId !== undefined && claims.sub === clientId) return true
  // §2.2.1: the time when a user authenticated.
  return typeof claims.auth_time === 'number' ? false : null
}

function isAppOnlyAtEntra({ idtyp, scp }: JWTPayload): boolean {
  return idtyp === 'app' || (idtyp !== 'user' && scp === undefined)
}

function unmetBy(claims: JWTPayload, clientId: string | undefined, provider: OidcProviderConfig): UnmetDemand | null {
  const { requiredScopes = [], authorizedParties } = provider
  if (authorizedParties !== undefined && (clientId === undefined || !authorizedParties.includes(clientId)))
    return {
      message: 'The client that the token was issued to is not permitted here.',
      detail: `client ${clientId?.slice(0, 200)}`
    }
  if (requiredScopes.length === 0) return null
  const scopes = new Set([...textsAt(claims, 'scope'), ...textsAt(claims, 'scp')])
  const missing = requiredScopes.filter(scope => !scopes.has(scope))
  if (missing.length === 0) return null
  const message = 'The token lacks a scope that is required here.'
  return {
    message,
    detail: `scopes ${missing.join(' ')}`,
    // RFC 6750 §3.1.
    challenge: `Bearer error="insufficient_scope", error_description="${message}", scope="${requiredScopes.join(' ')}"`
  }
}
