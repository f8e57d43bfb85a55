import { kafkaErrorName } from '../kafka-errors.ts'
import { failureKind, KafkaFailure } from '../kafka-failure.ts'
import { initProducerId } from '../messages/init-producer-id.ts'
import type { BrokerChannel } from '../transport/broker-channel.ts'
import { exchange } from '../transport/exchange.ts'
import type { ProducerSession } from './producer-sessions.ts'

/** Version 5 adds only an error of transactions (KIP-890). */
const INIT_PRODUCER_ID = { ...initProducerId, min: 0, max: 4 }
const NO_TIMEOUT = -1

/**
 * Asks for a producer id, for idempotence without transactions; any broker gives one. Rejects with a `refused`
 * KafkaFailure if the gateway may not have one.
 */
export async function askProducerId(channel: BrokerChannel): Promise<ProducerSession> {
  const { errorCode, producerId, producerEpoch } = await exchange(channel, INIT_PRODUCER_ID, {
    transactionalId: null,
    transactionTimeoutMs: NO_TIMEOUT
  })
  if (errorCode === 0) return { producerId, epoch: producerEpoch }
  const detail = `InitProducerId: ${kafkaErrorName(errorCode)}`
  if (failureKind(errorCode) !== 'refused') throw new Error(detail)
  throw new KafkaFailure('refused', 'Kafka does not permit writing.', {
    kafkaCode: errorCode,
    detail: `${detail}. Before Kafka 2.8 the Kafka user needs IdempotentWrite on the cluster.`
  })
}
