import { jsonReply } from '../../http/exchange.ts'
import type { Route } from '../../http/router.ts'
import type { RouteContext } from './context.ts'
import { accessOf } from './permit.ts'
import { listTopicsCall } from './topic-operations.ts'

export function listTopics({ gateway, limits }: RouteContext): Route {
  return {
    ...listTopicsCall,
    async handle(exchange) {
      const access = accessOf(exchange)
      const topics = await gateway.listTopics(exchange.call(limits.requestTimeoutMs))
      return jsonReply(200, { topics: topics.filter(topic => access.allows('describe', topic)) })
    }
  }
}
