import { GatewayError } from '../core/errors.ts'
import type { HttpRequest } from './messages.ts'

/** Scheme and authority of an absolute form: a slash, query or fragment ends the authority (RFC 3986 §3.2). */
const ORIGIN = /^[A-Za-z][A-Za-z0-9+.-]*:\/\/[^/?#]*/

/** Throws BAD_REQUEST unless an HTTP/1.1 request has exactly one Host field. Node itself would answer with an empty body. */
export function requireHost({ headers: { host }, httpVersion }: HttpRequest): void {
  if (httpVersion === '1.1' && (host === undefined || host.includes(','))) {
    throw new GatewayError('BAD_REQUEST', 'An HTTP/1.1 request has exactly one Host field.')
  }
}

/** A path that no route has, for targets that are neither a path nor an address, such as `*`. */
const NOWHERE = '/*'

/** Returns path and query of a request, also from the absolute form (RFC 9112 §3.2.2). */
export function targetOf({ url = '/' }: HttpRequest): string {
  if (url.startsWith('/')) return url
  const origin = ORIGIN.exec(url)
  if (origin === null) return NOWHERE
  const rest = url.slice(origin[0].length)
  return rest.startsWith('/') ? rest : `/${rest}`
}
