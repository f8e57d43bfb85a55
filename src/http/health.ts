import { Type } from '../core/json-schema.ts'
import { GatewayError } from '../core/errors.ts'
import { jsonReply, type Reply } from './exchange.ts'
import type { Described } from './openapi/operation.ts'
import { named } from './openapi/schema.ts'

const LIVE = '/health/live'
const READY = '/health/ready'

const healthSchema = named('Health', Type.Object({ status: Type.Enum(['ok', 'unavailable']) }))
const ok = { summary: 'All is well', value: { status: 'ok' } }

export const healthCalls: readonly Described[] = [
  {
    method: 'GET',
    path: LIVE,
    isPublic: true,
    operation: {
      id: 'live',
      tag: 'Health',
      summary: 'Does the process serve?',
      answers: { 200: { description: 'It does.', schema: healthSchema, examples: { ok } } },
      errors: []
    }
  },
  {
    method: 'GET',
    path: READY,
    isPublic: true,
    operation: {
      id: 'ready',
      tag: 'Health',
      summary: 'Can requests be served?',
      answers: {
        200: {
          description: 'Kafka answers, and the keys for tokens are loaded.',
          schema: healthSchema,
          examples: { ok }
        },
        503: {
          description: 'Kafka does not answer, keys for tokens are missing, or the process is being stopped.',
          schema: healthSchema,
          examples: { unavailable: { summary: 'Not now', value: { status: 'unavailable' } } }
        }
      },
      errors: []
    }
  }
]

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
