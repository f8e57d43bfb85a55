import { GatewayError } from '../core/errors.ts'
import { jsonReply, type Reply } from './exchange.ts'

/** True for the paths of health, whatever follows them as a query. */
export function isHealth(target: string): boolean {
  const path = target.split('?', 1)[0]
  return path === '/health/live' || path === '/health/ready'
}

/** Answers the two health paths, which need no token and tell nothing of what is inside; undefined for all others. */
export function healthReply(method: string, target: string, ready: () => boolean): Reply | undefined {
  const path = target.split('?', 1)[0]
  if (!isHealth(target)) return undefined
  if (method !== 'GET' && method !== 'HEAD') {
    throw new GatewayError('METHOD_NOT_ALLOWED', 'Health is asked with GET.', { headers: { Allow: 'GET, HEAD' } })
  }
  return path === '/health/live' || ready()
    ? jsonReply(200, { status: 'ok' })
    : jsonReply(503, { status: 'unavailable' })
}
