import { GatewayError } from '../core/errors.ts'

/** RFC 6750 §2.1, with the scheme in any case. */
const BEARER = /^bearer +([A-Za-z0-9._~+/-]+=*) *$/i
const LIMIT_CHARACTERS = 16_384

/** The token of an `Authorization` header. Throws UNAUTHENTICATED and INVALID_TOKEN with the challenge of RFC 6750 §3. */
export function bearerToken(authorization: string | undefined): string {
  if (authorization === undefined || authorization === '') {
    throw new GatewayError('UNAUTHENTICATED', 'A bearer token is needed.', {
      headers: { 'WWW-Authenticate': 'Bearer' }
    })
  }
  const match = authorization.length <= LIMIT_CHARACTERS ? BEARER.exec(authorization) : null
  if (match === null) throw invalidToken('The Authorization header holds no bearer token.', 'malformed header')
  return match[1]
}

/** `detail` is for the log: why exactly stays ours. */
export function invalidToken(message: string, detail: string): GatewayError {
  const challenge = `Bearer error="invalid_token", error_description="${message}"`
  return new GatewayError('INVALID_TOKEN', message, { detail, headers: { 'WWW-Authenticate': challenge } })
}
