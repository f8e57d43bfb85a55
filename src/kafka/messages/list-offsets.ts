// Generated from the definitions of Kafka 4.3.1 by `npm run messages:generate`; changes by hand are lost.
// The comments of the fields are Kafka's own (Apache-2.0).
import type { WireReader } from '../wire/wire-reader.ts'
import type { WireWriter } from '../wire/wire-writer.ts'
import { type Message, notInVersion, readArray, writeArray } from './message.ts'

/** @see https://kafka.apache.org/protocol#The_Messages_ListOffsets */
export const listOffsets: Message<ListOffsetsRequest, ListOffsetsResponse> = {
  key: 2,
  min: 1,
  max: 11,
  flexibleSince: 6,
  write: (writer, version, request) => writeListOffsetsRequest(writer, version, request),
  read: readListOffsetsResponse
}

export interface ListOffsetsRequest {
  /** The broker ID of the requester, or -1 if this request is being made by a normal consumer. */
  readonly replicaId: number
  /** This setting controls the visibility of transactional records. Using READ_UNCOMMITTED (isolation_level = 0) makes all records visible. With READ_COMMITTED (isolation_level = 1), non-transactional and COMMITTED transactional records are visible. To be more concrete, READ_COMMITTED returns all data from offsets smaller than the current LSO (last stable offset), and enables the inclusion of the list of aborted transactions in the result, which allows consumers to discard ABORTED transactional records. */
  readonly isolationLevel?: number
  /** Each topic in the request. */
  readonly topics: readonly ListOffsetsTopic[]
  /** The timeout to await a response in milliseconds for requests that require reading from remote storage for topics enabled with tiered storage. */
  readonly timeoutMs?: number
}

export interface ListOffsetsTopic {
  /** The topic name. */
  readonly name: string
  /** Each partition in the request. */
  readonly partitions: readonly ListOffsetsPartition[]
}

export interface ListOffsetsPartition {
  /** The partition index. */
  readonly partitionIndex: number
  /** The current leader epoch. */
  readonly currentLeaderEpoch?: number
  /** The current timestamp. */
  readonly timestamp: bigint
}

export interface ListOffsetsResponse {
  /** The duration in milliseconds for which the request was throttled due to a quota violation, or zero if the request did not violate any quota. */
  readonly throttleTimeMs: number
  /** Each topic in the response. */
  readonly topics: readonly ListOffsetsTopicResponse[]
}

export interface ListOffsetsTopicResponse {
  /** The topic name. */
  readonly name: string
  /** Each partition in the response. */
  readonly partitions: readonly ListOffsetsPartitionResponse[]
}

export interface ListOffsetsPartitionResponse {
  /** The partition index. */
  readonly partitionIndex: number
  /** The partition error code, or 0 if there was no error. */
  readonly errorCode: number
  /** The timestamp associated with the returned offset. */
  readonly timestamp: bigint
  /** The returned offset. */
  readonly offset: bigint
  /** The leader epoch associated with the returned offset. */
  readonly leaderEpoch: number
}

function writeListOffsetsRequest(writer: WireWriter, version: number, value: ListOffsetsRequest): void {
  writer.int32(value.replicaId)
  if (version >= 2) writer.int8(value.isolationLevel ?? 0)
  else if ((value.isolationLevel ?? 0) !== 0) notInVersion('isolationLevel', version)
  writeArray(writer, value.topics, each => writeListOffsetsTopic(writer, version, each))
  if (version >= 10) writer.int32(value.timeoutMs ?? 0)
  writer.noTags()
}

function writeListOffsetsTopic(writer: WireWriter, version: number, value: ListOffsetsTopic): void {
  writer.string(value.name)
  writeArray(writer, value.partitions, each => writeListOffsetsPartition(writer, version, each))
  writer.noTags()
}

function writeListOffsetsPartition(writer: WireWriter, version: number, value: ListOffsetsPartition): void {
  writer.int32(value.partitionIndex)
  if (version >= 4) writer.int32(value.currentLeaderEpoch ?? -1)
  writer.int64(value.timestamp)
  writer.noTags()
}

function readListOffsetsResponse(reader: WireReader, version: number): ListOffsetsResponse {
  const value = {
    throttleTimeMs: version >= 2 ? reader.int32() : 0,
    topics: readArray(reader, () => readListOffsetsTopicResponse(reader, version)) ?? []
  }
  reader.skipTags()
  return value
}

function readListOffsetsTopicResponse(reader: WireReader, version: number): ListOffsetsTopicResponse {
  const value = {
    name: reader.string() ?? '',
    partitions: readArray(reader, () => readListOffsetsPartitionResponse(reader, version)) ?? []
  }
  reader.skipTags()
  return value
}

function readListOffsetsPartitionResponse(reader: WireReader, version: number): ListOffsetsPartitionResponse {
  const value = {
    partitionIndex: reader.int32(),
    errorCode: reader.int16(),
    timestamp: reader.bigint64(),
    offset: reader.bigint64(),
    leaderEpoch: version >= 4 ? reader.int32() : -1
  }
  reader.skipTags()
  return value
}
