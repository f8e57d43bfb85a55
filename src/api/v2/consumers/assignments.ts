import { named } from '../../../http/openapi/schema.ts'
import { NO_BODY, TOPIC, bodyErrors } from '../../shared/descriptions.ts'
import { jsonBody } from '../../shared/json-body.ts'
import { topicName } from '../../shared/parameters.ts'
import { OFFERS } from '../media-types.ts'
import { reply, type V2Route } from '../route.ts'
import { assignmentsSchema, partitionListSchema } from './schemas.ts'
import {
  BODY,
  byTopic,
  CONSUMERS_TAG,
  done,
  INSTANCE_PATH,
  instanceErrors,
  instanceParameters,
  namesIn,
  PERMISSION,
  placesOf
} from './shared.ts'

const readBody = jsonBody(partitionListSchema)
const path = `${INSTANCE_PATH}/assignments`
const example = { partitions: [{ topic: TOPIC, partition: 0 }] }
const schema = named('PartitionList', partitionListSchema)

export const assign: V2Route = {
  method: 'POST',
  path,
  permission: PERMISSION,
  body: BODY,
  offers: OFFERS,
  audit: 'assign',
  operation: {
    id: 'assign',
    tag: CONSUMERS_TAG,
    summary: 'Say which partitions an instance reads.',
    description: 'In place of those before, and of its group, which assigns it none.',
    parameters: instanceParameters,
    body: {
      required: true,
      description: 'All of them; none ends the assignment.',
      schema,
      examples: { one: { summary: 'One partition', value: example } }
    },
    answers: { 204: { description: 'They are assigned.' } },
    errors: [
      ...bodyErrors,
      ...instanceErrors,
      'NOT_PERMITTED',
      'INTERNAL_TOPIC',
      'TOPIC_NOT_FOUND',
      'PARTITION_NOT_FOUND',
      'INSTANCE_STATE',
      'INVALID_INSTANCE'
    ]
  },
  async handle(call, { consumers }) {
    const { partitions } = await readBody(await call.body())
    for (const { topic } of partitions) topicName(topic)
    await consumers.assign(call.begin(), ...namesIn(call), byTopic(partitions))
    return done()
  }
}

export const getAssignments: V2Route = {
  method: 'GET',
  path,
  permission: PERMISSION,
  body: NO_BODY,
  offers: OFFERS,
  audit: 'get_assignments',
  operation: {
    id: 'getAssignments',
    tag: CONSUMERS_TAG,
    summary: 'Tell which partitions an instance reads.',
    parameters: instanceParameters,
    answers: {
      200: {
        description: 'Those that it assigned itself, or that its group did.',
        schema: assignmentsSchema,
        examples: { one: { summary: 'One partition', value: example } }
      }
    },
    errors: instanceErrors
  },
  async handle(call, { consumers }, type) {
    const partitions = await consumers.assignments(call.begin(), ...namesIn(call))
    return reply(200, { partitions: placesOf(partitions) }, type)
  }
}
