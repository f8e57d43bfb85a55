import { INT32_LIMIT, REPLICAS_LIMIT } from '../../http/limits.ts'
import { named } from '../../http/openapi/schema.ts'
import { topicNameSchema } from '../shared/descriptions.ts'

/** Schemas of v2 that are the same in both dialects. */

export const partitionSchema = {
  type: 'integer',
  minimum: 0,
  maximum: INT32_LIMIT,
  format: 'int32',
  description: 'Number of a partition; the first is 0.'
} as const
export const offsetSchema = {
  type: 'integer',
  minimum: 0,
  maximum: Number.MAX_SAFE_INTEGER,
  format: 'int64'
} as const
const brokerId = {
  type: 'integer',
  minimum: 0,
  maximum: INT32_LIMIT,
  format: 'int32',
  description: 'Id of a broker.'
} as const

export const brokersSchema = named('Brokers', {
  type: 'object',
  required: ['brokers'],
  properties: { brokers: { type: 'array', items: brokerId } }
})

export const topicsSchema = named('Topics', {
  type: 'array',
  items: topicNameSchema,
  uniqueItems: true,
  description: "Names, sorted by code point, without Kafka's own."
})

const replica = {
  type: 'object',
  required: ['broker', 'leader', 'in_sync'],
  properties: { broker: brokerId, leader: { type: 'boolean' }, in_sync: { type: 'boolean' } }
} as const

export const partitionInfoSchema = named('Partition', {
  type: 'object',
  required: ['partition', 'leader', 'replicas'],
  properties: {
    partition: partitionSchema,
    leader: {
      type: 'integer',
      minimum: -1,
      maximum: INT32_LIMIT,
      description: 'Id of a broker; −1 while nobody leads.'
    },
    replicas: { type: 'array', items: replica }
  }
})

export const partitionsSchema = named('Partitions', {
  type: 'array',
  items: partitionInfoSchema,
  description: 'By number.'
})

export const topicSchema = named('Topic', {
  type: 'object',
  required: ['name', 'configs', 'partitions'],
  properties: {
    name: topicNameSchema,
    configs: {
      type: 'object',
      additionalProperties: { type: ['string', 'null'] },
      description: 'All properties, defaults included; null for one whose value Kafka keeps to itself.'
    },
    partitions: partitionsSchema
  }
})

export const boundsSchema = named('Bounds', {
  type: 'object',
  required: ['beginning_offset', 'end_offset'],
  properties: {
    beginning_offset: offsetSchema,
    end_offset: {
      ...offsetSchema,
      description: 'The high watermark. Reads end at the last stable offset, which an open transaction keeps before it.'
    }
  }
})

/** Some clients send numbers as text: of so many digits that they are in range. */
export const newTopicSchema = {
  type: 'object',
  required: ['topic_name'],
  properties: {
    topic_name: { type: 'string', description: "A name by Kafka's rule." },
    partitions_count: {
      anyOf: [
        { type: 'integer', minimum: 1, maximum: INT32_LIMIT },
        { type: 'string', pattern: '^[1-9][0-9]{0,8}$' },
        { type: 'null' }
      ]
    },
    replication_factor: {
      anyOf: [
        { type: 'integer', minimum: 1, maximum: REPLICAS_LIMIT },
        { type: 'string', pattern: '^[1-9][0-9]{0,3}$' },
        { type: 'null' }
      ]
    }
  },
  additionalProperties: false,
  description: "What is left out is as the cluster's own defaults say."
} as const
