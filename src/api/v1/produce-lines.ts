import type { LimitsConfig } from '../../config/schema.ts'
import { GatewayError } from '../../core/errors.ts'
import type { Gateway } from '../../gateway/gateway.ts'
import type { StreamReply } from '../../http/answer.ts'
import type { HttpCall } from '../../http/call.ts'
import { assertPlainCoding } from '../../http/media-type.ts'
import { parseType } from '../../http/negotiate.ts'
import { topicName } from '../shared/parameters.ts'
import { produceStream } from '../shared/write/produce-stream.ts'
import { v1Error } from './errors.ts'
import { LINES } from './lines.ts'
import { failureMembers } from './offsets.ts'
import { lineReader } from './record-form.ts'

/** Returns the type of a body of lines; undefined for any other. */
export function linesType(contentType: string | undefined): string | undefined {
  if (contentType === 'application/json') return undefined
  const { type, charset = 'utf-8' } = parseType(contentType)
  return LINES.includes(type) && charset === 'utf-8' ? type : undefined
}

/** Stores a record a line, and answers a line a record, for as long as the client sends. */
export async function produceLines(
  call: HttpCall,
  gateway: Gateway,
  limits: LimitsConfig,
  type: string
): Promise<StreamReply> {
  const topic = topicName(call.params.topic)
  assertPlainCoding(call.headers)
  const options = {
    topic,
    reader: lineReader,
    limits,
    errorsOnly: errorsOnly(call.query.get('receipts')),
    failureText: failureMembers,
    errorText: (error: GatewayError) => v1Error(error).body.toString()
  }
  call.beginStream('writes')
  await gateway.requireTopic(call.begin(), topic)
  return {
    status: 200,
    headers: { 'Content-Type': type },
    run: sink => produceStream(call, gateway, sink, options)
  }
}

/** Throws INVALID_PARAMETER. */
function errorsOnly(receipts: string | null): boolean {
  if (receipts === null || receipts === 'all') return false
  if (receipts === 'errors') return true
  throw new GatewayError('INVALID_PARAMETER', 'receipts must be all or errors.')
}
