import { NO_BODY, topicParameter } from '../shared/descriptions.ts'
import { topic, topicName } from '../shared/parameters.ts'
import { TOPICS_TAG } from './errors.ts'
import { OFFERS } from './media-types.ts'
import { pathPartition } from './parameters.ts'
import { partitionParameter, reply, topicErrors, type V2Route } from './route.ts'
import { boundsSchema } from './schemas.ts'

export const getOffsets: V2Route = {
  method: 'GET',
  path: '/topics/{topic}/partitions/{partition}/offsets',
  permission: { operation: 'describe', resource: topic },
  body: NO_BODY,
  offers: OFFERS,
  audit: 'describe_partition',
  operation: {
    id: 'getOffsets',
    tag: TOPICS_TAG,
    summary: 'Where a partition begins and ends.',
    parameters: [topicParameter, partitionParameter],
    answers: {
      200: {
        description: 'The offsets of its first record and of the record that comes next.',
        schema: boundsSchema,
        examples: { bounds: { summary: 'Forty records', value: { beginning_offset: 10, end_offset: 50 } } }
      }
    },
    errors: [...topicErrors, 'INVALID_PARTITION', 'PARTITION_NOT_FOUND', 'LEADER_NOT_AVAILABLE']
  },
  async handle(call, { gateway, dialect }, type) {
    const { params } = call
    const name = topicName(params.topic)
    const partition = pathPartition(params.partition, dialect)
    const { earliest, highWatermark } = await gateway.partitionBounds(call.begin(), name, partition)
    return reply(200, { beginning_offset: earliest, end_offset: highWatermark }, type)
  }
}
