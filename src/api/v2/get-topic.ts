import { NO_BODY, TOPIC, topicParameter } from '../shared/descriptions.ts'
import { topic, topicName } from '../shared/parameters.ts'
import { TOPICS_TAG } from './errors.ts'
import { OFFERS } from './media-types.ts'
import { reply, topicErrors, type V2Route } from './route.ts'
import { topicSchema } from './schemas.ts'
import { partitionExample, partitionView } from './views.ts'

const configs = { 'cleanup.policy': 'delete', 'retention.ms': '604800000' }

export const getTopic: V2Route = {
  method: 'GET',
  path: '/topics/{topic}',
  permission: { operation: 'describe', resource: topic },
  body: NO_BODY,
  offers: OFFERS,
  audit: 'describe_topic',
  operation: {
    id: 'getTopic',
    tag: TOPICS_TAG,
    summary: 'Describe a topic: its configuration and its partitions.',
    parameters: [topicParameter],
    answers: {
      200: {
        description: 'The topic.',
        schema: topicSchema,
        examples: { topic: { summary: 'A topic', value: { name: TOPIC, configs, partitions: [partitionExample] } } }
      }
    },
    errors: topicErrors
  },
  async handle(call, { gateway }, type) {
    const name = topicName(call.params.topic)
    const operation = call.begin()
    // One after the other: what is unknown is told as the metadata tell it.
    const partitions = await gateway.placements(operation, name)
    const found = await gateway.topicConfigs(operation, name)
    return reply(200, { name, configs: Object.fromEntries(found), partitions: partitions.map(partitionView) }, type)
  }
}
