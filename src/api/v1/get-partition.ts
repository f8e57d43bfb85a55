import { jsonReply } from '../../http/exchange.ts'
import type { Route } from '../../http/router.ts'
import type { RouteContext } from './context.ts'
import { partitionNumber, topicName } from './parameters.ts'
import { permit } from './permit.ts'
import { partitionView } from './views.ts'
import { getPartitionCall } from './topic-operations.ts'

export function getPartition({ gateway, limits }: RouteContext): Route {
  return {
    ...getPartitionCall,
    async handle(exchange, params) {
      const topic = topicName(params.topic)
      permit(exchange, 'describe', topic)
      const partition = partitionNumber(params.partition)
      return jsonReply(
        200,
        partitionView(await gateway.describePartition(exchange.call(limits.requestTimeoutMs), topic, partition))
      )
    }
  }
}
