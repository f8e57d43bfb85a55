import type { JWTPayload } from 'jose'
import type { OidcProviderConfig } from '../config/auth-schema.ts'
import { invalidToken } from './bearer.ts'
import { textAt, textsAt } from './claims.ts'
import type { Identity, Policy } from './policy.ts'

/** Whom Graph can be asked about. */
export interface GraphSubject {
  readonly objectId: string
  readonly appOnly: boolean
  /** Undefined where the token names none: the token endpoint is then that of one tenant. */
  readonly tenant: string | undefined
}

/** The bearer of a verified token. Of the groups and roles only those are kept that the configuration names. */
export interface Caller {
  readonly identity: Identity
  readonly appOnly: boolean
  readonly clientId: string | undefined
  /**
   * Set where the token leaves groups out, because there are too many ("overage") or because Entra ID never puts them
   * in tokens for its own resources.
   */
  readonly unsaid: GraphSubject | null
}

/** Reads verified claims. Throws INVALID_TOKEN where they name nobody. */
export function callerOf(claims: JWTPayload, provider: OidcProviderConfig, asksGraph: boolean, policy: Policy): Caller {
  const { groupsClaims, rolesClaims, principalClaims } = provider
  const id = principalClaims.map(path => textAt(claims, path)).find(text => text !== undefined)
  if (id === undefined) throw invalidToken('The token names no caller.', `none of ${principalClaims.join(', ')}`)
  const appOnly = claims.idtyp === 'app' || (claims.idtyp !== 'user' && claims.scp === undefined)
  // A role that is named like a group must not pass for one where rules tell the two apart.
  const groupPaths = groupsClaims.filter(path => !rolesClaims.includes(path))
  const issuer = String(claims.iss)
  const identity: Identity = {
    issuer,
    id,
    member: groupsClaims.some(path => textsAt(claims, path).some(group => policy.isPermitted(issuer, group))),
    groups: groupPaths.flatMap(path => textsAt(claims, path)).filter(group => policy.namesGroup(group)),
    roles: rolesClaims.flatMap(path => textsAt(claims, path)).filter(role => policy.namesRole(role))
  }
  // `sub` means something within its issuer only; to Graph it would be somebody else's id or nobody's.
  const objectId = textAt(claims, 'oid')
  const unsaid =
    asksGraph && claims.groups === undefined && objectId !== undefined
      ? { objectId, appOnly, tenant: textAt(claims, 'tid') }
      : null
  return { identity, appOnly, clientId: textAt(claims, 'appid') ?? textAt(claims, 'azp'), unsaid }
}
