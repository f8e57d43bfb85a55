import type { LimitsConfig } from '../../config/schema.ts'
import type { ErrorCode } from '../../core/errors.ts'
import type { Gateway } from '../../gateway/gateway.ts'
import type { Parameter } from '../../http/openapi/operation.ts'
import type { BodyKind, RouteOf } from '../../http/route.ts'
import { TOPIC } from '../shared/descriptions.ts'
import type { Convoys } from '../shared/follow/convoy.ts'
import { encodingSchema, partitionSchema, waitSchema } from './schemas.ts'

/** Shared parts of the routes of v1. */

export interface V1UseCases {
  readonly gateway: Gateway
  readonly limits: LimitsConfig
}

/** What handlers use besides. */
export interface V1Tools extends V1UseCases {
  readonly convoys: Convoys
}

export type V1Route = RouteOf<V1Tools>

export const JSON_ONLY = ['application/json'] as const
export const JSON_BODY: BodyKind = { kind: 'whole', types: JSON_ONLY }
export const brokerExample = { hostName: 'broker-1.example', port: 9092, id: 1, rack: null }
export const partitionExample = {
  partition_id: 0,
  earliest_offset: 0,
  latest_offset: 42,
  leader: brokerExample,
  replicas: [brokerExample],
  isr: [brokerExample]
}
export const recordExample = {
  key: 'parcel-1',
  value: 'packed',
  partition: 0,
  offset: 7,
  timestamp: 1_700_000_000_000,
  timestampType: 'CREATE_TIME'
}
export const topicAnswer = { topic: { summary: 'Its name', value: { topic: TOPIC } } }

export const partitionParameter: Parameter = {
  name: 'partition',
  description: 'Number of a partition, from 0.',
  schema: partitionSchema,
  examples: { first: { summary: 'The first partition', value: 0 } }
}

const encodingExamples = { base64: { summary: 'Base64 for every record', value: 'base64' } }

export const encodingParameters: readonly Parameter[] = [
  {
    name: 'key_encoding',
    description: 'All keys as base64; without it only those that are not UTF-8.',
    schema: encodingSchema,
    examples: encodingExamples
  },
  {
    name: 'value_encoding',
    description: 'All values as base64; without it only those that are not UTF-8.',
    schema: encodingSchema,
    examples: encodingExamples
  }
]

export const waitParameter: Parameter = {
  name: 'wait',
  description:
    'For how many milliseconds an empty page waits for the first records; at most `limits.waitMs`, 60000 unless configured.',
  schema: waitSchema,
  examples: { second: { summary: 'Up to a second', value: 1000 } }
}

/** Errors of a call about a topic that should exist. */
export const topicErrors: readonly ErrorCode[] = ['TOPIC_NOT_FOUND', 'KAFKA_REFUSED', 'KAFKA_UNAVAILABLE']
/** Of what reads records, of one partition or of several. */
export const readErrors: readonly ErrorCode[] = [
  ...topicErrors,
  'INTERNAL_TOPIC',
  'INVALID_PARTITION',
  'INVALID_OFFSET',
  'OFFSET_OUT_OF_RANGE',
  'POSITION_OF_ANOTHER_TOPIC',
  'INVALID_COUNT',
  'INVALID_PARAMETER',
  'INVALID_ENCODING',
  'CORRUPT_DATA',
  'LEADER_NOT_AVAILABLE',
  'DEADLINE_EXCEEDED'
]
