// Generated from the definitions of Kafka 4.3.1 by `npm run messages:generate`; changes by hand are lost.
// The comments of the fields are Kafka's own (Apache-2.0).
import type { WireReader } from '../wire/wire-reader.ts'
import type { WireWriter } from '../wire/wire-writer.ts'
import { type Message, NO_UUID, notInVersion, readArray, readUuid, writeArray, writeBoolean } from './message.ts'

/** @see https://kafka.apache.org/protocol#The_Messages_Metadata */
export const metadata: Message<MetadataRequest, MetadataResponse> = {
  key: 3,
  min: 0,
  max: 13,
  flexibleSince: 9,
  write: (writer, version, request) => writeMetadataRequest(writer, version, request),
  read: readMetadataResponse
}

export interface MetadataRequest {
  /** The topics to fetch metadata for. */
  readonly topics: readonly MetadataRequestTopic[] | null
  /** If this is true, the broker may auto-create topics that we requested which do not already exist, if it is configured to do so. */
  readonly allowAutoTopicCreation?: boolean
  /** Whether to include cluster authorized operations. */
  readonly includeClusterAuthorizedOperations?: boolean
  /** Whether to include topic authorized operations. */
  readonly includeTopicAuthorizedOperations?: boolean
}

export interface MetadataRequestTopic {
  /** The topic id. */
  readonly topicId?: Buffer
  /** The topic name. */
  readonly name: string | null
}

export interface MetadataResponse {
  /** The duration in milliseconds for which the request was throttled due to a quota violation, or zero if the request did not violate any quota. */
  readonly throttleTimeMs: number
  /** A list of brokers present in the cluster. */
  readonly brokers: readonly MetadataResponseBroker[]
  /** The cluster ID that responding broker belongs to. */
  readonly clusterId: string | null
  /** The ID of the controller broker. */
  readonly controllerId: number
  /** Each topic in the response. */
  readonly topics: readonly MetadataResponseTopic[]
  /** 32-bit bitfield to represent authorized operations for this cluster. */
  readonly clusterAuthorizedOperations: number
  /** The top-level error code, or 0 if there was no error. */
  readonly errorCode: number
}

export interface MetadataResponseBroker {
  /** The broker ID. */
  readonly nodeId: number
  /** The broker hostname. */
  readonly host: string
  /** The broker port. */
  readonly port: number
  /** The rack of the broker, or null if it has not been assigned to a rack. */
  readonly rack: string | null
}

export interface MetadataResponseTopic {
  /** The topic error, or 0 if there was no error. */
  readonly errorCode: number
  /** The topic name. Null for non-existing topics queried by ID. This is never null when ErrorCode is zero. One of Name and TopicId is always populated. */
  readonly name: string | null
  /** The topic id. Zero for non-existing topics queried by name. This is never zero when ErrorCode is zero. One of Name and TopicId is always populated. */
  readonly topicId: Buffer
  /** True if the topic is internal. */
  readonly isInternal: boolean
  /** Each partition in the topic. */
  readonly partitions: readonly MetadataResponsePartition[]
  /** 32-bit bitfield to represent authorized operations for this topic. */
  readonly topicAuthorizedOperations: number
}

export interface MetadataResponsePartition {
  /** The partition error, or 0 if there was no error. */
  readonly errorCode: number
  /** The partition index. */
  readonly partitionIndex: number
  /** The ID of the leader broker. */
  readonly leaderId: number
  /** The leader epoch of this partition. */
  readonly leaderEpoch: number
  /** The set of all nodes that host this partition. */
  readonly replicaNodes: readonly number[]
  /** The set of nodes that are in sync with the leader for this partition. */
  readonly isrNodes: readonly number[]
  /** The set of offline replicas of this partition. */
  readonly offlineReplicas: readonly number[]
}

function writeMetadataRequest(writer: WireWriter, version: number, value: MetadataRequest): void {
  writeArray(writer, value.topics, each => writeMetadataRequestTopic(writer, version, each))
  if (version >= 4) writeBoolean(writer, value.allowAutoTopicCreation ?? true)
  else if (value.allowAutoTopicCreation === false) notInVersion('allowAutoTopicCreation', version)
  if (version >= 8 && version <= 10) writeBoolean(writer, value.includeClusterAuthorizedOperations ?? false)
  else if (value.includeClusterAuthorizedOperations === true)
    notInVersion('includeClusterAuthorizedOperations', version)
  if (version >= 8) writeBoolean(writer, value.includeTopicAuthorizedOperations ?? false)
  else if (value.includeTopicAuthorizedOperations === true) notInVersion('includeTopicAuthorizedOperations', version)
  writer.noTags()
}

function writeMetadataRequestTopic(writer: WireWriter, version: number, value: MetadataRequestTopic): void {
  if (version >= 10) writer.raw(value.topicId ?? NO_UUID)
  writer.string(value.name)
  writer.noTags()
}

function readMetadataResponse(reader: WireReader, version: number): MetadataResponse {
  const value = {
    throttleTimeMs: version >= 3 ? reader.int32() : 0,
    brokers: readArray(reader, () => readMetadataResponseBroker(reader, version)) ?? [],
    clusterId: version >= 2 ? reader.string() : null,
    controllerId: version >= 1 ? reader.int32() : -1,
    topics: readArray(reader, () => readMetadataResponseTopic(reader, version)) ?? [],
    clusterAuthorizedOperations: version >= 8 && version <= 10 ? reader.int32() : -2147483648,
    errorCode: version >= 13 ? reader.int16() : 0
  }
  reader.skipTags()
  return value
}

function readMetadataResponseBroker(reader: WireReader, version: number): MetadataResponseBroker {
  const value = {
    nodeId: reader.int32(),
    host: reader.string() ?? '',
    port: reader.int32(),
    rack: version >= 1 ? reader.string() : null
  }
  reader.skipTags()
  return value
}

function readMetadataResponseTopic(reader: WireReader, version: number): MetadataResponseTopic {
  const value = {
    errorCode: reader.int16(),
    name: reader.string(),
    topicId: version >= 10 ? readUuid(reader) : NO_UUID,
    isInternal: version >= 1 ? reader.int8() !== 0 : false,
    partitions: readArray(reader, () => readMetadataResponsePartition(reader, version)) ?? [],
    topicAuthorizedOperations: version >= 8 ? reader.int32() : -2147483648
  }
  reader.skipTags()
  return value
}

function readMetadataResponsePartition(reader: WireReader, version: number): MetadataResponsePartition {
  const value = {
    errorCode: reader.int16(),
    partitionIndex: reader.int32(),
    leaderId: reader.int32(),
    leaderEpoch: version >= 7 ? reader.int32() : -1,
    replicaNodes: readArray(reader, () => reader.int32()) ?? [],
    isrNodes: readArray(reader, () => reader.int32()) ?? [],
    offlineReplicas: version >= 5 ? (readArray(reader, () => reader.int32()) ?? []) : []
  }
  reader.skipTags()
  return value
}
