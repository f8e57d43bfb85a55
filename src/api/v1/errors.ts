import type { GatewayError } from '../../core/errors.ts'
import type { Reply } from '../../http/answer.ts'
import { errorReply } from '../../http/error-reply.ts'

/** Returns an error in the form of v1: `error_code`, `code`, `message`, `retriable`, then members of the particular error. */
export function v1Error(error: GatewayError): Reply {
  const { errorCode, code, message, retriable, members } = error
  return errorReply(error, { error_code: errorCode, code, message, retriable, ...members })
}
