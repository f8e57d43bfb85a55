import { apiName } from '../../core/kafka-apis.ts'
import type { Message } from '../messages/message.ts'
import { WireReader } from '../wire/wire-reader.ts'
import { WireWriter } from '../wire/wire-writer.ts'
import type { BrokerChannel } from './broker-channel.ts'
import { ThrottledError, TransportError } from './transport-error.ts'

/**
 * Sends one request and reads its answer, off the hot paths; for APIs whose answers begin with the throttle time. Rejects
 * with a TransportError: an answer that cannot be read counts as one that did not come. While the broker throttles the
 * connection nothing is sent, and it is a ThrottledError: on the connection the request would wait with its fate unknown.
 */
export async function exchange<Request, Response>(
  channel: BrokerChannel,
  message: Message<Request, Response>,
  request: Request
): Promise<Response> {
  const { key, min, max, flexibleSince } = message
  const version = await channel.version(key, min, max)
  const { mutedMs, endpoint } = channel
  if (mutedMs > 0)
    throw new ThrottledError(`Broker ${endpoint.address} throttles for ${Math.ceil(mutedMs)} ms`, mutedMs)
  const flexible = version >= flexibleSince
  const writer = new WireWriter(flexible)
  message.write(writer, version, request)
  const response = await channel.request(key, version, flexible, writer.finish())
  try {
    channel.throttled(key, response.readInt32BE(0))
    return message.read(new WireReader(response, flexible), version)
  } catch (cause) {
    throw new TransportError(`Broker ${endpoint.address} sent an unreadable answer to ${apiName(key)}`, true, cause)
  }
}
