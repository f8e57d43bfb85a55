// Generated from the definitions of Kafka 4.3.1 by `npm run messages:generate`; changes by hand are lost.
// The comments of the fields are Kafka's own (Apache-2.0).
import type { WireReader } from '../wire/wire-reader.ts'
import type { WireWriter } from '../wire/wire-writer.ts'
import { type Message, readArray } from './message.ts'

/** @see https://kafka.apache.org/protocol#The_Messages_DescribeAcls */
export const describeAcls: Message<DescribeAclsRequest, DescribeAclsResponse> = {
  key: 29,
  min: 1,
  max: 3,
  flexibleSince: 2,
  write: (writer, _version, request) => writeDescribeAclsRequest(writer, request),
  read: readDescribeAclsResponse
}

export interface DescribeAclsRequest {
  /** The resource type. */
  readonly resourceTypeFilter: number
  /** The resource name, or null to match any resource name. */
  readonly resourceNameFilter: string | null
  /** The resource pattern to match. */
  readonly patternTypeFilter?: number
  /** The principal to match, or null to match any principal. */
  readonly principalFilter: string | null
  /** The host to match, or null to match any host. */
  readonly hostFilter: string | null
  /** The operation to match. */
  readonly operation: number
  /** The permission type to match. */
  readonly permissionType: number
}

export interface DescribeAclsResponse {
  /** The duration in milliseconds for which the request was throttled due to a quota violation, or zero if the request did not violate any quota. */
  readonly throttleTimeMs: number
  /** The error code, or 0 if there was no error. */
  readonly errorCode: number
  /** The error message, or null if there was no error. */
  readonly errorMessage: string | null
  /** Each Resource that is referenced in an ACL. */
  readonly resources: readonly DescribeAclsResource[]
}

export interface DescribeAclsResource {
  /** The resource type. */
  readonly resourceType: number
  /** The resource name. */
  readonly resourceName: string
  /** The resource pattern type. */
  readonly patternType: number
  /** The ACLs. */
  readonly acls: readonly AclDescription[]
}

export interface AclDescription {
  /** The ACL principal. */
  readonly principal: string
  /** The ACL host. */
  readonly host: string
  /** The ACL operation. */
  readonly operation: number
  /** The ACL permission type. */
  readonly permissionType: number
}

function writeDescribeAclsRequest(writer: WireWriter, value: DescribeAclsRequest): void {
  writer.int8(value.resourceTypeFilter)
  writer.string(value.resourceNameFilter)
  writer.int8(value.patternTypeFilter ?? 3)
  writer.string(value.principalFilter)
  writer.string(value.hostFilter)
  writer.int8(value.operation)
  writer.int8(value.permissionType)
  writer.noTags()
}

function readDescribeAclsResponse(reader: WireReader): DescribeAclsResponse {
  const value = {
    throttleTimeMs: reader.int32(),
    errorCode: reader.int16(),
    errorMessage: reader.string(),
    resources: readArray(reader, () => readDescribeAclsResource(reader)) ?? []
  }
  reader.skipTags()
  return value
}

function readDescribeAclsResource(reader: WireReader): DescribeAclsResource {
  const value = {
    resourceType: reader.int8(),
    resourceName: reader.string() ?? '',
    patternType: reader.int8(),
    acls: readArray(reader, () => readAclDescription(reader)) ?? []
  }
  reader.skipTags()
  return value
}

function readAclDescription(reader: WireReader): AclDescription {
  const value = {
    principal: reader.string() ?? '',
    host: reader.string() ?? '',
    operation: reader.int8(),
    permissionType: reader.int8()
  }
  reader.skipTags()
  return value
}
