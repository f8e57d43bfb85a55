// Generated from the definitions of Kafka 4.3.1 by `npm run messages:generate`; changes by hand are lost.
// The comments of the fields are Kafka's own (Apache-2.0).
import type { WireReader } from '../wire/wire-reader.ts'
import type { WireWriter } from '../wire/wire-writer.ts'
import { type Message, NO_UUID, readArray, readTags, readUuid, writeArray, writeBoolean } from './message.ts'

/** @see https://kafka.apache.org/protocol#The_Messages_CreateTopics */
export const createTopics: Message<CreateTopicsRequest, CreateTopicsResponse> = {
  key: 19,
  min: 2,
  max: 7,
  flexibleSince: 5,
  write: (writer, _version, request) => writeCreateTopicsRequest(writer, request),
  read: readCreateTopicsResponse
}

export interface CreateTopicsRequest {
  /** The topics to create. */
  readonly topics: readonly CreatableTopic[]
  /** How long to wait in milliseconds before timing out the request. */
  readonly timeoutMs?: number
  /** If true, check that the topics can be created as specified, but don't create anything. */
  readonly validateOnly?: boolean
}

export interface CreatableTopic {
  /** The topic name. */
  readonly name: string
  /** The number of partitions to create in the topic, or -1 if we are either specifying a manual partition assignment or using the default partitions. */
  readonly numPartitions: number
  /** The number of replicas to create for each partition in the topic, or -1 if we are either specifying a manual partition assignment or using the default replication factor. */
  readonly replicationFactor: number
  /** The manual partition assignment, or the empty array if we are using automatic assignment. */
  readonly assignments: readonly CreatableReplicaAssignment[]
  /** The custom topic configurations to set. */
  readonly configs: readonly CreatableTopicConfig[]
}

export interface CreatableReplicaAssignment {
  /** The partition index. */
  readonly partitionIndex: number
  /** The brokers to place the partition on. */
  readonly brokerIds: readonly number[]
}

export interface CreatableTopicConfig {
  /** The configuration name. */
  readonly name: string
  /** The configuration value. */
  readonly value: string | null
}

export interface CreateTopicsResponse {
  /** The duration in milliseconds for which the request was throttled due to a quota violation, or zero if the request did not violate any quota. */
  readonly throttleTimeMs: number
  /** Results for each topic we tried to create. */
  readonly topics: readonly CreatableTopicResult[]
}

export interface CreatableTopicResult {
  /** The topic name. */
  readonly name: string
  /** The unique topic ID. */
  readonly topicId: Buffer
  /** The error code, or 0 if there was no error. */
  readonly errorCode: number
  /** The error message, or null if there was no error. */
  readonly errorMessage: string | null
  /** Optional topic config error returned if configs are not returned in the response. */
  readonly topicConfigErrorCode: number
  /** Number of partitions of the topic. */
  readonly numPartitions: number
  /** Replication factor of the topic. */
  readonly replicationFactor: number
  /** Configuration of the topic. */
  readonly configs: readonly CreatableTopicConfigs[] | null
}

export interface CreatableTopicConfigs {
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
}

function writeCreateTopicsRequest(writer: WireWriter, value: CreateTopicsRequest): void {
  writeArray(writer, value.topics, each => writeCreatableTopic(writer, each))
  writer.int32(value.timeoutMs ?? 60000)
  writeBoolean(writer, value.validateOnly ?? false)
  writer.noTags()
}

function writeCreatableTopic(writer: WireWriter, value: CreatableTopic): void {
  writer.string(value.name)
  writer.int32(value.numPartitions)
  writer.int16(value.replicationFactor)
  writeArray(writer, value.assignments, each => writeCreatableReplicaAssignment(writer, each))
  writeArray(writer, value.configs, each => writeCreatableTopicConfig(writer, each))
  writer.noTags()
}

function writeCreatableReplicaAssignment(writer: WireWriter, value: CreatableReplicaAssignment): void {
  writer.int32(value.partitionIndex)
  writeArray(writer, value.brokerIds, each => writer.int32(each))
  writer.noTags()
}

function writeCreatableTopicConfig(writer: WireWriter, value: CreatableTopicConfig): void {
  writer.string(value.name)
  writer.string(value.value)
  writer.noTags()
}

function readCreateTopicsResponse(reader: WireReader, version: number): CreateTopicsResponse {
  const value = {
    throttleTimeMs: reader.int32(),
    topics: readArray(reader, () => readCreatableTopicResult(reader, version)) ?? []
  }
  reader.skipTags()
  return value
}

function readCreatableTopicResult(reader: WireReader, version: number): CreatableTopicResult {
  const value = {
    name: reader.string() ?? '',
    topicId: version >= 7 ? readUuid(reader) : NO_UUID,
    errorCode: reader.int16(),
    errorMessage: reader.string(),
    numPartitions: version >= 5 ? reader.int32() : -1,
    replicationFactor: version >= 5 ? reader.int16() : -1,
    configs: version >= 5 ? readArray(reader, () => readCreatableTopicConfigs(reader)) : []
  }
  let topicConfigErrorCode = 0
  readTags(reader, tag => {
    if (tag === 0) topicConfigErrorCode = reader.int16()
  })
  return { ...value, topicConfigErrorCode }
}

function readCreatableTopicConfigs(reader: WireReader): CreatableTopicConfigs {
  const value = {
    name: reader.string() ?? '',
    value: reader.string(),
    readOnly: reader.int8() !== 0,
    configSource: reader.int8(),
    isSensitive: reader.int8() !== 0
  }
  reader.skipTags()
  return value
}
