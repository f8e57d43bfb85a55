// Generated from the definitions of Kafka 4.3.1 by `npm run messages:generate`; changes by hand are lost.
// The comments of the fields are Kafka's own (Apache-2.0).
import type { WireReader } from '../wire/wire-reader.ts'
import type { WireWriter } from '../wire/wire-writer.ts'
import { type Message, notInVersion, readArray, writeArray } from './message.ts'

/** @see https://kafka.apache.org/protocol#The_Messages_LeaveGroup */
export const leaveGroup: Message<LeaveGroupRequest, LeaveGroupResponse> = {
  key: 13,
  min: 0,
  max: 5,
  flexibleSince: 4,
  write: (writer, version, request) => writeLeaveGroupRequest(writer, version, request),
  read: readLeaveGroupResponse
}

export interface LeaveGroupRequest {
  /** The ID of the group to leave. */
  readonly groupId: string
  /** The member ID to remove from the group. */
  readonly memberId?: string
  /** List of leaving member identities. */
  readonly members?: readonly MemberIdentity[]
}

export interface MemberIdentity {
  /** The member ID to remove from the group. */
  readonly memberId: string
  /** The group instance ID to remove from the group. */
  readonly groupInstanceId?: string | null
  /** The reason why the member left the group. */
  readonly reason?: string | null
}

export interface LeaveGroupResponse {
  /** The duration in milliseconds for which the request was throttled due to a quota violation, or zero if the request did not violate any quota. */
  readonly throttleTimeMs: number
  /** The error code, or 0 if there was no error. */
  readonly errorCode: number
  /** List of leaving member responses. */
  readonly members: readonly MemberResponse[]
}

export interface MemberResponse {
  /** The member ID to remove from the group. */
  readonly memberId: string
  /** The group instance ID to remove from the group. */
  readonly groupInstanceId: string | null
  /** The error code, or 0 if there was no error. */
  readonly errorCode: number
}

function writeLeaveGroupRequest(writer: WireWriter, version: number, value: LeaveGroupRequest): void {
  writer.string(value.groupId)
  if (version <= 2) writer.string(value.memberId ?? '')
  else if ((value.memberId ?? '') !== '') notInVersion('memberId', version)
  if (version >= 3) writeArray(writer, value.members ?? [], each => writeMemberIdentity(writer, version, each))
  else if ((value.members ?? []).length > 0) notInVersion('members', version)
  writer.noTags()
}

function writeMemberIdentity(writer: WireWriter, version: number, value: MemberIdentity): void {
  writer.string(value.memberId)
  writer.string(value.groupInstanceId ?? null)
  if (version >= 5) writer.string(value.reason ?? null)
  writer.noTags()
}

function readLeaveGroupResponse(reader: WireReader, version: number): LeaveGroupResponse {
  const value = {
    throttleTimeMs: version >= 1 ? reader.int32() : 0,
    errorCode: reader.int16(),
    members: version >= 3 ? (readArray(reader, () => readMemberResponse(reader)) ?? []) : []
  }
  reader.skipTags()
  return value
}

function readMemberResponse(reader: WireReader): MemberResponse {
  const value = {
    memberId: reader.string() ?? '',
    groupInstanceId: reader.string(),
    errorCode: reader.int16()
  }
  reader.skipTags()
  return value
}
