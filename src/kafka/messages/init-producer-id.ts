// Generated from the definitions of Kafka 4.3.1 by `npm run messages:generate`; changes by hand are lost.
// The comments of the fields are Kafka's own (Apache-2.0).
import type { WireReader } from '../wire/wire-reader.ts'
import type { WireWriter } from '../wire/wire-writer.ts'
import { type Message, notInVersion } from './message.ts'

/** @see https://kafka.apache.org/protocol#The_Messages_InitProducerId */
export const initProducerId: Message<InitProducerIdRequest, InitProducerIdResponse> = {
  key: 22,
  min: 0,
  max: 5,
  flexibleSince: 2,
  write: (writer, version, request) => writeInitProducerIdRequest(writer, version, request),
  read: readInitProducerIdResponse
}

export interface InitProducerIdRequest {
  /** The transactional id, or null if the producer is not transactional. */
  readonly transactionalId: string | null
  /** The time in ms to wait before aborting idle transactions sent by this producer. This is only relevant if a TransactionalId has been defined. */
  readonly transactionTimeoutMs: number
  /** The producer id. This is used to disambiguate requests if a transactional id is reused following its expiration. */
  readonly producerId?: bigint
  /** The producer's current epoch. This will be checked against the producer epoch on the broker, and the request will return an error if they do not match. */
  readonly producerEpoch?: number
}

export interface InitProducerIdResponse {
  /** The duration in milliseconds for which the request was throttled due to a quota violation, or zero if the request did not violate any quota. */
  readonly throttleTimeMs: number
  /** The error code, or 0 if there was no error. */
  readonly errorCode: number
  /** The current producer id. */
  readonly producerId: bigint
  /** The current epoch associated with the producer id. */
  readonly producerEpoch: number
  /** The producer id for ongoing transaction when KeepPreparedTxn is used, -1 if there is no transaction ongoing. */
  readonly ongoingTxnProducerId: bigint
  /** The epoch associated with the producer id for ongoing transaction when KeepPreparedTxn is used, -1 if there is no transaction ongoing. */
  readonly ongoingTxnProducerEpoch: number
}

function writeInitProducerIdRequest(writer: WireWriter, version: number, value: InitProducerIdRequest): void {
  writer.string(value.transactionalId)
  writer.int32(value.transactionTimeoutMs)
  if (version >= 3) writer.int64(value.producerId ?? -1n)
  else if ((value.producerId ?? -1n) !== -1n) notInVersion('producerId', version)
  if (version >= 3) writer.int16(value.producerEpoch ?? -1)
  else if ((value.producerEpoch ?? -1) !== -1) notInVersion('producerEpoch', version)
  writer.noTags()
}

function readInitProducerIdResponse(reader: WireReader, version: number): InitProducerIdResponse {
  const value = {
    throttleTimeMs: reader.int32(),
    errorCode: reader.int16(),
    producerId: reader.bigint64(),
    producerEpoch: reader.int16(),
    ongoingTxnProducerId: version >= 6 ? reader.bigint64() : -1n,
    ongoingTxnProducerEpoch: version >= 6 ? reader.int16() : -1
  }
  reader.skipTags()
  return value
}
