import { Type } from '../../core/json-schema.ts'
import { named, orNull } from '../../http/openapi/schema.ts'
import {
  INT32_LIMIT,
  PROPERTIES_LIMIT,
  PROPERTY_LIMIT_BYTES,
  REPLICAS_LIMIT,
  TOPIC_CHARACTERS
} from '../../http/limits.ts'

/** Schemas of what the routes of v1 take and return. */

const strict = { additionalProperties: false }
const offset = (description: string) =>
  Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER, format: 'int64', description })

export const topicNameSchema = Type.String({
  pattern: `^(?!\\.{1,2}$)[a-zA-Z0-9._-]{1,${TOPIC_CHARACTERS}}$`,
  description: "A name by Kafka's rule."
})
export const partitionSchema = Type.Integer({
  minimum: 0,
  maximum: INT32_LIMIT,
  format: 'int32',
  description: 'Number of a partition, from 0.'
})
export const countSchema = Type.Integer({ minimum: 1, maximum: INT32_LIMIT, default: 1, format: 'int32' })
export const startSchema = Type.Union([
  Type.Integer({ minimum: 0, format: 'int64', description: 'Offset to start at.' }),
  Type.Enum(['earliest', 'latest'], { description: 'One of the two ends.' })
])
export const encodingSchema = Type.Enum(['base64'])
export const offsetSchema = offset('Offset within the partition.')

export const brokerSchema = named(
  'Broker',
  Type.Object({
    hostName: orNull(Type.String({ description: 'Null while the broker is down.' })),
    port: orNull(Type.Integer({ minimum: 0, maximum: 65_535, description: 'Null while the broker is down.' })),
    id: Type.Integer({ minimum: 0, maximum: INT32_LIMIT, format: 'int32' }),
    rack: orNull(Type.String())
  })
)

export const partitionInfoSchema = named(
  'Partition',
  Type.Object({
    partition_id: partitionSchema,
    earliest_offset: orNull(offset('Of the first record that is kept; null while nobody leads.')),
    latest_offset: orNull(offset('The last stable offset: where committed records end; null while nobody leads.')),
    leader: orNull(brokerSchema),
    replicas: Type.Array(brokerSchema),
    isr: Type.Array(brokerSchema, { description: 'Replicas in sync.' })
  })
)

export const brokersSchema = named('Brokers', Type.Object({ brokers: Type.Array(brokerSchema) }))
export const topicsSchema = named(
  'Topics',
  Type.Object({
    topics: Type.Array(topicNameSchema, {
      uniqueItems: true,
      description: "Sorted by code point, without Kafka's own."
    })
  })
)
export const partitionsSchema = named(
  'Partitions',
  Type.Object({ topic: topicNameSchema, partitions: Type.Array(partitionInfoSchema) })
)
export const topicSchema = named('Topic', Type.Object({ topic: topicNameSchema }))

export const topicSpecSchema = named(
  'TopicSpec',
  Type.Object(
    {
      partition_count: Type.Optional(orNull(Type.Integer({ minimum: 1, maximum: INT32_LIMIT, format: 'int32' }))),
      replication_factor: Type.Optional(orNull(Type.Integer({ minimum: 1, maximum: REPLICAS_LIMIT }))),
      topic_properties: Type.Optional(
        Type.Unsafe<Readonly<Record<string, string | number | boolean | null>> | null>({
          type: ['object', 'null'],
          additionalProperties: { type: ['string', 'number', 'boolean', 'null'] },
          maxProperties: PROPERTIES_LIMIT,
          description: `Kafka's own names; a number is passed on as it is written. Names and values have at most ${PROPERTY_LIMIT_BYTES} bytes.`
        })
      )
    },
    { ...strict, description: "What is left out, or null, is as the cluster's own defaults say." }
  )
)
