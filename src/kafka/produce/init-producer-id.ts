import { kafkaErrorName } from '../codes.ts'
import type { BrokerChannel } from '../transport/broker-channel.ts'
import { exchange, type Api } from '../transport/exchange.ts'
import type { ProducerSession } from './producer-session.ts'

const INIT_PRODUCER_ID: Api = { key: 22, min: 0, max: 4, flexibleSince: 2 }
const NONE = -1

/**
 * A producer id of our own, for idempotence without transactions; any broker gives one.
 * @see https://kafka.apache.org/protocol#The_Messages_InitProducerId
 */
export async function askProducerId(channel: BrokerChannel): Promise<ProducerSession> {
  const { errorCode, ...session } = await exchange(
    channel,
    INIT_PRODUCER_ID,
    (writer, version) => {
      writer.string(null).int32(NONE)
      if (version >= 3) writer.int64(BigInt(NONE)).int16(NONE)
      writer.noTags()
    },
    reader => {
      reader.int32() // throttle time
      return { errorCode: reader.int16(), producerId: reader.bigint64(), epoch: reader.int16() }
    }
  )
  if (errorCode !== 0) throw new Error(`InitProducerId: ${kafkaErrorName(errorCode)}`)
  return session
}
