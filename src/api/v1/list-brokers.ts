import { jsonReply } from '../../http/exchange.ts'
import type { Route } from '../../http/router.ts'
import type { RouteContext } from './context.ts'
import { brokerView } from './views.ts'
import { listBrokersCall } from './topic-operations.ts'

export function listBrokers({ gateway, limits }: RouteContext): Route {
  return {
    ...listBrokersCall,
    async handle(exchange) {
      const brokers = await gateway.listBrokers(exchange.call(limits.requestTimeoutMs))
      return jsonReply(200, { brokers: brokers.map(brokerView) })
    }
  }
}
