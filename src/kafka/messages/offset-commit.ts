// Generated from the definitions of Kafka 4.3.1 by `npm run messages:generate`; changes by hand are lost.
// The comments of the fields are Kafka's own (Apache-2.0).
import type { WireReader } from '../wire/wire-reader.ts'
import type { WireWriter } from '../wire/wire-writer.ts'
import { type Message, NO_UUID, notInVersion, readArray, readUuid, writeArray } from './message.ts'

/** @see https://kafka.apache.org/protocol#The_Messages_OffsetCommit */
export const offsetCommit: Message<OffsetCommitRequest, OffsetCommitResponse> = {
  key: 8,
  min: 2,
  max: 10,
  flexibleSince: 8,
  write: (writer, version, request) => writeOffsetCommitRequest(writer, version, request),
  read: readOffsetCommitResponse
}

export interface OffsetCommitRequest {
  /** The unique group identifier. */
  readonly groupId: string
  /** The generation of the group if using the classic group protocol or the member epoch if using the consumer protocol. */
  readonly generationIdOrMemberEpoch?: number
  /** The member ID assigned by the group coordinator. */
  readonly memberId?: string
  /** The unique identifier of the consumer instance provided by end user. */
  readonly groupInstanceId?: string | null
  /** The time period in ms to retain the offset. */
  readonly retentionTimeMs?: bigint
  /** The topics to commit offsets for. */
  readonly topics: readonly OffsetCommitRequestTopic[]
}

export interface OffsetCommitRequestTopic {
  /** The topic name. */
  readonly name?: string
  /** The topic ID. */
  readonly topicId?: Buffer
  /** Each partition to commit offsets for. */
  readonly partitions: readonly OffsetCommitRequestPartition[]
}

export interface OffsetCommitRequestPartition {
  /** The partition index. */
  readonly partitionIndex: number
  /** The message offset to be committed. */
  readonly committedOffset: bigint
  /** The leader epoch of this partition. */
  readonly committedLeaderEpoch?: number
  /** Any associated metadata the client wants to keep. */
  readonly committedMetadata: string | null
}

export interface OffsetCommitResponse {
  /** The duration in milliseconds for which the request was throttled due to a quota violation, or zero if the request did not violate any quota. */
  readonly throttleTimeMs: number
  /** The responses for each topic. */
  readonly topics: readonly OffsetCommitResponseTopic[]
}

export interface OffsetCommitResponseTopic {
  /** The topic name. */
  readonly name: string
  /** The topic ID. */
  readonly topicId: Buffer
  /** The responses for each partition in the topic. */
  readonly partitions: readonly OffsetCommitResponsePartition[]
}

export interface OffsetCommitResponsePartition {
  /** The partition index. */
  readonly partitionIndex: number
  /** The error code, or 0 if there was no error. */
  readonly errorCode: number
}

function writeOffsetCommitRequest(writer: WireWriter, version: number, value: OffsetCommitRequest): void {
  writer.string(value.groupId)
  writer.int32(value.generationIdOrMemberEpoch ?? -1)
  writer.string(value.memberId ?? '')
  if (version >= 7) writer.string(value.groupInstanceId ?? null)
  else if ((value.groupInstanceId ?? null) !== null) notInVersion('groupInstanceId', version)
  if (version <= 4) writer.int64(value.retentionTimeMs ?? -1n)
  writeArray(writer, value.topics, each => writeOffsetCommitRequestTopic(writer, version, each))
  writer.noTags()
}

function writeOffsetCommitRequestTopic(writer: WireWriter, version: number, value: OffsetCommitRequestTopic): void {
  if (version <= 9) writer.string(value.name ?? '')
  if (version >= 10) writer.raw(value.topicId ?? NO_UUID)
  writeArray(writer, value.partitions, each => writeOffsetCommitRequestPartition(writer, version, each))
  writer.noTags()
}

function writeOffsetCommitRequestPartition(
  writer: WireWriter,
  version: number,
  value: OffsetCommitRequestPartition
): void {
  writer.int32(value.partitionIndex)
  writer.int64(value.committedOffset)
  if (version >= 6) writer.int32(value.committedLeaderEpoch ?? -1)
  writer.string(value.committedMetadata)
  writer.noTags()
}

function readOffsetCommitResponse(reader: WireReader, version: number): OffsetCommitResponse {
  const value = {
    throttleTimeMs: version >= 3 ? reader.int32() : 0,
    topics: readArray(reader, () => readOffsetCommitResponseTopic(reader, version)) ?? []
  }
  reader.skipTags()
  return value
}

function readOffsetCommitResponseTopic(reader: WireReader, version: number): OffsetCommitResponseTopic {
  const value = {
    name: version <= 9 ? (reader.string() ?? '') : '',
    topicId: version >= 10 ? readUuid(reader) : NO_UUID,
    partitions: readArray(reader, () => readOffsetCommitResponsePartition(reader)) ?? []
  }
  reader.skipTags()
  return value
}

function readOffsetCommitResponsePartition(reader: WireReader): OffsetCommitResponsePartition {
  const value = {
    partitionIndex: reader.int32(),
    errorCode: reader.int16()
  }
  reader.skipTags()
  return value
}
