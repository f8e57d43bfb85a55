import { jsonReply } from '../exchange.ts'
import type { Route } from '../router.ts'
import type { RouteContext } from './context.ts'

export function listTopics({ gateway, limits }: RouteContext): Route {
  return {
    method: 'GET',
    path: '/v1/metadata/topics',
    async handle(exchange) {
      return jsonReply(200, { topics: await gateway.listTopics(exchange.call(limits.requestTimeoutMs)) })
    }
  }
}
