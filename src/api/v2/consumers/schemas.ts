import { INT32_LIMIT } from '../../../http/limits.ts'
import { named } from '../../../http/openapi/schema.ts'
import { topicNameSchema } from '../../shared/descriptions.ts'
import { offsetSchema, partitionSchema } from '../schemas.ts'

/** The JSON forms of consumer instances. */

export const FETCH_MIN_BYTES_LIMIT = 10_000_000

/** Some clients send numbers and booleans as text. */
const flag = { enum: [true, false, 'true', 'false'] } as const
const minBytes = {
  anyOf: [
    { type: 'integer', minimum: -1, maximum: FETCH_MIN_BYTES_LIMIT },
    { type: 'string', pattern: '^(?:-1|[0-9]{1,7})$' }
  ]
} as const
const waitMs = {
  anyOf: [
    { type: 'integer', minimum: 0, maximum: INT32_LIMIT },
    { type: 'string', pattern: '^-?[0-9]{1,9}$' }
  ]
} as const
const name = {
  type: 'string',
  pattern: '^[a-zA-Z0-9._-]{1,249}$',
  description: 'One of its own when left out.'
} as const

export const newInstanceSchema = {
  type: 'object',
  properties: {
    name,
    id: { ...name, description: 'Another word for `name`, which it overrides.' },
    format: { enum: ['binary', 'json', 'text'], default: 'binary', description: 'In any case.' },
    'auto.offset.reset': { enum: ['earliest', 'latest', 'none'], default: 'latest' },
    'auto.commit.enable': { ...flag, default: true },
    'enable.auto.commit': { ...flag, default: true },
    'fetch.min.bytes': minBytes,
    responseMinBytes: minBytes,
    'consumer.request.timeout.ms': waitMs,
    requestWaitMs: waitMs,
    'isolation.level': { enum: ['read_committed', 'read_uncommitted'], default: 'read_committed' }
  },
  not: {
    properties: { 'auto.commit.enable': {}, 'enable.auto.commit': {} },
    required: ['auto.commit.enable', 'enable.auto.commit']
  },
  additionalProperties: false
} as const

const anyText = { type: 'string' } as const
const anyNumber = { anyOf: [{ type: 'integer' }, { type: 'string', pattern: '^-?[0-9]{1,15}$' }] } as const

/** What is read of {@link newInstanceSchema}: values that are wrong have errors of their own. */
export const readableInstanceSchema = {
  type: 'object',
  properties: {
    name: anyText,
    id: anyText,
    format: anyText,
    'auto.offset.reset': anyText,
    'auto.commit.enable': flag,
    'enable.auto.commit': flag,
    'fetch.min.bytes': anyNumber,
    responseMinBytes: anyNumber,
    'consumer.request.timeout.ms': waitMs,
    requestWaitMs: waitMs,
    'isolation.level': anyText
  },
  additionalProperties: false
} as const

export const instanceSchema = named('Instance', {
  type: 'object',
  required: ['instance_id', 'base_uri'],
  properties: { instance_id: { type: 'string' }, base_uri: { type: 'string', description: 'Where its calls go.' } }
} as const)

export const newSubscriptionSchema = {
  type: 'object',
  properties: {
    topics: { type: 'array', items: { type: 'string' }, description: 'None ends the subscription.' },
    topic_pattern: {
      type: 'string',
      description: 'Regular expression in the syntax of RE2 for whole names; not read where there are `topics`.'
    }
  },
  additionalProperties: false
} as const

/** One of the two must be there, which is told apart from other faults of a body. */
export const describedSubscriptionSchema = {
  ...newSubscriptionSchema,
  anyOf: [
    { properties: { topics: {} }, required: ['topics'] },
    { properties: { topic_pattern: {} }, required: ['topic_pattern'] }
  ]
} as const

export const subscriptionSchema = named('Subscription', {
  type: 'object',
  required: ['topics'],
  properties: {
    topics: { type: 'array', items: topicNameSchema },
    partitions: {
      type: 'array',
      items: { type: 'object', additionalProperties: { type: 'array', items: partitionSchema } },
      description: "In Strimzi's manner only: numbers of partitions, by topic."
    }
  }
} as const)

/** Some clients send these as text too: of so many digits that they are in range. */
const partitionIn = { anyOf: [partitionSchema, { type: 'string', pattern: '^[0-9]{1,9}$' }] } as const
const offsetIn = { anyOf: [offsetSchema, { type: 'string', pattern: '^[0-9]{1,15}$' }] } as const

const place = {
  type: 'object',
  required: ['topic', 'partition'],
  properties: { topic: { type: 'string' }, partition: partitionIn },
  additionalProperties: false
} as const

/** As clients send it. */
export const partitionListSchema = {
  type: 'object',
  required: ['partitions'],
  properties: { partitions: { type: 'array', items: place } },
  additionalProperties: false
} as const

export const assignmentsSchema = named('Assignments', {
  type: 'object',
  required: ['partitions'],
  properties: {
    partitions: {
      type: 'array',
      items: {
        type: 'object',
        required: ['topic', 'partition'],
        properties: { topic: topicNameSchema, partition: partitionSchema }
      }
    }
  }
} as const)

const text = { type: ['string', 'null'] } as const
const offset = {
  type: 'object',
  required: ['topic', 'partition', 'offset'],
  properties: { ...place.properties, offset: offsetIn, metadata: text },
  additionalProperties: false
} as const

export const commitSchema = {
  type: 'object',
  properties: { offsets: { type: 'array', items: offset } },
  additionalProperties: false
} as const

/** RFC 3339, from 1970 on. */
export const TIME_PATTERN =
  '^(?:19[7-9][0-9]|[2-9][0-9]{3})-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12][0-9]|3[01])T(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](?:\\.[0-9]{1,9})?(?:Z|[+-](?:[01][0-9]|2[0-3]):[0-5][0-9])$'

const positionsOf = <const T extends object>(timestamp: T) =>
  ({
    type: 'object',
    properties: {
      offsets: { type: 'array', items: offset },
      timestamps: {
        type: 'array',
        items: {
          type: 'object',
          required: ['topic', 'partition', 'timestamp'],
          properties: { ...place.properties, timestamp, metadata: text },
          additionalProperties: false
        }
      }
    },
    additionalProperties: false
  }) as const

/** A time that is none has an error of its own. */
export const positionsSchema = positionsOf({ type: 'string' })

export const describedPositionsSchema = positionsOf({
  type: 'string',
  pattern: TIME_PATTERN,
  description: 'RFC 3339, from 1970 on; the first record with it or a later one.'
})

export const committedSchema = named('CommittedOffsets', {
  type: 'object',
  required: ['offsets'],
  properties: {
    offsets: {
      type: 'array',
      items: {
        type: 'object',
        required: ['topic', 'partition', 'offset', 'metadata'],
        properties: {
          topic: topicNameSchema,
          partition: partitionSchema,
          offset: offsetSchema,
          metadata: { type: 'string' }
        }
      }
    }
  }
} as const)
