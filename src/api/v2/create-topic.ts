import { named } from '../../http/openapi/schema.ts'
import { TOPIC, bodyErrors } from '../shared/descriptions.ts'
import { jsonBody } from '../shared/json-body.ts'
import { newTopic, newTopicName } from '../shared/parameters.ts'
import { OFFERS, PRODUCE_TYPES, requireJson } from './media-types.ts'
import { reply, type V2Route } from './route.ts'
import { newTopicSchema } from './schemas.ts'

const readBody = jsonBody(newTopicSchema)

export const createTopic: V2Route = {
  method: 'POST',
  path: '/admin/topics',
  permission: 'inHandler',
  body: { kind: 'whole', types: PRODUCE_TYPES },
  offers: OFFERS,
  audit: 'create_topic',
  operation: {
    id: 'createTopic',
    tag: 'Administration',
    summary: 'Create a topic.',
    description: 'Answered once every broker that can be reached shows all partitions with leaders that answer.',
    body: {
      required: true,
      description: 'What the topic is to be like. Numbers may be sent as text.',
      schema: named('NewTopic', newTopicSchema),
      examples: {
        defaults: { summary: "The cluster's own defaults", value: { topic_name: TOPIC } },
        whole: {
          summary: 'All that can be said',
          value: { topic_name: TOPIC, partitions_count: 2, replication_factor: 1 }
        }
      }
    },
    answers: {
      201: {
        description: 'The topic is there.',
        schema: { type: 'object' },
        examples: { created: { summary: 'An empty object', value: {} } }
      }
    },
    errors: [
      ...bodyErrors,
      'NOT_ACCEPTABLE',
      'INVALID_TOPIC_NAME',
      'INVALID_PARTITION_COUNT',
      'INVALID_REPLICATION_FACTOR',
      'POLICY_VIOLATION',
      'TOPIC_EXISTS',
      'KAFKA_REFUSED',
      'KAFKA_UNAVAILABLE',
      'NOT_YET_VISIBLE'
    ]
  },
  async handle(call, { gateway }, type) {
    requireJson(call.headers['content-type'])
    const spec = await readBody(await call.body())
    const name = newTopicName(spec.topic_name)
    call.permit('create', newTopic, name)
    await gateway.createTopic(call.begin(), name, {
      partitionCount: numberIn(spec.partitions_count),
      replicationFactor: numberIn(spec.replication_factor),
      properties: new Map()
    })
    return reply(201, {}, type)
  }
}

function numberIn(value: number | string | null | undefined): number | null {
  return value === null || value === undefined ? null : Number(value)
}
