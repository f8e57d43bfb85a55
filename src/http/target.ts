import { GatewayError } from '../core/errors.ts'
import type { HttpRequest } from './messages.ts'

/**
 * Path and query of a request; the absolute form (RFC 9112 §3.2.2) names the same resource as the path in it. Throws
 * BAD_REQUEST where HTTP/1.1 lacks its one Host field, which Node would answer with an empty body.
 */
export function targetOf({ url = '/', headers, httpVersion }: HttpRequest): string {
  const { host } = headers
  if (httpVersion === '1.1' && (host === undefined || host.includes(','))) {
    throw new GatewayError('BAD_REQUEST', 'An HTTP/1.1 request has exactly one Host field.')
  }
  if (url.startsWith('/')) return url
  const slash = url.indexOf('/', url.indexOf('://') + 3)
  return slash < 0 ? '/' : url.slice(slash)
}
