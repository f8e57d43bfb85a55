// Generated from the definitions of Kafka 4.3.1 by `npm run messages:generate`; changes by hand are lost.
// The comments of the fields are Kafka's own (Apache-2.0).
import type { WireReader } from '../wire/wire-reader.ts'
import type { WireWriter } from '../wire/wire-writer.ts'
import { type Message, readArray, writeArray } from './message.ts'

/** @see https://kafka.apache.org/protocol#The_Messages_OffsetDelete */
export const offsetDelete: Message<OffsetDeleteRequest, OffsetDeleteResponse> = {
  key: 47,
  min: 0,
  max: 0,
  flexibleSince: Infinity,
  write: (writer, _version, request) => writeOffsetDeleteRequest(writer, request),
  read: readOffsetDeleteResponse
}

export interface OffsetDeleteRequest {
  /** The unique group identifier. */
  readonly groupId: string
  /** The topics to delete offsets for. */
  readonly topics: readonly OffsetDeleteRequestTopic[]
}

export interface OffsetDeleteRequestTopic {
  /** The topic name. */
  readonly name: string
  /** Each partition to delete offsets for. */
  readonly partitions: readonly OffsetDeleteRequestPartition[]
}

export interface OffsetDeleteRequestPartition {
  /** The partition index. */
  readonly partitionIndex: number
}

export interface OffsetDeleteResponse {
  /** The top-level error code, or 0 if there was no error. */
  readonly errorCode: number
  /** The duration in milliseconds for which the request was throttled due to a quota violation, or zero if the request did not violate any quota. */
  readonly throttleTimeMs: number
  /** The responses for each topic. */
  readonly topics: readonly OffsetDeleteResponseTopic[]
}

export interface OffsetDeleteResponseTopic {
  /** The topic name. */
  readonly name: string
  /** The responses for each partition in the topic. */
  readonly partitions: readonly OffsetDeleteResponsePartition[]
}

export interface OffsetDeleteResponsePartition {
  /** The partition index. */
  readonly partitionIndex: number
  /** The error code, or 0 if there was no error. */
  readonly errorCode: number
}

function writeOffsetDeleteRequest(writer: WireWriter, value: OffsetDeleteRequest): void {
  writer.string(value.groupId)
  writeArray(writer, value.topics, each => writeOffsetDeleteRequestTopic(writer, each))
  writer.noTags()
}

function writeOffsetDeleteRequestTopic(writer: WireWriter, value: OffsetDeleteRequestTopic): void {
  writer.string(value.name)
  writeArray(writer, value.partitions, each => writeOffsetDeleteRequestPartition(writer, each))
  writer.noTags()
}

function writeOffsetDeleteRequestPartition(writer: WireWriter, value: OffsetDeleteRequestPartition): void {
  writer.int32(value.partitionIndex)
  writer.noTags()
}

function readOffsetDeleteResponse(reader: WireReader): OffsetDeleteResponse {
  const value = {
    errorCode: reader.int16(),
    throttleTimeMs: reader.int32(),
    topics: readArray(reader, () => readOffsetDeleteResponseTopic(reader)) ?? []
  }
  reader.skipTags()
  return value
}

function readOffsetDeleteResponseTopic(reader: WireReader): OffsetDeleteResponseTopic {
  const value = {
    name: reader.string() ?? '',
    partitions: readArray(reader, () => readOffsetDeleteResponsePartition(reader)) ?? []
  }
  reader.skipTags()
  return value
}

function readOffsetDeleteResponsePartition(reader: WireReader): OffsetDeleteResponsePartition {
  const value = {
    partitionIndex: reader.int32(),
    errorCode: reader.int16()
  }
  reader.skipTags()
  return value
}
