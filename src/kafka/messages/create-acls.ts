// Generated from the definitions of Kafka 4.3.1 by `npm run messages:generate`; changes by hand are lost.
// The comments of the fields are Kafka's own (Apache-2.0).
import type { WireReader } from '../wire/wire-reader.ts'
import type { WireWriter } from '../wire/wire-writer.ts'
import { type Message, readArray, writeArray } from './message.ts'

/** @see https://kafka.apache.org/protocol#The_Messages_CreateAcls */
export const createAcls: Message<CreateAclsRequest, CreateAclsResponse> = {
  key: 30,
  min: 1,
  max: 3,
  flexibleSince: 2,
  write: (writer, _version, request) => writeCreateAclsRequest(writer, request),
  read: readCreateAclsResponse
}

export interface CreateAclsRequest {
  /** The ACLs that we want to create. */
  readonly creations: readonly AclCreation[]
}

export interface AclCreation {
  /** The type of the resource. */
  readonly resourceType: number
  /** The resource name for the ACL. */
  readonly resourceName: string
  /** The pattern type for the ACL. */
  readonly resourcePatternType?: number
  /** The principal for the ACL. */
  readonly principal: string
  /** The host for the ACL. */
  readonly host: string
  /** The operation type for the ACL (read, write, etc.). */
  readonly operation: number
  /** The permission type for the ACL (allow, deny, etc.). */
  readonly permissionType: number
}

export interface CreateAclsResponse {
  /** The duration in milliseconds for which the request was throttled due to a quota violation, or zero if the request did not violate any quota. */
  readonly throttleTimeMs: number
  /** The results for each ACL creation. */
  readonly results: readonly AclCreationResult[]
}

export interface AclCreationResult {
  /** The result error, or zero if there was no error. */
  readonly errorCode: number
  /** The result message, or null if there was no error. */
  readonly errorMessage: string | null
}

function writeCreateAclsRequest(writer: WireWriter, value: CreateAclsRequest): void {
  writeArray(writer, value.creations, each => writeAclCreation(writer, each))
  writer.noTags()
}

function writeAclCreation(writer: WireWriter, value: AclCreation): void {
  writer.int8(value.resourceType)
  writer.string(value.resourceName)
  writer.int8(value.resourcePatternType ?? 3)
  writer.string(value.principal)
  writer.string(value.host)
  writer.int8(value.operation)
  writer.int8(value.permissionType)
  writer.noTags()
}

function readCreateAclsResponse(reader: WireReader): CreateAclsResponse {
  const value = {
    throttleTimeMs: reader.int32(),
    results: readArray(reader, () => readAclCreationResult(reader)) ?? []
  }
  reader.skipTags()
  return value
}

function readAclCreationResult(reader: WireReader): AclCreationResult {
  const value = {
    errorCode: reader.int16(),
    errorMessage: reader.string()
  }
  reader.skipTags()
  return value
}
