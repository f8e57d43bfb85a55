import { jsonReply } from '../../http/exchange.ts'
import type { Route } from '../../http/router.ts'
import type { RouteContext } from './context.ts'
import { topicName } from './parameters.ts'
import { permit } from './permit.ts'
import { partitionView } from './views.ts'
import { listPartitionsCall } from './topic-operations.ts'

export function listPartitions({ gateway, limits }: RouteContext): Route {
  return {
    ...listPartitionsCall,
    async handle(exchange, params) {
      const topic = topicName(params.topic)
      permit(exchange, 'describe', topic)
      const partitions = await gateway.describePartitions(exchange.call(limits.requestTimeoutMs), topic)
      return jsonReply(200, { topic, partitions: partitions.map(partitionView) })
    }
  }
}
