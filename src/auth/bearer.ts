import { GatewayError } from '../core/errors.ts'

const SCHEME = /^(?:bearer|dpop)(?: |$)/i
/** RFC 6750 §2.1 and RFC 9449 §7.1: the scheme in any case (RFC 9110 §11.1), then one token68. */
const CREDENTIALS = /^(?:bearer|dpop) +([A-Za-z0-9._~+/-]+=*) *$/i
/** Limit of the whole header. */
const LIMIT_CHARACTERS = 16_384

/**
 * Returns the token of an `Authorization` header. Throws UNAUTHENTICATED if the header is missing or has another scheme,
 * INVALID_TOKEN if it is malformed; both carry the challenge of RFC 6750 §3.
 */
export function bearerToken(authorization: string | undefined): string {
  if (authorization === undefined || !SCHEME.test(authorization)) {
    // §3.1: a request without any credentials gets a challenge without an error code.
    throw new GatewayError('UNAUTHENTICATED', 'A bearer token is needed.', {
      headers: { 'WWW-Authenticate': 'Bearer' }
    })
  }
  const match = authorization.length <= LIMIT_CHARACTERS ? CREDENTIALS.exec(authorization) : null
  if (match === null) throw invalidToken('The Authorization header holds no bearer token.', 'malformed header')
  return match[1]
}

/** Makes the error for a refused token. `detail` goes to the log only. */
export function invalidToken(message: string, detail: string): GatewayError {
  const challenge = `Bearer error="invalid_token", error_description="${message}"`
  return new GatewayError('INVALID_TOKEN', message, { detail, headers: { 'WWW-Authenticate': challenge } })
}
