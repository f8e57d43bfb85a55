import { WireReader } from '../wire/wire-reader.ts'
import { WireWriter } from '../wire/wire-writer.ts'
import type { BrokerChannel } from './broker-channel.ts'
import { ThrottledError, TransportError } from './transport-error.ts'

/** One kind of request, as far as the gateway uses it. */
export interface Api {
  readonly key: number
  /** Versions that the gateway can write and read. */
  readonly min: number
  readonly max: number
  /** From this version on lengths are compact and fields can be tagged (KIP-482). */
  readonly flexibleSince: number
}

/**
 * Sends one request and reads its answer, off the hot paths; for APIs whose answers begin with the throttle time. Rejects
 * with a TransportError: an answer that cannot be read counts as one that did not come. While the broker throttles the
 * connection nothing is sent, and it is a ThrottledError: on the connection the request would wait with its fate unknown.
 */
export async function exchange<T>(
  channel: BrokerChannel,
  api: Api,
  write: (writer: WireWriter, version: number) => void,
  read: (reader: WireReader, version: number) => T
): Promise<T> {
  const version = await channel.version(api.key, api.min, api.max)
  const { mutedMs, endpoint } = channel
  if (mutedMs > 0)
    throw new ThrottledError(`Broker ${endpoint.address} throttles for ${Math.ceil(mutedMs)} ms`, mutedMs)
  const flexible = version >= api.flexibleSince
  const writer = new WireWriter(flexible)
  write(writer, version)
  const response = await channel.request(api.key, version, flexible, writer.finish())
  try {
    channel.throttled(api.key, response.readInt32BE(0))
    return read(new WireReader(response, flexible), version)
  } catch (cause) {
    throw new TransportError(`Broker ${endpoint.address} sent an unreadable answer to API ${api.key}`, true, cause)
  }
}
