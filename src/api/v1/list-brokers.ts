import { jsonReply } from '../../http/answer.ts'
import { NO_BODY } from '../shared/descriptions.ts'
import { brokerExample, JSON_ONLY, type V1Route } from './route.ts'
import { brokersSchema } from './schemas.ts'
import { brokerView } from './views.ts'

export const listBrokers: V1Route = {
  method: 'GET',
  path: '/v1/metadata/brokers',
  permission: 'caller',
  body: NO_BODY,
  offers: JSON_ONLY,
  audit: 'list_brokers',
  operation: {
    id: 'listBrokers',
    tag: 'Cluster',
    summary: "List the cluster's brokers.",
    answers: {
      200: {
        description: 'The brokers that are up, by id.',
        schema: brokersSchema,
        examples: { brokers: { summary: 'One broker', value: { brokers: [brokerExample] } } }
      }
    },
    errors: ['KAFKA_UNAVAILABLE']
  },
  async handle(call, { gateway }) {
    const brokers = await gateway.listBrokers(call.begin())
    return jsonReply(200, { brokers: brokers.map(brokerView) })
  }
}
