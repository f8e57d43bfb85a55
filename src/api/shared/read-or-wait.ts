import type { Deadline } from '../../core/deadline.ts'
import type { RecordPage } from '../../core/record-page.ts'
import type { Gateway, ReadRequest } from '../../gateway/gateway.ts'
import type { Reply } from '../../http/answer.ts'
import type { HttpCall } from '../../http/call.ts'

/**
 * Reads a page of one partition; at its end, waits for a first record until `until`. Each read has the time of a request. What
 * it sets aside of the byte budget is held until the client has taken the answer, so that readers that stop reading use up the
 * budget, not the memory; a wait holds nothing. Throws as `use` and {@link HttpCall.waiting} do.
 */
export async function readOrWait(
  call: HttpCall,
  gateway: Gateway,
  { from, ...read }: ReadRequest,
  { until, setAsideBytes }: { readonly until: Deadline; readonly setAsideBytes: number },
  use: (page: RecordPage) => Reply
): Promise<Reply> {
  const { topic, partition } = read
  for (let start = from; ;) {
    const operation = call.begin()
    call.hold(setAsideBytes)
    call.reserve()
    const reply = await gateway.consume(operation, { ...read, from: start }, page =>
      page.count === 0 && !until.passed && !call.signal.aborted ? page.nextOffset : use(page)
    )
    if (typeof reply !== 'number') return reply
    start = reply
    const place = { topic, partition, offset: reply }
    await call.waiting(() => gateway.awaitRecords(operation, place, { deadline: until, signal: call.signal }))
  }
}
