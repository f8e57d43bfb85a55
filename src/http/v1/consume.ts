import { GatewayError } from '../../core/errors.ts'
import { writePage } from '../json/page-writer.ts'
import type { Route } from '../router.ts'
import type { RouteContext } from './context.ts'
import { encoding, partitionNumber, recordCount, startOffset, topicName } from './parameters.ts'

/** What a page may hold of keys and values. */
const PAGE_BYTES = 6 * 1024 * 1024
/** What is set aside in the budget for a record before its size is known. */
const BYTES_PER_RECORD = 1024

export function consume({ gateway, limits, budget }: RouteContext): Route {
  return {
    method: 'GET',
    path: '/v1/consumer/topics/{topic}/partitions/{partition}/offsets/{offset}',
    async handle(exchange, params, query) {
      const topic = topicName(params.topic)
      const partition = partitionNumber(params.partition)
      const from = startOffset(params.offset)
      const count = recordCount(query.get('count'))
      const keys = encoding(query.get('key_encoding'), 'key_encoding')
      const values = encoding(query.get('value_encoding'), 'value_encoding')
      const reserved = Math.min(count * BYTES_PER_RECORD, PAGE_BYTES)
      if (!budget.tryAcquire(reserved))
        throw new GatewayError('OVERLOADED', 'The gateway has too much in hand; try again shortly.')
      try {
        const page = await gateway.consume(exchange.call(limits.requestTimeoutMs), { topic, partition, from, count })
        return {
          status: 200,
          body: writePage(page, { keys, values }),
          headers: { NextOffset: String(page.nextOffset) }
        }
      } finally {
        budget.release(reserved)
      }
    }
  }
}
