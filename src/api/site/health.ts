import { jsonReply } from '../../http/answer.ts'
import { named } from '../../http/openapi/schema.ts'
import type { RouteDescription, RouteOf } from '../../http/route.ts'

export interface Readiness {
  /** Returns whether requests can be served now. */
  readonly ready: () => boolean
}

const healthSchema = named('Health', {
  type: 'object',
  required: ['status'],
  properties: {
    status: { enum: ['ok', 'unavailable'] }
  }
})
const ok = { summary: 'All is well', value: { status: 'ok' } }

/** Health needs no token, so it reveals nothing beyond its status. */
const probe = {
  method: 'GET',
  permission: 'public',
  kind: 'probe',
  countedAs: '/health',
  body: { kind: 'ignored' },
  offers: ['application/json'],
  audit: null
} as const satisfies Partial<RouteDescription>

export const healthRoutes: readonly RouteOf<Readiness>[] = [
  {
    ...probe,
    path: '/health/live',
    operation: {
      id: 'live',
      tag: 'Health',
      summary: 'Does the process serve?',
      answers: { 200: { description: 'It does.', schema: healthSchema, examples: { ok } } },
      errors: []
    },
    handle: () => jsonReply(200, { status: 'ok' })
  },
  {
    ...probe,
    path: '/health/ready',
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
    },
    handle: (_call, { ready }) =>
      ready() ? jsonReply(200, { status: 'ok' }) : jsonReply(503, { status: 'unavailable' })
  }
]
