import { GatewayError } from '../core/errors.ts'
import type { Reply } from './answer.ts'

const RETRY_AFTER_S = '1'

/** Anything thrown, as an error that a caller may see: what is not a GatewayError is a defect of ours. */
export function toGatewayError(thrown: unknown): GatewayError {
  if (thrown instanceof GatewayError) return thrown
  return new GatewayError('INTERNAL_ERROR', 'The gateway failed; its log has the cause under the id of this request.', {
    cause: thrown
  })
}

/** Returns an error with what HTTP says of it, and a body in the form of an API. */
export function errorReply({ code, retriable, headers, status }: GatewayError, body: object): Reply {
  const retryAfter = retriable && (status === 503 || status === 429) ? { 'Retry-After': RETRY_AFTER_S } : {}
  return { status, code, body: Buffer.from(JSON.stringify(body)), headers: { ...retryAfter, ...headers } }
}
