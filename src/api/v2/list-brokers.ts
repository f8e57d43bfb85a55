import { NO_BODY } from '../shared/descriptions.ts'
import { OFFERS } from './media-types.ts'
import { reply, type V2Route } from './route.ts'
import { brokersSchema } from './schemas.ts'

export const listBrokers: V2Route = {
  method: 'GET',
  path: '/brokers',
  permission: 'caller',
  body: NO_BODY,
  offers: OFFERS,
  audit: 'list_brokers',
  operation: {
    id: 'listBrokers',
    tag: 'Cluster',
    summary: "List the cluster's brokers.",
    answers: {
      200: {
        description: 'The ids of those that are up.',
        schema: brokersSchema,
        examples: { brokers: { summary: 'Two brokers', value: { brokers: [1, 2] } } }
      }
    },
    errors: ['NOT_ACCEPTABLE', 'KAFKA_UNAVAILABLE']
  },
  async handle(call, { gateway }, type) {
    const brokers = await gateway.listBrokers(call.begin())
    return reply(200, { brokers: brokers.map(({ id }) => id) }, type)
  }
}
