import { named } from '../../../http/openapi/schema.ts'
import { INT32_LIMIT } from '../../../http/limits.ts'
import { offsetSchema, partitionSchema } from '../schemas.ts'
import { topicNameSchema } from '../../shared/descriptions.ts'

/** The JSON forms of consumer instances. */

export const FETCH_MIN_BYTES_LIMIT = 10_000_000

/** Some clients send numbers and booleans as text. */
const flag = { enum: [true, false, 'true', 'false'] } as const
const number = (minimum: number, maximum: number) =>
  ({
    anyOf: [
      { type: 'integer', minimum, maximum },
      { type: 'string', pattern: '^-?[0-9]{1,9}$' }
    ]
  }) as const
const name = { type: 'string', description: '1 to 249 of a-z A-Z 0-9 . _ -; one of its own when left out.' } as const
const minBytes = number(-1, FETCH_MIN_BYTES_LIMIT)
const waitMs = number(0, INT32_LIMIT)
/** Read with any number: one out of range has an error of its own. */
const anyNumber = { anyOf: [{ type: 'integer' }, { type: 'string', pattern: '^-?[0-9]{1,15}$' }] } as const

export const newInstanceSchema = {
  type: 'object',
  properties: {
    name,
    id: { ...name, description: 'Another word for `name`, which it overrides.' },
    format: { type: 'string', description: '`binary` (default), `json` or `text`, in any case.' },
    'auto.offset.reset': { type: 'string', description: '`earliest`, `latest` (default) or `none`.' },
    'auto.commit.enable': flag,
    'enable.auto.commit': flag,
    'fetch.min.bytes': minBytes,
    responseMinBytes: minBytes,
    'consumer.request.timeout.ms': waitMs,
    requestWaitMs: waitMs,
    'isolation.level': { type: 'string', description: '`read_committed` (default) or `read_uncommitted`.' }
  },
  additionalProperties: false
} as const

/** What is read of {@link newInstanceSchema}; the rest of it is judged with the settings. */
export const readableInstanceSchema = {
  ...newInstanceSchema,
  properties: { ...newInstanceSchema.properties, 'fetch.min.bytes': anyNumber, responseMinBytes: anyNumber }
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

export const positionsSchema = {
  type: 'object',
  properties: {
    offsets: { type: 'array', items: offset },
    timestamps: {
      type: 'array',
      items: {
        type: 'object',
        required: ['topic', 'partition', 'timestamp'],
        properties: {
          ...place.properties,
          timestamp: { type: 'string', description: 'RFC 3339; the first record with it or a later one.' },
          metadata: text
        },
        additionalProperties: false
      }
    }
  },
  additionalProperties: false
} as const

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
