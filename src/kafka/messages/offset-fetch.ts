// Generated from the definitions of Kafka 4.3.1 by `npm run messages:generate`; changes by hand are lost.
// The comments of the fields are Kafka's own (Apache-2.0).
import type { WireReader } from '../wire/wire-reader.ts'
import type { WireWriter } from '../wire/wire-writer.ts'
import { type Message, NO_UUID, notInVersion, readArray, readUuid, writeArray, writeBoolean } from './message.ts'

/** @see https://kafka.apache.org/protocol#The_Messages_OffsetFetch */
export const offsetFetch: Message<OffsetFetchRequest, OffsetFetchResponse> = {
  key: 9,
  min: 1,
  max: 10,
  flexibleSince: 6,
  write: (writer, version, request) => writeOffsetFetchRequest(writer, version, request),
  read: readOffsetFetchResponse
}

export interface OffsetFetchRequest {
  /** The group to fetch offsets for. */
  readonly groupId?: string
  /** Each topic we would like to fetch offsets for, or null to fetch offsets for all topics. */
  readonly topics?: readonly OffsetFetchRequestTopic[] | null
  /** Each group we would like to fetch offsets for. */
  readonly groups?: readonly OffsetFetchRequestGroup[]
  /** Whether broker should hold on returning unstable offsets but set a retriable error code for the partitions. */
  readonly requireStable?: boolean
}

export interface OffsetFetchRequestTopic {
  /** The topic name. */
  readonly name: string
  /** The partition indexes we would like to fetch offsets for. */
  readonly partitionIndexes: readonly number[]
}

export interface OffsetFetchRequestGroup {
  /** The group ID. */
  readonly groupId: string
  /** The member id. */
  readonly memberId?: string | null
  /** The member epoch if using the new consumer protocol (KIP-848). */
  readonly memberEpoch?: number
  /** Each topic we would like to fetch offsets for, or null to fetch offsets for all topics. */
  readonly topics: readonly OffsetFetchRequestTopics[] | null
}

export interface OffsetFetchRequestTopics {
  /** The topic name. */
  readonly name?: string
  /** The topic ID. */
  readonly topicId?: Buffer
  /** The partition indexes we would like to fetch offsets for. */
  readonly partitionIndexes: readonly number[]
}

export interface OffsetFetchResponse {
  /** The duration in milliseconds for which the request was throttled due to a quota violation, or zero if the request did not violate any quota. */
  readonly throttleTimeMs: number
  /** The responses per topic. */
  readonly topics: readonly OffsetFetchResponseTopic[]
  /** The top-level error code, or 0 if there was no error. */
  readonly errorCode: number
  /** The responses per group id. */
  readonly groups: readonly OffsetFetchResponseGroup[]
}

export interface OffsetFetchResponseTopic {
  /** The topic name. */
  readonly name: string
  /** The responses per partition. */
  readonly partitions: readonly OffsetFetchResponsePartition[]
}

export interface OffsetFetchResponsePartition {
  /** The partition index. */
  readonly partitionIndex: number
  /** The committed message offset. */
  readonly committedOffset: bigint
  /** The leader epoch. */
  readonly committedLeaderEpoch: number
  /** The partition metadata. */
  readonly metadata: string | null
  /** The error code, or 0 if there was no error. */
  readonly errorCode: number
}

export interface OffsetFetchResponseGroup {
  /** The group ID. */
  readonly groupId: string
  /** The responses per topic. */
  readonly topics: readonly OffsetFetchResponseTopics[]
  /** The group-level error code, or 0 if there was no error. */
  readonly errorCode: number
}

export interface OffsetFetchResponseTopics {
  /** The topic name. */
  readonly name: string
  /** The topic ID. */
  readonly topicId: Buffer
  /** The responses per partition. */
  readonly partitions: readonly OffsetFetchResponsePartitions[]
}

export interface OffsetFetchResponsePartitions {
  /** The partition index. */
  readonly partitionIndex: number
  /** The committed message offset. */
  readonly committedOffset: bigint
  /** The leader epoch. */
  readonly committedLeaderEpoch: number
  /** The partition metadata. */
  readonly metadata: string | null
  /** The partition-level error code, or 0 if there was no error. */
  readonly errorCode: number
}

