// Generated from the definitions of Kafka 4.3.1 by `npm run messages:generate`; changes by hand are lost.
// The comments of the fields are Kafka's own (Apache-2.0).
import type { WireReader } from '../wire/wire-reader.ts'
import type { WireWriter } from '../wire/wire-writer.ts'
import { type Message, readArray, writeArray } from './message.ts'

/** @see https://kafka.apache.org/protocol#The_Messages_DeleteGroups */
export const deleteGroups: Message<DeleteGroupsRequest, DeleteGroupsResponse> = {
  key: 42,
  min: 0,
  max: 2,
  flexibleSince: 2,
  write: (writer, _version, request) => writeDeleteGroupsRequest(writer, request),
  read: readDeleteGroupsResponse
}

export interface DeleteGroupsRequest {
  /** The group names to delete. */
  readonly groupsNames: readonly string[]
}

export interface DeleteGroupsResponse {
  /** The duration in milliseconds for which the request was throttled due to a quota violation, or zero if the request did not violate any quota. */
  readonly throttleTimeMs: number
  /** The deletion results. */
  readonly results: readonly DeletableGroupResult[]
}

export interface DeletableGroupResult {
  /** The group id. */
  readonly groupId: string
  /** The deletion error, or 0 if the deletion succeeded. */
  readonly errorCode: number
}

function writeDeleteGroupsRequest(writer: WireWriter, value: DeleteGroupsRequest): void {
  writeArray(writer, value.groupsNames, each => writer.string(each))
  writer.noTags()
}

function readDeleteGroupsResponse(reader: WireReader): DeleteGroupsResponse {
  const value = {
    throttleTimeMs: reader.int32(),
    results: readArray(reader, () => readDeletableGroupResult(reader)) ?? []
  }
  reader.skipTags()
  return value
}

function readDeletableGroupResult(reader: WireReader): DeletableGroupResult {
  const value = {
    groupId: reader.string() ?? '',
    errorCode: reader.int16()
  }
  reader.skipTags()
  return value
}
