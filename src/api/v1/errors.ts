import type { ErrorCode, GatewayError } from '../../core/errors.ts'
import type { Reply } from '../../http/answer.ts'
import { errorReply } from '../../http/error-reply.ts'

/** `error_code` of v1: HTTP status × 100 + n. A number is never used again for another meaning. */
export const errorNumbers: Readonly<Record<ErrorCode, number>> = {
  BAD_REQUEST: 40001,
  MALFORMED_JSON: 40002,
  INVALID_BODY: 40003,
  INVALID_TOPIC_NAME: 40004,
  INVALID_TOPIC_PROPERTY: 40005,
  INVALID_PARTITION_COUNT: 40006,
  INVALID_REPLICATION_FACTOR: 40007,
  POLICY_VIOLATION: 40008,
  INVALID_PARTITION: 40009,
  INVALID_OFFSET: 40010,
  OFFSET_OUT_OF_RANGE: 40011,
  INVALID_COUNT: 40012,
  INVALID_ENCODING: 40013,
  INVALID_RECORD: 40014,
  INVALID_TIMESTAMP: 40015,
  MALFORMED_GZIP: 40016,
  UNAUTHENTICATED: 40101,
  INVALID_TOKEN: 40102,
  NOT_PERMITTED: 40301,
  INTERNAL_TOPIC: 40302,
  KAFKA_REFUSED: 40303,
  TOPIC_NOT_FOUND: 40401,
  PARTITION_NOT_FOUND: 40402,
  ROUTE_NOT_FOUND: 40403,
  METHOD_NOT_ALLOWED: 40501,
  REQUEST_TIMEOUT: 40801,
  TOPIC_EXISTS: 40901,
  BODY_TOO_LARGE: 41301,
  RECORD_TOO_LARGE: 41302,
  TOO_MANY_RECORDS: 41303,
  URI_TOO_LONG: 41401,
  UNSUPPORTED_MEDIA_TYPE: 41501,
  UNSUPPORTED_ENCODING: 41502,
  QUOTA_EXCEEDED: 42901,
  HEADERS_TOO_LARGE: 43101,
  INTERNAL_ERROR: 50001,
  CORRUPT_DATA: 50002,
  KAFKA_UNAVAILABLE: 50301,
  LEADER_NOT_AVAILABLE: 50302,
  NOT_ENOUGH_REPLICAS: 50303,
  OVERLOADED: 50304,
  IDENTITY_UNAVAILABLE: 50305,
  SHUTTING_DOWN: 50306,
  TOPIC_RECREATED: 50307,
  AUDIT_UNAVAILABLE: 50308,
  OUTCOME_UNKNOWN: 50401,
  NOT_YET_VISIBLE: 50402,
  DEADLINE_EXCEEDED: 50403
}

/** Returns an error in the form of v1: `error_code`, `code`, `message`, `retriable`, then members of the particular error. */
export function v1Error(error: GatewayError): Reply {
  const { code, message, retriable, members } = error
  return errorReply(error, { error_code: errorNumbers[code], code, message, retriable, ...members })
}
