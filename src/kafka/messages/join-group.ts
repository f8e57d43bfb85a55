// Generated from the definitions of Kafka 4.3.1 by `npm run messages:generate`; changes by hand are lost.
// The comments of the fields are Kafka's own (Apache-2.0).
import type { WireReader } from '../wire/wire-reader.ts'
import type { WireWriter } from '../wire/wire-writer.ts'
import { type Message, notInVersion, readArray, readBytes, writeArray, writeBytes } from './message.ts'

/** @see https://kafka.apache.org/protocol#The_Messages_JoinGroup */
export const joinGroup: Message<JoinGroupRequest, JoinGroupResponse> = {
  key: 11,
  min: 0,
  max: 9,
  flexibleSince: 6,
  write: (writer, version, request) => writeJoinGroupRequest(writer, version, request),
  read: readJoinGroupResponse
}

export interface JoinGroupRequest {
  /** The group identifier. */
  readonly groupId: string
  /** The coordinator considers the consumer dead if it receives no heartbeat after this timeout in milliseconds. */
  readonly sessionTimeoutMs: number
  /** The maximum time in milliseconds that the coordinator will wait for each member to rejoin when rebalancing the group. */
  readonly rebalanceTimeoutMs?: number
  /** The member id assigned by the group coordinator. */
  readonly memberId: string
  /** The unique identifier of the consumer instance provided by end user. */
  readonly groupInstanceId?: string | null
  /** The unique name the for class of protocols implemented by the group we want to join. */
  readonly protocolType: string
  /** The list of protocols that the member supports. */
  readonly protocols: readonly JoinGroupRequestProtocol[]
  /** The reason why the member (re-)joins the group. */
  readonly reason?: string | null
}

export interface JoinGroupRequestProtocol {
  /** The protocol name. */
  readonly name: string
  /** The protocol metadata. */
  readonly metadata: Buffer
}

export interface JoinGroupResponse {
  /** The duration in milliseconds for which the request was throttled due to a quota violation, or zero if the request did not violate any quota. */
  readonly throttleTimeMs: number
  /** The error code, or 0 if there was no error. */
  readonly errorCode: number
  /** The generation ID of the group. */
  readonly generationId: number
  /** The group protocol name. */
  readonly protocolType: string | null
  /** The group protocol selected by the coordinator. */
  readonly protocolName: string | null
  /** The leader of the group. */
  readonly leader: string
  /** True if the leader must skip running the assignment. */
  readonly skipAssignment: boolean
  /** The member ID assigned by the group coordinator. */
  readonly memberId: string
  /** The group members. */
  readonly members: readonly JoinGroupResponseMember[]
}

export interface JoinGroupResponseMember {
  /** The group member ID. */
  readonly memberId: string
  /** The unique identifier of the consumer instance provided by end user. */
  readonly groupInstanceId: string | null
  /** The group member metadata. */
  readonly metadata: Buffer
}

function writeJoinGroupRequest(writer: WireWriter, version: number, value: JoinGroupRequest): void {
  writer.string(value.groupId)
  writer.int32(value.sessionTimeoutMs)
  if (version >= 1) writer.int32(value.rebalanceTimeoutMs ?? -1)
  writer.string(value.memberId)
  if (version >= 5) writer.string(value.groupInstanceId ?? null)
  else if ((value.groupInstanceId ?? null) !== null) notInVersion('groupInstanceId', version)
  writer.string(value.protocolType)
  writeArray(writer, value.protocols, each => writeJoinGroupRequestProtocol(writer, each))
  if (version >= 8) writer.string(value.reason ?? null)
  writer.noTags()
}

function writeJoinGroupRequestProtocol(writer: WireWriter, value: JoinGroupRequestProtocol): void {
  writer.string(value.name)
  writeBytes(writer, value.metadata)
  writer.noTags()
}

function readJoinGroupResponse(reader: WireReader, version: number): JoinGroupResponse {
  const value = {
    throttleTimeMs: version >= 2 ? reader.int32() : 0,
    errorCode: reader.int16(),
    generationId: reader.int32(),
    protocolType: version >= 7 ? reader.string() : null,
    protocolName: reader.string(),
    leader: reader.string() ?? '',
    skipAssignment: version >= 9 ? reader.int8() !== 0 : false,
    memberId: reader.string() ?? '',
    members: readArray(reader, () => readJoinGroupResponseMember(reader, version)) ?? []
  }
  reader.skipTags()
  return value
}

function readJoinGroupResponseMember(reader: WireReader, version: number): JoinGroupResponseMember {
  const value = {
    memberId: reader.string() ?? '',
    groupInstanceId: version >= 5 ? reader.string() : null,
    metadata: readBytes(reader) ?? Buffer.alloc(0)
  }
  reader.skipTags()
  return value
}
