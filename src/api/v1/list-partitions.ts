import { jsonReply } from '../../http/answer.ts'
import { NO_BODY, TOPIC, topicParameter } from '../shared/descriptions.ts'
import { topic, topicName } from '../shared/parameters.ts'
import { JSON_ONLY, partitionExample, topicErrors, type V1Route } from './route.ts'
import { partitionsSchema } from './schemas.ts'
import { partitionView } from './views.ts'

export const listPartitions: V1Route = {
  method: 'GET',
  path: '/v1/metadata/topics/{topic}/partitions',
  permission: { operation: 'describe', resource: topic },
  body: NO_BODY,
  offers: JSON_ONLY,
  audit: 'describe_topic',
  operation: {
    id: 'listPartitions',
    tag: 'Topics',
    summary: 'Describe the partitions of a topic.',
    parameters: [topicParameter],
    answers: {
      200: {
        description: 'The partitions, by number.',
        schema: partitionsSchema,
        examples: { partitions: { summary: 'One partition', value: { topic: TOPIC, partitions: [partitionExample] } } }
      }
    },
    errors: [...topicErrors, 'INTERNAL_TOPIC']
  },
  async handle(call, { gateway }) {
    const name = topicName(call.params.topic)
    const partitions = await gateway.describePartitions(call.begin(), name)
    return jsonReply(200, { topic: name, partitions: partitions.map(partitionView) })
  }
}
