import { GatewayError } from '../../core/errors.ts'
import { kafkaCode, kafkaErrorName } from '../codes.ts'
import type { BrokerChannel } from '../transport/broker-channel.ts'
import { exchange, type Api } from '../transport/exchange.ts'
import type { ProducerSession } from './producer-sessions.ts'

const INIT_PRODUCER_ID: Api = { key: 22, min: 0, max: 4, flexibleSince: 2 }
const NONE = -1

/**
 * Asks for a producer id, for idempotence without transactions; any broker gives one. Rejects with KAFKA_REFUSED if the
 * gateway may not have one.
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
  if (errorCode === 0) return session
  const detail = `InitProducerId: ${kafkaErrorName(errorCode)}`
  if (kafkaCode(errorCode).error !== 'KAFKA_REFUSED') throw new Error(detail)
  throw new GatewayError('KAFKA_REFUSED', 'Kafka does not let the gateway write.', {
    detail: `${detail}. Before Kafka 2.8 the gateway's user needs IdempotentWrite on the cluster.`
  })
}
