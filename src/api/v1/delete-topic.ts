import { jsonReply } from '../../http/answer.ts'
import { NO_BODY, topicParameter } from '../shared/descriptions.ts'
import { topic, topicName } from '../shared/parameters.ts'
import { JSON_ONLY, topicAnswer, topicErrors, type V1Route } from './route.ts'
import { topicSchema } from './schemas.ts'

export const deleteTopic: V1Route = {
  method: 'DELETE',
  path: '/v1/topics/{topic}',
  permission: { operation: 'delete', resource: topic },
  body: NO_BODY,
  offers: JSON_ONLY,
  audit: 'delete_topic',
  operation: {
    id: 'deleteTopic',
    tag: 'Topics',
    summary: 'Delete a topic and its records.',
    description: 'Answered once no broker that can be reached shows it any more.',
    parameters: [topicParameter],
    answers: { 200: { description: 'The topic is gone.', schema: topicSchema, examples: topicAnswer } },
    errors: [...topicErrors, 'INTERNAL_TOPIC', 'NOT_YET_VISIBLE']
  },
  async handle(call, { gateway }) {
    const name = topicName(call.params.topic)
    await gateway.deleteTopic(call.begin(), name)
    return jsonReply(200, { topic: name })
  }
}