function writeOffsetFetchRequest(writer: WireWriter, version: number, value: OffsetFetchRequest): void {
  if (version <= 7) writer.string(value.groupId ?? '')
  else if ((value.groupId ?? '') !== '') notInVersion('groupId', version)
  if (version <= 7)
    writeArray(writer, value.topics === undefined ? [] : value.topics, each =>
      writeOffsetFetchRequestTopic(writer, each)
    )
  else if ((value.topics ?? []).length > 0) notInVersion('topics', version)
  if (version >= 8) writeArray(writer, value.groups ?? [], each => writeOffsetFetchRequestGroup(writer, version, each))
  else if ((value.groups ?? []).length > 0) notInVersion('groups', version)
  if (version >= 7) writeBoolean(writer, value.requireStable ?? false)
  else if (value.requireStable === true) notInVersion('requireStable', version)
  writer.noTags()
}

function writeOffsetFetchRequestTopic(writer: WireWriter, value: OffsetFetchRequestTopic): void {
  writer.string(value.name)
  writeArray(writer, value.partitionIndexes, each => writer.int32(each))
  writer.noTags()
}

function writeOffsetFetchRequestGroup(writer: WireWriter, version: number, value: OffsetFetchRequestGroup): void {
  writer.string(value.groupId)
  if (version >= 9) writer.string(value.memberId ?? null)
  if (version >= 9) writer.int32(value.memberEpoch ?? -1)
  writeArray(writer, value.topics, each => writeOffsetFetchRequestTopics(writer, version, each))
  writer.noTags()
}

function writeOffsetFetchRequestTopics(writer: WireWriter, version: number, value: OffsetFetchRequestTopics): void {
  if (version <= 9) writer.string(value.name ?? '')
  if (version >= 10) writer.raw(value.topicId ?? NO_UUID)
  writeArray(writer, value.partitionIndexes, each => writer.int32(each))
  writer.noTags()
}

function readOffsetFetchResponse(reader: WireReader, version: number): OffsetFetchResponse {
  const value = {
    throttleTimeMs: version >= 3 ? reader.int32() : 0,
    topics: version <= 7 ? (readArray(reader, () => readOffsetFetchResponseTopic(reader, version)) ?? []) : [],
    errorCode: version >= 2 && version <= 7 ? reader.int16() : 0,
    groups: version >= 8 ? (readArray(reader, () => readOffsetFetchResponseGroup(reader, version)) ?? []) : []
  }
  reader.skipTags()
  return value
}

function readOffsetFetchResponseTopic(reader: WireReader, version: number): OffsetFetchResponseTopic {
  const value = {
    name: reader.string() ?? '',
    partitions: readArray(reader, () => readOffsetFetchResponsePartition(reader, version)) ?? []
  }
  reader.skipTags()
  return value
}

function readOffsetFetchResponsePartition(reader: WireReader, version: number): OffsetFetchResponsePartition {
  const value = {
    partitionIndex: reader.int32(),
    committedOffset: reader.bigint64(),
    committedLeaderEpoch: version >= 5 ? reader.int32() : -1,
    metadata: reader.string(),
    errorCode: reader.int16()
  }
  reader.skipTags()
  return value
}

function readOffsetFetchResponseGroup(reader: WireReader, version: number): OffsetFetchResponseGroup {
  const value = {
    groupId: reader.string() ?? '',
    topics: readArray(reader, () => readOffsetFetchResponseTopics(reader, version)) ?? [],
    errorCode: reader.int16()
  }
  reader.skipTags()
  return value
}

function readOffsetFetchResponseTopics(reader: WireReader, version: number): OffsetFetchResponseTopics {
  const value = {
    name: version <= 9 ? (reader.string() ?? '') : '',
    topicId: version >= 10 ? readUuid(reader) : NO_UUID,
    partitions: readArray(reader, () => readOffsetFetchResponsePartitions(reader)) ?? []
  }
  reader.skipTags()
  return value
}

function readOffsetFetchResponsePartitions(reader: WireReader): OffsetFetchResponsePartitions {
  const value = {
    partitionIndex: reader.int32(),
    committedOffset: reader.bigint64(),
    committedLeaderEpoch: reader.int32(),
    metadata: reader.string(),
    errorCode: reader.int16()
  }
  reader.skipTags()
  return value
}
