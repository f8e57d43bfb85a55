import type { LimitsConfig } from '../../config/schema.ts'
import { GatewayError } from '../../core/errors.ts'
import type { Gateway, ProduceOutcome } from '../../gateway/gateway.ts'
import type { SocketReply } from '../../http/answer.ts'
import type { HttpCall } from '../../http/call.ts'
import { topicName } from '../shared/parameters.ts'
import { recycleText } from '../shared/records/text-writer.ts'
import { produceBySocket } from '../shared/write/socket-produce.ts'
import { v1Error } from './errors.ts'
import { writeProduceAnswer } from './offsets.ts'
import { parseMessage } from './record-form.ts'

/** Answers with a WebSocket on which each message is a record, or an array of them, and has the answer that a request would have. */
export async function produceSocket(call: HttpCall, gateway: Gateway, limits: LimitsConfig): Promise<SocketReply> {
  const topic = topicName(call.params.topic)
  const options = {
    topic,
    streamStallMs: limits.streamStallMs,
    read: (text: Buffer) => parseMessage(text, limits),
    answer,
    errorText: (error: GatewayError) => v1Error(error).body.toString()
  }
  call.beginStream('reads')
  await gateway.requireTopic(call.begin(), topic)
  return {
    status: 101,
    messageBytes: limits.bodyBytes,
    talk: channel => produceBySocket(call, gateway, channel, options)
  }
}

function answer(outcome: ProduceOutcome | GatewayError): Buffer {
  if (outcome instanceof GatewayError) return v1Error(outcome).body
  const { body } = writeProduceAnswer(outcome)
  // The memory of a text is lent.
  const copy = Buffer.from(body)
  recycleText(body)
  return copy
}
