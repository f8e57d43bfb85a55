import type { JWTPayload } from 'jose'
import type { OidcProviderConfig } from '../config/schema.ts'
import type { Principal } from '../core/principal.ts'
import { invalidToken } from './bearer.ts'

/**
 * What a token says of permitted groups. `unsaid`: it leaves groups out, because there are too many ("overage") or
 * because Entra ID never puts them in tokens for its own resources, and names a caller whom Graph can be asked about.
 */
export type Membership = 'member' | 'stranger' | 'unsaid'

/** The bearer of a verified token. The verdict is kept instead of the groups: there may be hundreds of them. */
export interface Caller {
  readonly principal: Principal
  readonly membership: Membership
}

/** Reads verified claims. Throws INVALID_TOKEN where they name nobody. */
export function callerOf(
  claims: JWTPayload,
  { issuer, groupsClaims }: OidcProviderConfig,
  permittedGroups: ReadonlySet<string>
): Caller {
  const objectId = text(claims.oid)
  const id = objectId ?? text(claims.sub)
  if (id === undefined) throw invalidToken('The token names no caller.', 'neither oid nor sub')
  const clientId = text(claims.appid) ?? text(claims.azp)
  const principal: Principal = Object.freeze({
    id,
    issuer,
    appOnly: claims.scp === undefined,
    ...(clientId === undefined ? {} : { clientId })
  })
  const named = groupsClaims.flatMap(name => claims[name])
  if (named.some(group => typeof group === 'string' && permittedGroups.has(group))) {
    return { principal, membership: 'member' }
  }
  // `sub` means something within its issuer only; to Graph it would be somebody else's id or nobody's.
  const askable = claims.groups === undefined && objectId !== undefined
  return { principal, membership: askable ? 'unsaid' : 'stranger' }
}

function text(claim: unknown): string | undefined {
  return typeof claim === 'string' && claim !== '' ? claim : undefined
}
