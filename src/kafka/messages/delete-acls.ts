// Generated from the definitions of Kafka 4.3.1 by `npm run messages:generate`; changes by hand are lost.
// The comments of the fields are Kafka's own (Apache-2.0).
import type { WireReader } from '../wire/wire-reader.ts'
import type { WireWriter } from '../wire/wire-writer.ts'
import { type Message, readArray, writeArray } from './message.ts'

/** @see https://kafka.apache.org/protocol#The_Messages_DeleteAcls */
export const deleteAcls: Message<DeleteAclsRequest, DeleteAclsResponse> = {
  key: 31,
  min: 1,
  max: 3,
  flexibleSince: 2,
  write: (writer, _version, request) => writeDeleteAclsRequest(writer, request),
  read: readDeleteAclsResponse
}

export interface DeleteAclsRequest {
  /** The filters to use when deleting ACLs. */
  readonly filters: readonly DeleteAclsFilter[]
}

export interface DeleteAclsFilter {
  /** The resource type. */
  readonly resourceTypeFilter: number
  /** The resource name, or null to match any resource name. */
  readonly resourceNameFilter: string | null
  /** The pattern type. */
  readonly patternTypeFilter?: number
  /** The principal filter, or null to accept all principals. */
  readonly principalFilter: string | null
  /** The host filter, or null to accept all hosts. */
  readonly hostFilter: string | null
  /** The ACL operation. */
  readonly operation: number
  /** The permission type. */
  readonly permissionType: number
}

export interface DeleteAclsResponse {
  /** The duration in milliseconds for which the request was throttled due to a quota violation, or zero if the request did not violate any quota. */
  readonly throttleTimeMs: number
  /** The results for each filter. */
  readonly filterResults: readonly DeleteAclsFilterResult[]
}

export interface DeleteAclsFilterResult {
  /** The error code, or 0 if the filter succeeded. */
  readonly errorCode: number
  /** The error message, or null if the filter succeeded. */
  readonly errorMessage: string | null
  /** The ACLs which matched this filter. */
  readonly matchingAcls: readonly DeleteAclsMatchingAcl[]
}

export interface DeleteAclsMatchingAcl {
  /** The deletion error code, or 0 if the deletion succeeded. */
  readonly errorCode: number
  /** The deletion error message, or null if the deletion succeeded. */
  readonly errorMessage: string | null
  /** The ACL resource type. */
  readonly resourceType: number
  /** The ACL resource name. */
  readonly resourceName: string
  /** The ACL resource pattern type. */
  readonly patternType: number
  /** The ACL principal. */
  readonly principal: string
  /** The ACL host. */
  readonly host: string
  /** The ACL operation. */
  readonly operation: number
  /** The ACL permission type. */
  readonly permissionType: number
}

function writeDeleteAclsRequest(writer: WireWriter, value: DeleteAclsRequest): void {
  writeArray(writer, value.filters, each => writeDeleteAclsFilter(writer, each))
  writer.noTags()
}

function writeDeleteAclsFilter(writer: WireWriter, value: DeleteAclsFilter): void {
  writer.int8(value.resourceTypeFilter)
  writer.string(value.resourceNameFilter)
  writer.int8(value.patternTypeFilter ?? 3)
  writer.string(value.principalFilter)
  writer.string(value.hostFilter)
  writer.int8(value.operation)
  writer.int8(value.permissionType)
  writer.noTags()
}

function readDeleteAclsResponse(reader: WireReader): DeleteAclsResponse {
  const value = {
    throttleTimeMs: reader.int32(),
    filterResults: readArray(reader, () => readDeleteAclsFilterResult(reader)) ?? []
  }
  reader.skipTags()
  return value
}

function readDeleteAclsFilterResult(reader: WireReader): DeleteAclsFilterResult {
  const value = {
    errorCode: reader.int16(),
    errorMessage: reader.string(),
    matchingAcls: readArray(reader, () => readDeleteAclsMatchingAcl(reader)) ?? []
  }
  reader.skipTags()
  return value
}

function readDeleteAclsMatchingAcl(reader: WireReader): DeleteAclsMatchingAcl {
  const value = {
    errorCode: reader.int16(),
    errorMessage: reader.string(),
    resourceType: reader.int8(),
    resourceName: reader.string() ?? '',
    patternType: reader.int8(),
    principal: reader.string() ?? '',
    host: reader.string() ?? '',
    operation: reader.int8(),
    permissionType: reader.int8()
  }
  reader.skipTags()
  return value
}
