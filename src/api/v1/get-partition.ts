import { jsonReply } from '../../http/answer.ts'
import { NO_BODY, topicParameter } from '../shared/descriptions.ts'
import { partitionNumber, topic, topicName } from '../shared/parameters.ts'
import { JSON_ONLY, partitionExample, partitionParameter, topicErrors, type V1Route } from './route.ts'
import { partitionInfoSchema } from './schemas.ts'
import { partitionView } from './views.ts'

export const getPartition: V1Route = {
  method: 'GET',
  path: '/v1/metadata/topics/{topic}/partitions/{partition}',
  permission: { operation: 'describe', resource: topic },
  body: NO_BODY,
  offers: JSON_ONLY,
  audit: 'describe_partition',
  operation: {
    id: 'getPartition',
    tag: 'Topics',
    summary: 'Describe one partition of a topic.',
    parameters: [topicParameter, partitionParameter],
    answers: {
      200: {
        description: 'The partition.',
        schema: partitionInfoSchema,
        examples: { partition: { summary: 'A partition with 42 offsets', value: partitionExample } }
      }
    },
    errors: [...topicErrors, 'INTERNAL_TOPIC', 'INVALID_PARTITION', 'PARTITION_NOT_FOUND']
  },
  async handle(call, { gateway }) {
    const name = topicName(call.params.topic)
    const partition = partitionNumber(call.params.partition)
    return jsonReply(200, partitionView(await gateway.describePartition(call.begin(), name, partition)))
  }
}
