import { PAGE_BYTES } from '../../gateway/consume.ts'
import { Charge } from '../../http/charge.ts'
import { PAGE_FRONT_BYTES, writePage } from '../shared/records/page-writer.ts'
import type { Route } from '../../http/router.ts'
import type { RouteContext } from './context.ts'
import { encoding, partitionNumber, recordCount, startOffset, topicName } from './parameters.ts'
import { permit } from './permit.ts'
import { consumeCall } from './record-operations.ts'

/** What is set aside in the budget for a record before its size is known. */
const BYTES_PER_RECORD = 1024
/** The text of a page, and its encrypted copy while the client takes it. */
const COPIES = 2

export function consume({ gateway, limits, budget }: RouteContext): Route {
  return {
    ...consumeCall,
    async handle(exchange, params, query) {
      const topic = topicName(params.topic)
      permit(exchange, 'read', topic)
      const partition = partitionNumber(params.partition)
      const from = startOffset(params.offset)
      const count = recordCount(query.get('count'))
      const keys = encoding(query.get('key_encoding'), 'key_encoding')
      const values = encoding(query.get('value_encoding'), 'value_encoding')
      const call = exchange.call(limits.requestTimeoutMs)
      const charge = new Charge(budget)
      charge.raiseTo(Math.min(count * BYTES_PER_RECORD, PAGE_BYTES))
      // Until the client has taken the answer: readers that stand still fill the budget, not the memory.
      exchange.charge = charge
      exchange.allowance?.reserve()
      return gateway.consume(call, { topic, partition, from, count }, page => {
        exchange.records = page.count
        exchange.allowance?.settle({ records: page.count, bytes: page.payloadBytes })
        charge.raiseTo(page.payloadBytes * COPIES)
        return {
          status: 200,
          body: writePage(page, { keys, values }),
          headers: { NextOffset: String(page.nextOffset) },
          counted: true,
          recycled: true,
          frontBytes: PAGE_FRONT_BYTES
        }
      })
    }
  }
}
