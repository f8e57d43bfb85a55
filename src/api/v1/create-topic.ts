import { jsonReply } from '../../http/answer.ts'
import { bodyErrors, topicParameter } from '../shared/descriptions.ts'
import { newTopic, newTopicName } from '../shared/parameters.ts'
import { JSON_BODY, JSON_ONLY, topicAnswer, type V1Route } from './route.ts'
import { topicSchema, topicSpecSchema } from './schemas.ts'
import { parseTopicBody } from './topic-body.ts'

export const createTopic: V1Route = {
  method: 'PUT',
  path: '/v1/topics/{topic}',
  permission: { operation: 'create', resource: newTopic },
  body: JSON_BODY,
  offers: JSON_ONLY,
  audit: 'create_topic',
  operation: {
    id: 'createTopic',
    tag: 'Topics',
    summary: 'Create a topic.',
    description: 'Answered once every broker that can be reached shows all partitions with leaders that answer.',
    parameters: [topicParameter],
    body: {
      required: false,
      description: "What the topic is to be like; without a body it is as the cluster's own defaults say.",
      schema: topicSpecSchema,
      examples: {
        defaults: { summary: "The cluster's own defaults", value: {} },
        whole: {
          summary: 'All that can be said',
          value: {
            partition_count: 2,
            replication_factor: 1,
            topic_properties: { 'retention.ms': 604_800_000, 'cleanup.policy': 'delete', preallocate: false }
          }
        }
      }
    },
    answers: { 200: { description: 'The topic is there.', schema: topicSchema, examples: topicAnswer } },
    errors: [
      ...bodyErrors,
      'INVALID_TOPIC_NAME',
      'INVALID_TOPIC_PROPERTY',
      'INVALID_PARTITION_COUNT',
      'INVALID_REPLICATION_FACTOR',
      'POLICY_VIOLATION',
      'TOPIC_EXISTS',
      'KAFKA_REFUSED',
      'KAFKA_UNAVAILABLE',
      'NOT_YET_VISIBLE'
    ]
  },
  async handle(call, { gateway, limits }) {
    const name = newTopicName(call.params.topic)
    const body = await call.body()
    try {
      await gateway.createTopic(call.begin(), name, parseTopicBody(body.bytes, limits))
      return jsonReply(200, { topic: name })
    } finally {
      body.release()
    }
  }
}
