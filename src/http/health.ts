import { GatewayError } from '../core/errors.ts'
import { jsonReply, type Reply } from './exchange.ts'

const LIVE = '/health/live'
const READY = '/health/ready'

/** The path of health that a target names, whatever follows it as a query; undefined for all others, as most are. */
function healthPath(target: string): string | undefined {
  if (!target.startsWith('/health/')) return undefined
  const path = target.split('?', 1)[0]
  return path === LIVE || path === READY ? path : undefined
}

export function isHealth(target: string): boolean {
  return healthPath(target) !== undefined
}

/** Answers the two health paths, which need no token and tell nothing of what is inside; undefined for all others. */
export function healthReply(method: string, target: string, ready: () => boolean): Reply | undefined {
  const path = healthPath(target)
  if (path === undefined) return undefined
  if (method !== 'GET' && method !== 'HEAD') {
    throw new GatewayError('METHOD_NOT_ALLOWED', 'Health is asked with GET.', { headers: { Allow: 'GET, HEAD' } })
  }
  return path === LIVE || ready() ? jsonReply(200, { status: 'ok' }) : jsonReply(503, { status: 'unavailable' })
}
