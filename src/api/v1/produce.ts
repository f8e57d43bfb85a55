import { readBody } from '../../http/body.ts'
import type { Reply } from '../../http/exchange.ts'
import { withHeaders } from '../shared/records/added-headers.ts'
import { writeProduceAnswer } from '../shared/records/offsets-writer.ts'
import { parseProduceBody } from '../shared/records/produce-body.ts'
import type { Route } from '../../http/router.ts'
import type { RouteContext } from './context.ts'
import { topicName } from './parameters.ts'
import { permit } from './permit.ts'
import { produceCall } from './record-operations.ts'

export function produce({ gateway, limits, budget }: RouteContext): Route {
  return {
    ...produceCall,
    async handle(exchange, params): Promise<Reply> {
      const topic = topicName(params.topic)
      permit(exchange, 'write', topic)
      const reading = readBody(exchange, { budget, limitBytes: limits.bodyBytes })
      const body = reading instanceof Promise ? await reading : reading
      let call
      let records
      try {
        call = exchange.call(limits.requestTimeoutMs)
        records = parseProduceBody(body.bytes, limits)
        exchange.records = records.count
        exchange.allowance?.charge({ records: records.count, bytes: body.bytes.length })
      } catch (error) {
        body.release()
        throw error
      }
      // The batch may outlive the answer: the gateway says when the bytes are free.
      const added = exchange.trace?.recordHeaders ?? []
      const traced = added.length === 0 ? records : withHeaders(records, added)
      const outcome = await gateway.produce(call, topic, traced, body.release)
      const { status, body: answer, code, retryAfterS } = writeProduceAnswer(outcome)
      return {
        status,
        body: answer,
        code,
        recycled: true,
        ...(retryAfterS === undefined ? {} : { headers: { 'Retry-After': String(retryAfterS) } })
      }
    }
  }
}
