import { GatewayError } from '../core/errors.ts'
import type { Reply } from './exchange.ts'

const RETRY_AFTER_S = '1'

/** Anything thrown, as an error that a caller may see: what is not a GatewayError is a defect of ours. */
export function toGatewayError(thrown: unknown): GatewayError {
  if (thrown instanceof GatewayError) return thrown
  return new GatewayError('INTERNAL_ERROR', 'The gateway failed; its log has the cause under the id of this request.', {
    cause: thrown
  })
}

/** The one form of all errors: `error_code`, `code`, `message`, `retriable`, then members of the particular error. */
export function errorReply(error: GatewayError): Reply {
  const { errorCode, code, message, retriable, members, headers, status } = error
  const retryAfter = retriable && (status === 503 || status === 429) ? { 'Retry-After': RETRY_AFTER_S } : {}
  return {
    status,
    code,
    body: Buffer.from(JSON.stringify({ error_code: errorCode, code, message, retriable, ...members })),
    headers: { ...retryAfter, ...headers }
  }
}
