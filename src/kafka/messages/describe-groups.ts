// Generated from the definitions of Kafka 4.3.1 by `npm run messages:generate`; changes by hand are lost.
// The comments of the fields are Kafka's own (Apache-2.0).
import type { WireReader } from '../wire/wire-reader.ts'
import type { WireWriter } from '../wire/wire-writer.ts'
import { type Message, notInVersion, readArray, readBytes, writeArray, writeBoolean } from './message.ts'

/** @see https://kafka.apache.org/protocol#The_Messages_DescribeGroups */
export const describeGroups: Message<DescribeGroupsRequest, DescribeGroupsResponse> = {
  key: 15,
  min: 0,
  max: 6,
  flexibleSince: 5,
  write: (writer, version, request) => writeDescribeGroupsRequest(writer, version, request),
  read: readDescribeGroupsResponse
}

export interface DescribeGroupsRequest {
  /** The names of the groups to describe. */
  readonly groups: readonly string[]
  /** Whether to include authorized operations. */
  readonly includeAuthorizedOperations?: boolean
}

export interface DescribeGroupsResponse {
  /** The duration in milliseconds for which the request was throttled due to a quota violation, or zero if the request did not violate any quota. */
  readonly throttleTimeMs: number
  /** Each described group. */
  readonly groups: readonly DescribedGroup[]
}

export interface DescribedGroup {
  /** The describe error, or 0 if there was no error. */
  readonly errorCode: number
  /** The describe error message, or null if there was no error. */
  readonly errorMessage: string | null
  /** The group ID string. */
  readonly groupId: string
  /** The group state string, or the empty string. */
  readonly groupState: string
  /** The group protocol type, or the empty string. */
  readonly protocolType: string
  /** The group protocol data, or the empty string. */
  readonly protocolData: string
  /** The group members. */
  readonly members: readonly DescribedGroupMember[]
  /** 32-bit bitfield to represent authorized operations for this group. */
  readonly authorizedOperations: number
}

export interface DescribedGroupMember {
  /** The member id. */
  readonly memberId: string
  /** The unique identifier of the consumer instance provided by end user. */
  readonly groupInstanceId: string | null
  /** The client ID used in the member's latest join group request. */
  readonly clientId: string
  /** The client host. */
  readonly clientHost: string
  /** The metadata corresponding to the current group protocol in use. */
  readonly memberMetadata: Buffer
  /** The current assignment provided by the group leader. */
  readonly memberAssignment: Buffer
}

function writeDescribeGroupsRequest(writer: WireWriter, version: number, value: DescribeGroupsRequest): void {
  writeArray(writer, value.groups, each => writer.string(each))
  if (version >= 3) writeBoolean(writer, value.includeAuthorizedOperations ?? false)
  else if (value.includeAuthorizedOperations === true) notInVersion('includeAuthorizedOperations', version)
  writer.noTags()
}

function readDescribeGroupsResponse(reader: WireReader, version: number): DescribeGroupsResponse {
  const value = {
    throttleTimeMs: version >= 1 ? reader.int32() : 0,
    groups: readArray(reader, () => readDescribedGroup(reader, version)) ?? []
  }
  reader.skipTags()
  return value
}

function readDescribedGroup(reader: WireReader, version: number): DescribedGroup {
  const value = {
    errorCode: reader.int16(),
    errorMessage: version >= 6 ? reader.string() : null,
    groupId: reader.string() ?? '',
    groupState: reader.string() ?? '',
    protocolType: reader.string() ?? '',
    protocolData: reader.string() ?? '',
    members: readArray(reader, () => readDescribedGroupMember(reader, version)) ?? [],
    authorizedOperations: version >= 3 ? reader.int32() : -2147483648
  }
  reader.skipTags()
  return value
}

function readDescribedGroupMember(reader: WireReader, version: number): DescribedGroupMember {
  const value = {
    memberId: reader.string() ?? '',
    groupInstanceId: version >= 4 ? reader.string() : null,
    clientId: reader.string() ?? '',
    clientHost: reader.string() ?? '',
    memberMetadata: readBytes(reader) ?? Buffer.alloc(0),
    memberAssignment: readBytes(reader) ?? Buffer.alloc(0)
  }
  reader.skipTags()
  return value
}
