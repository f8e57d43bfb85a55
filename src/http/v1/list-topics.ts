import { jsonReply } from '../exchange.ts'
import type { Route } from '../router.ts'
import type { RouteContext } from './context.ts'
import { accessOf } from './permit.ts'

export function listTopics({ gateway, limits }: RouteContext): Route {
  return {
    method: 'GET',
    path: '/v1/metadata/topics',
    async handle(exchange) {
      const access = accessOf(exchange)
      const topics = await gateway.listTopics(exchange.call(limits.requestTimeoutMs))
      return jsonReply(200, { topics: topics.filter(topic => access.allows('describe', topic)) })
    }
  }
}
