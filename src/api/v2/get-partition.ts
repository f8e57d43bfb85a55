import { NO_BODY, topicParameter } from '../shared/descriptions.ts'
import { topic, topicName } from '../shared/parameters.ts'
import { TOPICS_TAG } from './errors.ts'
import { OFFERS } from './media-types.ts'
import { pathPartition } from './parameters.ts'
import { partitionParameter, reply, topicErrors, type V2Route } from './route.ts'
import { partitionInfoSchema } from './schemas.ts'
import { partitionExample, partitionView } from './views.ts'

export const getPartition: V2Route = {
  method: 'GET',
  path: '/topics/{topic}/partitions/{partition}',
  permission: { operation: 'describe', resource: topic },
  body: NO_BODY,
  offers: OFFERS,
  audit: 'describe_partition',
  operation: {
    id: 'getPartition',
    tag: TOPICS_TAG,
    summary: 'Describe one partition of a topic.',
    parameters: [topicParameter, partitionParameter],
    answers: {
      200: {
        description: 'The partition.',
        schema: partitionInfoSchema,
        examples: { partition: { summary: 'A partition with two replicas', value: partitionExample } }
      }
    },
    errors: [...topicErrors, 'INVALID_PARTITION', 'PARTITION_NOT_FOUND']
  },
  async handle(call, { gateway, dialect }, type) {
    const { params } = call
    const name = topicName(params.topic)
    const partition = pathPartition(params.partition, dialect)
    return reply(200, partitionView(await gateway.placement(call.begin(), name, partition)), type)
  }
}
