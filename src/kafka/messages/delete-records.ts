// Generated from the definitions of Kafka 4.3.1 by `npm run messages:generate`; changes by hand are lost.
// The comments of the fields are Kafka's own (Apache-2.0).
import type { WireReader } from '../wire/wire-reader.ts'
import type { WireWriter } from '../wire/wire-writer.ts'
import { type Message, readArray, writeArray } from './message.ts'

/** @see https://kafka.apache.org/protocol#The_Messages_DeleteRecords */
export const deleteRecords: Message<DeleteRecordsRequest, DeleteRecordsResponse> = {
  key: 21,
  min: 0,
  max: 2,
  flexibleSince: 2,
  write: (writer, _version, request) => writeDeleteRecordsRequest(writer, request),
  read: readDeleteRecordsResponse
}

export interface DeleteRecordsRequest {
  /** Each topic that we want to delete records from. */
  readonly topics: readonly DeleteRecordsTopic[]
  /** How long to wait for the deletion to complete, in milliseconds. */
  readonly timeoutMs: number
}

export interface DeleteRecordsTopic {
  /** The topic name. */
  readonly name: string
  /** Each partition that we want to delete records from. */
  readonly partitions: readonly DeleteRecordsPartition[]
}

export interface DeleteRecordsPartition {
  /** The partition index. */
  readonly partitionIndex: number
  /** The deletion offset. -1 means that records should be truncated to the high watermark. */
  readonly offset: bigint
}

export interface DeleteRecordsResponse {
  /** The duration in milliseconds for which the request was throttled due to a quota violation, or zero if the request did not violate any quota. */
  readonly throttleTimeMs: number
  /** Each topic that we wanted to delete records from. */
  readonly topics: readonly DeleteRecordsTopicResult[]
}

export interface DeleteRecordsTopicResult {
  /** The topic name. */
  readonly name: string
  /** Each partition that we wanted to delete records from. */
  readonly partitions: readonly DeleteRecordsPartitionResult[]
}

export interface DeleteRecordsPartitionResult {
  /** The partition index. */
  readonly partitionIndex: number
  /** The partition low water mark. */
  readonly lowWatermark: bigint
  /** The deletion error code, or 0 if the deletion succeeded. */
  readonly errorCode: number
}

function writeDeleteRecordsRequest(writer: WireWriter, value: DeleteRecordsRequest): void {
  writeArray(writer, value.topics, each => writeDeleteRecordsTopic(writer, each))
  writer.int32(value.timeoutMs)
  writer.noTags()
}

function writeDeleteRecordsTopic(writer: WireWriter, value: DeleteRecordsTopic): void {
  writer.string(value.name)
  writeArray(writer, value.partitions, each => writeDeleteRecordsPartition(writer, each))
  writer.noTags()
}

function writeDeleteRecordsPartition(writer: WireWriter, value: DeleteRecordsPartition): void {
  writer.int32(value.partitionIndex)
  writer.int64(value.offset)
  writer.noTags()
}

function readDeleteRecordsResponse(reader: WireReader): DeleteRecordsResponse {
  const value = {
    throttleTimeMs: reader.int32(),
    topics: readArray(reader, () => readDeleteRecordsTopicResult(reader)) ?? []
  }
  reader.skipTags()
  return value
}

function readDeleteRecordsTopicResult(reader: WireReader): DeleteRecordsTopicResult {
  const value = {
    name: reader.string() ?? '',
    partitions: readArray(reader, () => readDeleteRecordsPartitionResult(reader)) ?? []
  }
  reader.skipTags()
  return value
}

function readDeleteRecordsPartitionResult(reader: WireReader): DeleteRecordsPartitionResult {
  const value = {
    partitionIndex: reader.int32(),
    lowWatermark: reader.bigint64(),
    errorCode: reader.int16()
  }
  reader.skipTags()
  return value
}
