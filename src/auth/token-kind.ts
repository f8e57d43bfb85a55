import type { JWTPayload } from 'jose'
import { textAt } from './claims.ts'

/** RFC 9068 §2.1. */
const ACCESS_TOKEN = /^(application\/)?at\+jwt$/i
/** Entra ID writes `JWT`, others nothing, and ID tokens look the same. */
const ANY_TOKEN = /^(application\/)?jwt$/i
/** Claims of ID tokens (OpenID Connect Core §3.3.2.11, FAPI) and of security events, such as logout tokens (RFC 8417 §2.2). */
const FOREIGN_CLAIMS = ['at_hash', 'c_hash', 's_hash', 'events'] as const
/** Keycloak's types of other tokens, in the payload. */
const KEYCLOAK_KINDS = /^(id|refresh|offline|logout)$/i
const KEYCLOAK_ACCESS_TOKEN = /^bearer$/i

/**
 * Returns what shows that a verified token is not an access token, such as an ID or refresh token; undefined if nothing does.
 * Those are made for others to read or to be exchanged, and must not be accepted.
 */
export function otherKind(
  type: string | undefined,
  claims: JWTPayload,
  required: 'at+jwt' | undefined
): string | undefined {
  const isTyped = type !== undefined && ACCESS_TOKEN.test(type)
  if (!isTyped && (required !== undefined || (type !== undefined && !ANY_TOKEN.test(type))))
    return `typ ${String(type).slice(0, 200)}`
  const foreign = FOREIGN_CLAIMS.find(name => claims[name] !== undefined)
  if (foreign !== undefined) return foreign
  const kind = textAt(claims, 'typ')
  if (kind !== undefined && KEYCLOAK_KINDS.test(kind)) return `typ ${kind} in the payload`
  // Amazon Cognito.
  const use = textAt(claims, 'token_use')
  if (use !== undefined && use !== 'access') return `token_use ${use.slice(0, 200)}`
  // Keycloak before 25 wrote it into access tokens too.
  const saysAccess = isTyped || (kind !== undefined && KEYCLOAK_ACCESS_TOKEN.test(kind))
  return claims.nonce !== undefined && !saysAccess ? 'nonce' : undefined
}
