// Generated from the definitions of Kafka 4.3.1 by `npm run messages:generate`; changes by hand are lost.
// The comments of the fields are Kafka's own (Apache-2.0).
import type { WireReader } from '../wire/wire-reader.ts'
import type { WireWriter } from '../wire/wire-writer.ts'
import { type Message, notInVersion, readArray, writeArray, writeBoolean } from './message.ts'

/** @see https://kafka.apache.org/protocol#The_Messages_DescribeConfigs */
export const describeConfigs: Message<DescribeConfigsRequest, DescribeConfigsResponse> = {
  key: 32,
  min: 1,
  max: 4,
  flexibleSince: 4,
  write: (writer, version, request) => writeDescribeConfigsRequest(writer, version, request),
  read: readDescribeConfigsResponse
}

export interface DescribeConfigsRequest {
  /** The resources whose configurations we want to describe. */
  readonly resources: readonly DescribeConfigsResource[]
  /** True if we should include all synonyms. */
  readonly includeSynonyms?: boolean
  /** True if we should include configuration documentation. */
  readonly includeDocumentation?: boolean
}

export interface DescribeConfigsResource {
  /** The resource type. */
  readonly resourceType: number
  /** The resource name. */
  readonly resourceName: string
  /** The configuration keys to list, or null to list all configuration keys. */
  readonly configurationKeys: readonly string[] | null
}

export interface DescribeConfigsResponse {
  /** The duration in milliseconds for which the request was throttled due to a quota violation, or zero if the request did not violate any quota. */
  readonly throttleTimeMs: number
  /** The results for each resource. */
  readonly results: readonly DescribeConfigsResult[]
}

export interface DescribeConfigsResult {
  /** The error code, or 0 if we were able to successfully describe the configurations. */
  readonly errorCode: number
  /** The error message, or null if we were able to successfully describe the configurations. */
  readonly errorMessage: string | null
  /** The resource type. */
  readonly resourceType: number
  /** The resource name. */
  readonly resourceName: string
  /** Each listed configuration. */
  readonly configs: readonly DescribeConfigsResourceResult[]
}

export interface DescribeConfigsResourceResult {
  /** The configuration name. */
  readonly name: string
  /** The configuration value. */
  readonly value: string | null
  /** True if the configuration is read-only. */
  readonly readOnly: boolean
  /** The configuration source. */
  readonly configSource: number
  /** True if this configuration is sensitive. */
  readonly isSensitive: boolean
  /** The synonyms for this configuration key. */
  readonly synonyms: readonly DescribeConfigsSynonym[]
  /** The configuration data type. Type can be one of the following values - BOOLEAN, STRING, INT, SHORT, LONG, DOUBLE, LIST, CLASS, PASSWORD. */
  readonly configType: number
  /** The configuration documentation. */
  readonly documentation: string | null
}

export interface DescribeConfigsSynonym {
  /** The synonym name. */
  readonly name: string
  /** The synonym value. */
  readonly value: string | null
  /** The synonym source. */
  readonly source: number
}

function writeDescribeConfigsRequest(writer: WireWriter, version: number, value: DescribeConfigsRequest): void {
  writeArray(writer, value.resources, each => writeDescribeConfigsResource(writer, each))
  writeBoolean(writer, value.includeSynonyms ?? false)
  if (version >= 3) writeBoolean(writer, value.includeDocumentation ?? false)
  else if (value.includeDocumentation === true) notInVersion('includeDocumentation', version)
  writer.noTags()
}

function writeDescribeConfigsResource(writer: WireWriter, value: DescribeConfigsResource): void {
  writer.int8(value.resourceType)
  writer.string(value.resourceName)
  writeArray(writer, value.configurationKeys, each => writer.string(each))
  writer.noTags()
}

function readDescribeConfigsResponse(reader: WireReader, version: number): DescribeConfigsResponse {
  const value = {
    throttleTimeMs: reader.int32(),
    results: readArray(reader, () => readDescribeConfigsResult(reader, version)) ?? []
  }
  reader.skipTags()
  return value
}

function readDescribeConfigsResult(reader: WireReader, version: number): DescribeConfigsResult {
  const value = {
    errorCode: reader.int16(),
    errorMessage: reader.string(),
    resourceType: reader.int8(),
    resourceName: reader.string() ?? '',
    configs: readArray(reader, () => readDescribeConfigsResourceResult(reader, version)) ?? []
  }
  reader.skipTags()
  return value
}

function readDescribeConfigsResourceResult(reader: WireReader, version: number): DescribeConfigsResourceResult {
  const value = {
    name: reader.string() ?? '',
    value: reader.string(),
    readOnly: reader.int8() !== 0,
    configSource: reader.int8(),
    isSensitive: reader.int8() !== 0,
    synonyms: readArray(reader, () => readDescribeConfigsSynonym(reader)) ?? [],
    configType: version >= 3 ? reader.int8() : 0,
    documentation: version >= 3 ? reader.string() : ''
  }
  reader.skipTags()
  return value
}

function readDescribeConfigsSynonym(reader: WireReader): DescribeConfigsSynonym {
  const value = {
    name: reader.string() ?? '',
    value: reader.string(),
    source: reader.int8()
  }
  reader.skipTags()
  return value
}
