import type { ErrorCode } from '../../core/errors.ts'
import { TOPIC_CHARACTERS } from '../../http/limits.ts'
import type { Parameter } from '../../http/openapi/operation.ts'
import type { BodyKind } from '../../http/route.ts'

/** What routes of several dialects say of themselves in the same words. */

export const NO_BODY: BodyKind = { kind: 'ignored' }

/** The topic of all examples. */
export const TOPIC = 'shipments'

export const topicNameSchema = {
  type: 'string',
  pattern: `^(?!\\.{1,2}$)[a-zA-Z0-9._-]{1,${TOPIC_CHARACTERS}}$`,
  description: "A name by Kafka's rule."
} as const

export const topicParameter: Parameter = {
  name: 'topic',
  description: 'Name of a topic.',
  schema: topicNameSchema,
  examples: { topic: { summary: 'A topic', value: TOPIC } }
}

/** Errors of a call with a body. */
export const bodyErrors: readonly ErrorCode[] = [
  'MALFORMED_JSON',
  'INVALID_BODY',
  'MALFORMED_GZIP',
  'BODY_TOO_LARGE',
  'UNSUPPORTED_MEDIA_TYPE',
  'UNSUPPORTED_ENCODING'
]
