// Generated from the definitions of Kafka 4.3.1 by `npm run messages:generate`; changes by hand are lost.
// The comments of the fields are Kafka's own (Apache-2.0).
import type { WireReader } from '../wire/wire-reader.ts'
import type { WireWriter } from '../wire/wire-writer.ts'
import { type Message, readArray, writeArray, writeBoolean } from './message.ts'

/** @see https://kafka.apache.org/protocol#The_Messages_IncrementalAlterConfigs */
export const incrementalAlterConfigs: Message<IncrementalAlterConfigsRequest, IncrementalAlterConfigsResponse> = {
  key: 44,
  min: 0,
  max: 1,
  flexibleSince: 1,
  write: (writer, _version, request) => writeIncrementalAlterConfigsRequest(writer, request),
  read: readIncrementalAlterConfigsResponse
}

export interface IncrementalAlterConfigsRequest {
  /** The incremental updates for each resource. */
  readonly resources: readonly AlterConfigsResource[]
  /** True if we should validate the request, but not change the configurations. */
  readonly validateOnly: boolean
}

export interface AlterConfigsResource {
  /** The resource type. */
  readonly resourceType: number
  /** The resource name. */
  readonly resourceName: string
  /** The configurations. */
  readonly configs: readonly AlterableConfig[]
}

export interface AlterableConfig {
  /** The configuration key name. */
  readonly name: string
  /** The type (Set, Delete, Append, Subtract) of operation. */
  readonly configOperation: number
  /** The value to set for the configuration key. */
  readonly value: string | null
}

export interface IncrementalAlterConfigsResponse {
  /** Duration in milliseconds for which the request was throttled due to a quota violation, or zero if the request did not violate any quota. */
  readonly throttleTimeMs: number
  /** The responses for each resource. */
  readonly responses: readonly AlterConfigsResourceResponse[]
}

export interface AlterConfigsResourceResponse {
  /** The resource error code. */
  readonly errorCode: number
  /** The resource error message, or null if there was no error. */
  readonly errorMessage: string | null
  /** The resource type. */
  readonly resourceType: number
  /** The resource name. */
  readonly resourceName: string
}

function writeIncrementalAlterConfigsRequest(writer: WireWriter, value: IncrementalAlterConfigsRequest): void {
  writeArray(writer, value.resources, each => writeAlterConfigsResource(writer, each))
  writeBoolean(writer, value.validateOnly)
  writer.noTags()
}

function writeAlterConfigsResource(writer: WireWriter, value: AlterConfigsResource): void {
  writer.int8(value.resourceType)
  writer.string(value.resourceName)
  writeArray(writer, value.configs, each => writeAlterableConfig(writer, each))
  writer.noTags()
}

function writeAlterableConfig(writer: WireWriter, value: AlterableConfig): void {
  writer.string(value.name)
  writer.int8(value.configOperation)
  writer.string(value.value)
  writer.noTags()
}

function readIncrementalAlterConfigsResponse(reader: WireReader): IncrementalAlterConfigsResponse {
  const value = {
    throttleTimeMs: reader.int32(),
    responses: readArray(reader, () => readAlterConfigsResourceResponse(reader)) ?? []
  }
  reader.skipTags()
  return value
}

function readAlterConfigsResourceResponse(reader: WireReader): AlterConfigsResourceResponse {
  const value = {
    errorCode: reader.int16(),
    errorMessage: reader.string(),
    resourceType: reader.int8(),
    resourceName: reader.string() ?? ''
  }
  reader.skipTags()
  return value
}
