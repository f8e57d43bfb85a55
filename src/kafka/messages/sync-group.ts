// Generated from the definitions of Kafka 4.3.1 by `npm run messages:generate`; changes by hand are lost.
// The comments of the fields are Kafka's own (Apache-2.0).
import type { WireReader } from '../wire/wire-reader.ts'
import type { WireWriter } from '../wire/wire-writer.ts'
import { type Message, notInVersion, readBytes, writeArray, writeBytes } from './message.ts'

/** @see https://kafka.apache.org/protocol#The_Messages_SyncGroup */
export const syncGroup: Message<SyncGroupRequest, SyncGroupResponse> = {
  key: 14,
  min: 0,
  max: 5,
  flexibleSince: 4,
  write: (writer, version, request) => writeSyncGroupRequest(writer, version, request),
  read: readSyncGroupResponse
}

export interface SyncGroupRequest {
  /** The unique group identifier. */
  readonly groupId: string
  /** The generation of the group. */
  readonly generationId: number
  /** The member ID assigned by the group. */
  readonly memberId: string
  /** The unique identifier of the consumer instance provided by end user. */
  readonly groupInstanceId?: string | null
  /** The group protocol type. */
  readonly protocolType?: string | null
  /** The group protocol name. */
  readonly protocolName?: string | null
  /** Each assignment. */
  readonly assignments: readonly SyncGroupRequestAssignment[]
}

export interface SyncGroupRequestAssignment {
  /** The ID of the member to assign. */
  readonly memberId: string
  /** The member assignment. */
  readonly assignment: Buffer
}

export interface SyncGroupResponse {
  /** The duration in milliseconds for which the request was throttled due to a quota violation, or zero if the request did not violate any quota. */
  readonly throttleTimeMs: number
  /** The error code, or 0 if there was no error. */
  readonly errorCode: number
  /** The group protocol type. */
  readonly protocolType: string | null
  /** The group protocol name. */
  readonly protocolName: string | null
  /** The member assignment. */
  readonly assignment: Buffer
}

function writeSyncGroupRequest(writer: WireWriter, version: number, value: SyncGroupRequest): void {
  writer.string(value.groupId)
  writer.int32(value.generationId)
  writer.string(value.memberId)
  if (version >= 3) writer.string(value.groupInstanceId ?? null)
  else if ((value.groupInstanceId ?? null) !== null) notInVersion('groupInstanceId', version)
  if (version >= 5) writer.string(value.protocolType ?? null)
  if (version >= 5) writer.string(value.protocolName ?? null)
  writeArray(writer, value.assignments, each => writeSyncGroupRequestAssignment(writer, each))
  writer.noTags()
}

function writeSyncGroupRequestAssignment(writer: WireWriter, value: SyncGroupRequestAssignment): void {
  writer.string(value.memberId)
  writeBytes(writer, value.assignment)
  writer.noTags()
}

function readSyncGroupResponse(reader: WireReader, version: number): SyncGroupResponse {
  const value = {
    throttleTimeMs: version >= 1 ? reader.int32() : 0,
    errorCode: reader.int16(),
    protocolType: version >= 5 ? reader.string() : null,
    protocolName: version >= 5 ? reader.string() : null,
    assignment: readBytes(reader) ?? Buffer.alloc(0)
  }
  reader.skipTags()
  return value
}
