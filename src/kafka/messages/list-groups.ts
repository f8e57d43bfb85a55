// Generated from the definitions of Kafka 4.3.1 by `npm run messages:generate`; changes by hand are lost.
// The comments of the fields are Kafka's own (Apache-2.0).
import type { WireReader } from '../wire/wire-reader.ts'
import type { WireWriter } from '../wire/wire-writer.ts'
import { type Message, notInVersion, readArray, writeArray } from './message.ts'

/** @see https://kafka.apache.org/protocol#The_Messages_ListGroups */
export const listGroups: Message<ListGroupsRequest, ListGroupsResponse> = {
  key: 16,
  min: 0,
  max: 5,
  flexibleSince: 3,
  write: (writer, version, request) => writeListGroupsRequest(writer, version, request),
  read: readListGroupsResponse
}

export interface ListGroupsRequest {
  /** The states of the groups we want to list. If empty, all groups are returned with their state. */
  readonly statesFilter?: readonly string[]
  /** The types of the groups we want to list. If empty, all groups are returned with their type. */
  readonly typesFilter?: readonly string[]
}

export interface ListGroupsResponse {
  /** The duration in milliseconds for which the request was throttled due to a quota violation, or zero if the request did not violate any quota. */
  readonly throttleTimeMs: number
  /** The error code, or 0 if there was no error. */
  readonly errorCode: number
  /** Each group in the response. */
  readonly groups: readonly ListedGroup[]
}

export interface ListedGroup {
  /** The group ID. */
  readonly groupId: string
  /** The group protocol type. */
  readonly protocolType: string
  /** The group state name. */
  readonly groupState: string
  /** The group type name. */
  readonly groupType: string
}

function writeListGroupsRequest(writer: WireWriter, version: number, value: ListGroupsRequest): void {
  if (version >= 4) writeArray(writer, value.statesFilter ?? [], each => writer.string(each))
  else if ((value.statesFilter ?? []).length > 0) notInVersion('statesFilter', version)
  if (version >= 5) writeArray(writer, value.typesFilter ?? [], each => writer.string(each))
  else if ((value.typesFilter ?? []).length > 0) notInVersion('typesFilter', version)
  writer.noTags()
}

function readListGroupsResponse(reader: WireReader, version: number): ListGroupsResponse {
  const value = {
    throttleTimeMs: version >= 1 ? reader.int32() : 0,
    errorCode: reader.int16(),
    groups: readArray(reader, () => readListedGroup(reader, version)) ?? []
  }
  reader.skipTags()
  return value
}

function readListedGroup(reader: WireReader, version: number): ListedGroup {
  const value = {
    groupId: reader.string() ?? '',
    protocolType: reader.string() ?? '',
    groupState: version >= 4 ? (reader.string() ?? '') : '',
    groupType: version >= 5 ? (reader.string() ?? '') : ''
  }
  reader.skipTags()
  return value
}
