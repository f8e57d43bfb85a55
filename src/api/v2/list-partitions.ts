import { NO_BODY, topicParameter } from '../shared/descriptions.ts'
import { topic, topicName } from '../shared/parameters.ts'
import { TOPICS_TAG } from './errors.ts'
import { OFFERS } from './media-types.ts'
import { reply, topicErrors, type V2Route } from './route.ts'
import { partitionsSchema } from './schemas.ts'
import { partitionExample, partitionView } from './views.ts'

export const listPartitions: V2Route = {
  method: 'GET',
  path: '/topics/{topic}/partitions',
  permission: { operation: 'describe', resource: topic },
  body: NO_BODY,
  offers: OFFERS,
  audit: 'describe_topic',
  operation: {
    id: 'listPartitions',
    tag: TOPICS_TAG,
    summary: 'Describe the partitions of a topic.',
    parameters: [topicParameter],
    answers: {
      200: {
        description: 'The partitions.',
        schema: partitionsSchema,
        examples: { partitions: { summary: 'One partition', value: [partitionExample] } }
      }
    },
    errors: topicErrors
  },
  async handle(call, { gateway }, type) {
    const partitions = await gateway.placements(call.begin(), topicName(call.params.topic))
    return reply(200, partitions.map(partitionView), type)
  }
}
