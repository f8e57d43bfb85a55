import { NO_BODY, TOPIC } from '../shared/descriptions.ts'
import { TOPICS_TAG } from './errors.ts'
import { OFFERS } from './media-types.ts'
import { reply, type V2Route } from './route.ts'
import { topicsSchema } from './schemas.ts'

export const listTopics: V2Route = {
  method: 'GET',
  path: '/topics',
  permission: 'caller',
  body: NO_BODY,
  offers: OFFERS,
  audit: 'list_topics',
  operation: {
    id: 'listTopics',
    tag: TOPICS_TAG,
    summary: 'List the topics that the caller may see.',
    answers: {
      200: {
        description: 'Their names.',
        schema: topicsSchema,
        examples: { topics: { summary: 'Two topics', value: ['parcels', TOPIC] } }
      }
    },
    errors: ['NOT_ACCEPTABLE', 'KAFKA_UNAVAILABLE']
  },
  async handle(call, { gateway }, type) {
    const topics = await gateway.listTopics(call.begin())
    return reply(
      200,
      topics.filter(name => call.may('describe', 'topic', name)),
      type
    )
  }
}
