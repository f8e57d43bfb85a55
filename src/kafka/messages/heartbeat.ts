// Generated from the definitions of Kafka 4.3.1 by `npm run messages:generate`; changes by hand are lost.
// The comments of the fields are Kafka's own (Apache-2.0).
import type { WireReader } from '../wire/wire-reader.ts'
import type { WireWriter } from '../wire/wire-writer.ts'
import { type Message, notInVersion } from './message.ts'

/** @see https://kafka.apache.org/protocol#The_Messages_Heartbeat */
export const heartbeat: Message<HeartbeatRequest, HeartbeatResponse> = {
  key: 12,
  min: 0,
  max: 4,
  flexibleSince: 4,
  write: (writer, version, request) => writeHeartbeatRequest(writer, version, request),
  read: readHeartbeatResponse
}

export interface HeartbeatRequest {
  /** The group id. */
  readonly groupId: string
  /** The generation of the group. */
  readonly generationId: number
  /** The member ID. */
  readonly memberId: string
  /** The unique identifier of the consumer instance provided by end user. */
  readonly groupInstanceId?: string | null
}

export interface HeartbeatResponse {
  /** The duration in milliseconds for which the request was throttled due to a quota violation, or zero if the request did not violate any quota. */
  readonly throttleTimeMs: number
  /** The error code, or 0 if there was no error. */
  readonly errorCode: number
}

function writeHeartbeatRequest(writer: WireWriter, version: number, value: HeartbeatRequest): void {
  writer.string(value.groupId)
  writer.int32(value.generationId)
  writer.string(value.memberId)
  if (version >= 3) writer.string(value.groupInstanceId ?? null)
  else if ((value.groupInstanceId ?? null) !== null) notInVersion('groupInstanceId', version)
  writer.noTags()
}

function readHeartbeatResponse(reader: WireReader, version: number): HeartbeatResponse {
  const value = {
    throttleTimeMs: version >= 1 ? reader.int32() : 0,
    errorCode: reader.int16()
  }
  reader.skipTags()
  return value
}
