import { jsonReply } from '../../http/answer.ts'
import { NO_BODY, TOPIC } from '../shared/descriptions.ts'
import { JSON_ONLY, type V1Route } from './route.ts'
import { topicsSchema } from './schemas.ts'

export const listTopics: V1Route = {
  method: 'GET',
  path: '/v1/metadata/topics',
  permission: 'caller',
  body: NO_BODY,
  offers: JSON_ONLY,
  audit: 'list_topics',
  operation: {
    id: 'listTopics',
    tag: 'Topics',
    summary: 'List the topics that the caller may see.',
    answers: {
      200: {
        description: 'Their names.',
        schema: topicsSchema,
        examples: { topics: { summary: 'Two topics', value: { topics: ['parcels', TOPIC] } } }
      }
    },
    errors: ['KAFKA_UNAVAILABLE']
  },
  async handle(call, { gateway }) {
    const topics = await gateway.listTopics(call.begin())
    return jsonReply(200, { topics: topics.filter(name => call.may('describe', 'topic', name)) })
  }
}
