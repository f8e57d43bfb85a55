import { readBody } from '../../http/body.ts'
import { jsonReply } from '../../http/exchange.ts'
import { parseTopicBody } from './topic-body.ts'
import type { Route } from '../../http/router.ts'
import type { RouteContext } from './context.ts'
import { newTopicName } from './parameters.ts'
import { permitCreation } from './permit.ts'
import { createTopicCall } from './topic-operations.ts'

export function createTopic({ gateway, limits, budget }: RouteContext): Route {
  return {
    ...createTopicCall,
    async handle(exchange, { topic }) {
      const name = newTopicName(topic)
      permitCreation(exchange, name)
      const body = await readBody(exchange, { budget, limitBytes: limits.bodyBytes })
      try {
        await gateway.createTopic(exchange.call(limits.requestTimeoutMs), name, parseTopicBody(body.bytes, limits))
        return jsonReply(200, { topic: name })
      } finally {
        body.release()
      }
    }
  }
}
