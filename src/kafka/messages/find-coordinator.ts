// Generated from the definitions of Kafka 4.3.1 by `npm run messages:generate`; changes by hand are lost.
// The comments of the fields are Kafka's own (Apache-2.0).
import type { WireReader } from '../wire/wire-reader.ts'
import type { WireWriter } from '../wire/wire-writer.ts'
import { type Message, notInVersion, readArray, writeArray } from './message.ts'

/** @see https://kafka.apache.org/protocol#The_Messages_FindCoordinator */
export const findCoordinator: Message<FindCoordinatorRequest, FindCoordinatorResponse> = {
  key: 10,
  min: 0,
  max: 6,
  flexibleSince: 3,
  write: (writer, version, request) => writeFindCoordinatorRequest(writer, version, request),
  read: readFindCoordinatorResponse
}

export interface FindCoordinatorRequest {
  /** The coordinator key. */
  readonly key?: string
  /** The coordinator key type. (group, transaction, share). */
  readonly keyType?: number
  /** The coordinator keys. */
  readonly coordinatorKeys?: readonly string[]
}

export interface FindCoordinatorResponse {
  /** The duration in milliseconds for which the request was throttled due to a quota violation, or zero if the request did not violate any quota. */
  readonly throttleTimeMs: number
  /** The error code, or 0 if there was no error. */
  readonly errorCode: number
  /** The error message, or null if there was no error. */
  readonly errorMessage: string | null
  /** The node id. */
  readonly nodeId: number
  /** The host name. */
  readonly host: string
  /** The port. */
  readonly port: number
  /** Each coordinator result in the response. */
  readonly coordinators: readonly Coordinator[]
}

export interface Coordinator {
  /** The coordinator key. */
  readonly key: string
  /** The node id. */
  readonly nodeId: number
  /** The host name. */
  readonly host: string
  /** The port. */
  readonly port: number
  /** The error code, or 0 if there was no error. */
  readonly errorCode: number
  /** The error message, or null if there was no error. */
  readonly errorMessage: string | null
}

function writeFindCoordinatorRequest(writer: WireWriter, version: number, value: FindCoordinatorRequest): void {
  if (version <= 3) writer.string(value.key ?? '')
  else if ((value.key ?? '') !== '') notInVersion('key', version)
  if (version >= 1) writer.int8(value.keyType ?? 0)
  else if ((value.keyType ?? 0) !== 0) notInVersion('keyType', version)
  if (version >= 4) writeArray(writer, value.coordinatorKeys ?? [], each => writer.string(each))
  else if ((value.coordinatorKeys ?? []).length > 0) notInVersion('coordinatorKeys', version)
  writer.noTags()
}

function readFindCoordinatorResponse(reader: WireReader, version: number): FindCoordinatorResponse {
  const value = {
    throttleTimeMs: version >= 1 ? reader.int32() : 0,
    errorCode: version <= 3 ? reader.int16() : 0,
    errorMessage: version >= 1 && version <= 3 ? reader.string() : '',
    nodeId: version <= 3 ? reader.int32() : 0,
    host: version <= 3 ? (reader.string() ?? '') : '',
    port: version <= 3 ? reader.int32() : 0,
    coordinators: version >= 4 ? (readArray(reader, () => readCoordinator(reader)) ?? []) : []
  }
  reader.skipTags()
  return value
}

function readCoordinator(reader: WireReader): Coordinator {
  const value = {
    key: reader.string() ?? '',
    nodeId: reader.int32(),
    host: reader.string() ?? '',
    port: reader.int32(),
    errorCode: reader.int16(),
    errorMessage: reader.string()
  }
  reader.skipTags()
  return value
}
