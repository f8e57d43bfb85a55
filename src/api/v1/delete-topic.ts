import { jsonReply } from '../../http/exchange.ts'
import type { Route } from '../../http/router.ts'
import type { RouteContext } from './context.ts'
import { topicName } from './parameters.ts'
import { permit } from './permit.ts'
import { deleteTopicCall } from './topic-operations.ts'

export function deleteTopic({ gateway, limits }: RouteContext): Route {
  return {
    ...deleteTopicCall,
    async handle(exchange, params) {
      const topic = topicName(params.topic)
      permit(exchange, 'delete', topic)
      await gateway.deleteTopic(exchange.call(limits.requestTimeoutMs), topic)
      return jsonReply(200, { topic })
    }
  }
}
