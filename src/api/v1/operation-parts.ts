import type { ErrorCode } from '../../core/errors.ts'
import type { Parameter } from '../../http/openapi/operation.ts'
import { partitionSchema, topicNameSchema } from './schemas.ts'

/** What the operations of v1 have in common. */

export const TOPIC = 'shipments'

export const topicParameter: Parameter = {
  name: 'topic',
  description: 'Name of a topic.',
  schema: topicNameSchema,
  examples: { topic: { summary: 'A topic', value: TOPIC } }
}

export const partitionParameter: Parameter = {
  name: 'partition',
  description: 'Number of a partition, from 0.',
  schema: partitionSchema,
  examples: { first: { summary: 'The first partition', value: 0 } }
}

/** Of a call that sends a body. */
export const bodyErrors: readonly ErrorCode[] = [
  'MALFORMED_JSON',
  'INVALID_BODY',
  'MALFORMED_GZIP',
  'BODY_TOO_LARGE',
  'UNSUPPORTED_MEDIA_TYPE',
  'UNSUPPORTED_ENCODING'
]

/** Of a call about a topic that is there already. */
export const topicErrors: readonly ErrorCode[] = ['TOPIC_NOT_FOUND', 'KAFKA_REFUSED', 'KAFKA_UNAVAILABLE']
