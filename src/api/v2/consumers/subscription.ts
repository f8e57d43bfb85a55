import { GatewayError } from '../../../core/errors.ts'
import { named } from '../../../http/openapi/schema.ts'
import { NO_BODY, TOPIC, bodyErrors } from '../../shared/descriptions.ts'
import { jsonBody } from '../../shared/json-body.ts'
import { topicName } from '../../shared/parameters.ts'
import { OFFERS } from '../media-types.ts'
import { reply, type V2Route } from '../route.ts'
import { describedSubscriptionSchema, newSubscriptionSchema, subscriptionSchema } from './schemas.ts'
import {
  BODY,
  CONSUMERS_TAG,
  done,
  INSTANCE_PATH,
  instanceErrors,
  instanceParameters,
  namesIn,
  PERMISSION
} from './shared.ts'

const readBody = jsonBody(newSubscriptionSchema)
const path = `${INSTANCE_PATH}/subscription`

export const subscribe: V2Route = {
  method: 'POST',
  path,
  permission: PERMISSION,
  body: BODY,
  offers: OFFERS,
  audit: 'subscribe',
  operation: {
    id: 'subscribe',
    tag: CONSUMERS_TAG,
    summary: 'Say which topics an instance reads.',
    description:
      'In place of those before. Its group assigns partitions in the background. A pattern brings topics that are created later, when the instance polls; it matches only those that the caller may read.',
    parameters: instanceParameters,
    body: {
      required: true,
      description: 'Names, or a pattern.',
      schema: named('NewSubscription', describedSubscriptionSchema),
      examples: {
        names: { summary: 'By name', value: { topics: [TOPIC] } },
        pattern: { summary: 'By pattern', value: { topic_pattern: 'ship.*' } }
      }
    },
    answers: { 204: { description: 'It is subscribed.' } },
    errors: [
      ...bodyErrors,
      ...instanceErrors,
      'TOPIC_NOT_FOUND',
      'NOT_PERMITTED',
      'INTERNAL_TOPIC',
      'INSTANCE_STATE',
      'INVALID_INSTANCE'
    ]
  },
  async handle(call, { consumers }) {
    const { topics, topic_pattern: pattern } = await readBody(await call.body())
    if (topics === undefined && pattern === undefined)
      throw new GatewayError('INVALID_BODY', 'The body has neither topics nor topic_pattern.')
    const names = namesIn(call)
    if (topics !== undefined) {
      const named = topics.map(topicName)
      if (named.length > 0) await consumers.subscribe(call.begin(), ...names, { topics: named })
      else await consumers.unsubscribe(call.begin(), ...names)
    } else if (pattern !== undefined) await consumers.subscribe(call.begin(), ...names, { pattern })
    return done()
  }
}

export const getSubscription: V2Route = {
  method: 'GET',
  path,
  permission: PERMISSION,
  body: NO_BODY,
  offers: OFFERS,
  audit: 'get_subscription',
  operation: {
    id: 'getSubscription',
    tag: CONSUMERS_TAG,
    summary: 'Tell which topics an instance is subscribed to.',
    description: 'An instance in the manner of Strimzi has besides `partitions`: those that it reads.',
    parameters: instanceParameters,
    answers: {
      200: {
        description: 'Their names; those that match, for a pattern.',
        schema: subscriptionSchema,
        examples: { names: { summary: 'One topic', value: { topics: [TOPIC] } } }
      }
    },
    errors: instanceErrors
  },
  async handle(call, { consumers }, type) {
    const { settings, topics, partitions } = await consumers.subscription(call.begin(), ...namesIn(call))
    if (settings.dialect === 'confluent') return reply(200, { topics }, type)
    return reply(200, { topics, partitions: Array.from(partitions, ([topic, list]) => ({ [topic]: list })) }, type)
  }
}

export const unsubscribe: V2Route = {
  method: 'DELETE',
  path,
  permission: PERMISSION,
  body: NO_BODY,
  offers: OFFERS,
  audit: 'unsubscribe',
  operation: {
    id: 'unsubscribe',
    tag: CONSUMERS_TAG,
    summary: 'End the subscription, or the assignment, of an instance.',
    parameters: instanceParameters,
    answers: { 204: { description: 'It reads nothing any more.' } },
    errors: instanceErrors
  },
  async handle(call, { consumers }) {
    await consumers.unsubscribe(call.begin(), ...namesIn(call))
    return done()
  }
}
