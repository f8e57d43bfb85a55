// Generated from the definitions of Kafka 4.3.1 by `npm run messages:generate`; changes by hand are lost.
// The comments of the fields are Kafka's own (Apache-2.0).
import type { WireReader } from '../wire/wire-reader.ts'
import type { WireWriter } from '../wire/wire-writer.ts'
import { type Message, readArray, writeArray } from './message.ts'

/** @see https://kafka.apache.org/protocol#The_Messages_DescribeLogDirs */
export const describeLogDirs: Message<DescribeLogDirsRequest, DescribeLogDirsResponse> = {
  key: 35,
  min: 1,
  max: 5,
  flexibleSince: 2,
  write: (writer, _version, request) => writeDescribeLogDirsRequest(writer, request),
  read: readDescribeLogDirsResponse
}

export interface DescribeLogDirsRequest {
  /** Each topic that we want to describe log directories for, or null for all topics. */
  readonly topics: readonly DescribableLogDirTopic[] | null
}

export interface DescribableLogDirTopic {
  /** The topic name. */
  readonly topic: string
  /** The partition indexes. */
  readonly partitions: readonly number[]
}

export interface DescribeLogDirsResponse {
  /** The duration in milliseconds for which the request was throttled due to a quota violation, or zero if the request did not violate any quota. */
  readonly throttleTimeMs: number
  /** The error code, or 0 if there was no error. */
  readonly errorCode: number
  /** The log directories. */
  readonly results: readonly DescribeLogDirsResult[]
}

export interface DescribeLogDirsResult {
  /** The error code, or 0 if there was no error. */
  readonly errorCode: number
  /** The absolute log directory path. */
  readonly logDir: string
  /** The topics. */
  readonly topics: readonly DescribeLogDirsTopic[]
  /** The total size in bytes of the volume the log directory is in. This value does not include the size of data stored in remote storage. */
  readonly totalBytes: bigint
  /** The usable size in bytes of the volume the log directory is in. This value does not include the size of data stored in remote storage. */
  readonly usableBytes: bigint
  /** True if this log directory is cordoned. */
  readonly isCordoned: boolean
}

export interface DescribeLogDirsTopic {
  /** The topic name. */
  readonly name: string
  /** The partitions. */
  readonly partitions: readonly DescribeLogDirsPartition[]
}

export interface DescribeLogDirsPartition {
  /** The partition index. */
  readonly partitionIndex: number
  /** The size of the log segments in this partition in bytes. */
  readonly partitionSize: bigint
  /** The lag of the log's LEO w.r.t. partition's HW (if it is the current log for the partition) or current replica's LEO (if it is the future log for the partition). */
  readonly offsetLag: bigint
  /** True if this log is created by AlterReplicaLogDirsRequest and will replace the current log of the replica in the future. */
  readonly isFutureKey: boolean
}

function writeDescribeLogDirsRequest(writer: WireWriter, value: DescribeLogDirsRequest): void {
  writeArray(writer, value.topics, each => writeDescribableLogDirTopic(writer, each))
  writer.noTags()
}

function writeDescribableLogDirTopic(writer: WireWriter, value: DescribableLogDirTopic): void {
  writer.string(value.topic)
  writeArray(writer, value.partitions, each => writer.int32(each))
  writer.noTags()
}

function readDescribeLogDirsResponse(reader: WireReader, version: number): DescribeLogDirsResponse {
  const value = {
    throttleTimeMs: reader.int32(),
    errorCode: version >= 3 ? reader.int16() : 0,
    results: readArray(reader, () => readDescribeLogDirsResult(reader, version)) ?? []
  }
  reader.skipTags()
  return value
}

function readDescribeLogDirsResult(reader: WireReader, version: number): DescribeLogDirsResult {
  const value = {
    errorCode: reader.int16(),
    logDir: reader.string() ?? '',
    topics: readArray(reader, () => readDescribeLogDirsTopic(reader)) ?? [],
    totalBytes: version >= 4 ? reader.bigint64() : -1n,
    usableBytes: version >= 4 ? reader.bigint64() : -1n,
    isCordoned: version >= 5 ? reader.int8() !== 0 : false
  }
  reader.skipTags()
  return value
}

function readDescribeLogDirsTopic(reader: WireReader): DescribeLogDirsTopic {
  const value = {
    name: reader.string() ?? '',
    partitions: readArray(reader, () => readDescribeLogDirsPartition(reader)) ?? []
  }
  reader.skipTags()
  return value
}

function readDescribeLogDirsPartition(reader: WireReader): DescribeLogDirsPartition {
  const value = {
    partitionIndex: reader.int32(),
    partitionSize: reader.bigint64(),
    offsetLag: reader.bigint64(),
    isFutureKey: reader.int8() !== 0
  }
  reader.skipTags()
  return value
}
