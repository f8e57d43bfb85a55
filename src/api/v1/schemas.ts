import { INT32_LIMIT, PROPERTIES_LIMIT, PROPERTY_LIMIT_BYTES, REPLICAS_LIMIT } from '../../http/limits.ts'
import { named, orNull } from '../../http/openapi/schema.ts'
import { topicNameSchema } from '../shared/descriptions.ts'

/** Schemas of what the routes of v1 take and return. */

const offset = (description: string) =>
  ({ type: 'integer', minimum: 0, maximum: Number.MAX_SAFE_INTEGER, format: 'int64', description }) as const

export const partitionSchema = {
  type: 'integer',
  minimum: 0,
  maximum: INT32_LIMIT,
  format: 'int32',
  description: 'Number of a partition, from 0.'
} as const
export const countSchema = { type: 'integer', minimum: 1, maximum: INT32_LIMIT, default: 1, format: 'int32' } as const
export const startSchema = {
  anyOf: [
    { type: 'integer', minimum: 0, format: 'int64', description: 'Offset to start at.' },
    { enum: ['earliest', 'latest'], description: 'One of the two ends.' },
    { type: 'string', pattern: '^-\\d{1,16}$', description: 'The last so many records.' },
    {
      type: 'string',
      pattern: '^@(\\d{1,15}|\\d{4}-\\d{2}-\\d{2}T\\d{2}:\\d{2}(:\\d{2}(\\.\\d{1,9})?)?(Z|[+-]\\d{2}:?\\d{2}))$',
      description:
        'The first record whose timestamp is that or later: milliseconds since 1970, or ISO 8601 with a zone. The end if there is none.'
    }
  ]
} as const
export const topicCountSchema = { ...countSchema, default: 100 } as const
export const positionSchema = {
  type: 'string',
  pattern: '^([\\w-]{8};)?\\d{1,10}:[^:,;][^,;]*(,\\d{1,10}:[^:,;][^,;]*)*$',
  description:
    'The beginning of the topic id, which may be left out, then an offset for each partition, or a place to begin at.'
} as const
export const fromSchema = { anyOf: [...startSchema.anyOf, positionSchema], default: 'latest' } as const
export const partitionsListSchema = {
  anyOf: [
    partitionSchema,
    { type: 'string', pattern: '^\\d{1,9}(,\\d{1,9})+$', description: 'Several, with commas between.' }
  ]
} as const
export const timestampSchema = {
  type: 'integer',
  minimum: 0,
  maximum: Number.MAX_SAFE_INTEGER,
  format: 'int64'
} as const
/** Up to the default of `limits.waitMs`. */
export const waitSchema = { type: 'integer', minimum: 0, maximum: 60_000, default: 0, format: 'int32' } as const
export const encodingSchema = { enum: ['base64'] } as const
export const offsetSchema = offset('Offset within the partition.')

export const brokerSchema = named('Broker', {
  type: 'object',
  required: ['hostName', 'port', 'id', 'rack'],
  properties: {
    hostName: orNull({ type: 'string', description: 'Null while the broker is down.' }),
    port: orNull({ type: 'integer', minimum: 0, maximum: 65_535, description: 'Null while the broker is down.' }),
    id: { type: 'integer', minimum: 0, maximum: INT32_LIMIT, format: 'int32' },
    rack: orNull({ type: 'string' })
  }
})

export const partitionInfoSchema = named('Partition', {
  type: 'object',
  required: ['partition_id', 'earliest_offset', 'latest_offset', 'leader', 'replicas', 'isr'],
  properties: {
    partition_id: partitionSchema,
    earliest_offset: orNull(offset('Of the first record that is kept; null while nobody leads.')),
    latest_offset: orNull(offset('The last stable offset: where committed records end; null while nobody leads.')),
    leader: orNull(brokerSchema),
    replicas: { type: 'array', items: brokerSchema },
    isr: { type: 'array', items: brokerSchema, description: 'Replicas in sync.' }
  }
})

export const brokersSchema = named('Brokers', {
  type: 'object',
  required: ['brokers'],
  properties: {
    brokers: { type: 'array', items: brokerSchema }
  }
})
export const topicsSchema = named('Topics', {
  type: 'object',
  required: ['topics'],
  properties: {
    topics: {
      type: 'array',
      items: topicNameSchema,
      uniqueItems: true,
      description: "Sorted by code point, without Kafka's own."
    }
  }
})
export const partitionsSchema = named('Partitions', {
  type: 'object',
  required: ['topic', 'partitions'],
  properties: {
    topic: topicNameSchema,
    partitions: { type: 'array', items: partitionInfoSchema }
  }
})
export const topicSchema = named('Topic', {
  type: 'object',
  required: ['topic'],
  properties: {
    topic: topicNameSchema
  }
})

export const topicSpecSchema = named('TopicSpec', {
  type: 'object',
  properties: {
    partition_count: orNull({ type: 'integer', minimum: 1, maximum: INT32_LIMIT, format: 'int32' }),
    replication_factor: orNull({ type: 'integer', minimum: 1, maximum: REPLICAS_LIMIT }),
    topic_properties: {
      type: ['object', 'null'],
      additionalProperties: { type: ['string', 'number', 'boolean', 'null'] },
      maxProperties: PROPERTIES_LIMIT,
      description: `Kafka's own names; a number is passed on as it is written. Names and values have at most ${PROPERTY_LIMIT_BYTES} bytes.`
    }
  },
  additionalProperties: false,
  description: "What is left out, or null, is as the cluster's own defaults say."
})
