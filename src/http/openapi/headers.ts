import type { ErrorCode } from '../../core/errors.ts'
import type { Header, Parameter } from './operation.ts'

const text = { type: 'string' } as const

/** Parameter of every request. */
export const requestId: Parameter = {
  name: 'X-Request-Id',
  in: 'header',
  description: 'Returned, and in the log, where it is 1 to 64 of `A-Za-z0-9._-`; anything else is replaced.',
  schema: text,
  examples: { id: { summary: 'An id of the client', value: 'parcel-service.4711' } }
}

/** Headers of every answer. */
export const commonHeaders: Readonly<Record<string, Header>> = {
  'X-Request-Id': {
    description:
      'What the caller sent under this name, where that is 1 to 64 of `A-Za-z0-9._-`, else a new id; the log has it.',
    schema: { type: 'string', pattern: '^[A-Za-z0-9._-]{1,64}$' },
    always: true
  },
  'Cache-Control': { description: '`no-store` on all data.', schema: text, always: true },
  'X-Content-Type-Options': { description: 'Of every answer.', schema: { enum: ['nosniff'] }, always: true },
  'Strict-Transport-Security': { description: 'Over TLS.', schema: text, always: false },
  Vary: { description: 'Request headers that the answer depends on.', schema: text, always: false }
}

/** Headers of answers to authenticated callers. */
export const callerHeaders: Readonly<Record<string, Header>> = {
  'RateLimit-Policy': {
    description: "Where the operator has set quotas: the caller's, as in draft-ietf-httpapi-ratelimit-headers.",
    schema: text,
    always: false
  },
  RateLimit: { description: 'What is left of the quotas, and when all of it is back.', schema: text, always: false },
  'DPoP-Nonce': {
    description:
      'The nonce for the next proof of possession (RFC 9449): with 401 if the proof had no good one, with any answer if the nonce that it had ends soon.',
    schema: text,
    always: false
  }
}

const retryAfter: Header = {
  description: 'Seconds after which the same request may be sent again; only where that can store no record twice.',
  schema: { type: 'string', pattern: '^[0-9]+$' },
  always: false
}

/** Headers that come with an error, whatever the route. */
export const errorHeaders: Readonly<Partial<Record<ErrorCode, Readonly<Record<string, Header>>>>> = {
  UNAUTHENTICATED: { 'WWW-Authenticate': { description: 'The challenge of RFC 6750.', schema: text, always: true } },
  UNSUPPORTED_ENCODING: {
    'Accept-Encoding': { description: 'The content encoding that is understood.', schema: text, always: false }
  },
  QUOTA_EXCEEDED: { 'Retry-After': { ...retryAfter, always: true } },
  KAFKA_UNAVAILABLE: { 'Retry-After': retryAfter },
  OVERLOADED: { 'Retry-After': retryAfter }
}
