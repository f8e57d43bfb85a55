import { GatewayError } from '../core/errors.ts'
import type { Reply } from './answer.ts'

const RETRY_AFTER_S = '1'

/** Returns an error that a caller may see. Anything but a GatewayError is a defect, and becomes INTERNAL_ERROR. */
export function toGatewayError(thrown: unknown): GatewayError {
  if (thrown instanceof GatewayError) return thrown
  return new GatewayError('INTERNAL_ERROR', 'The gateway failed; its log has the cause under the id of this request.', {
    cause: thrown
  })
}

/** Returns the answer for an error: its headers, its status or the one that an API has for it, and `body` in the form of the API. */
export function errorReply(error: GatewayError, body: object, status = error.status): Reply {
  const { code, retriable, headers } = error
  const retryAfter = retriable && (status === 503 || status === 429) ? { 'Retry-After': RETRY_AFTER_S } : {}
  return { status, code, body: Buffer.from(JSON.stringify(body)), headers: { ...retryAfter, ...headers } }
}
