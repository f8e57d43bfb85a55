// Generated from the definitions of Kafka 4.3.1 by `npm run messages:generate`; changes by hand are lost.
// The comments of the fields are Kafka's own (Apache-2.0).
import type { WireReader } from '../wire/wire-reader.ts'
import type { WireWriter } from '../wire/wire-writer.ts'
import { type Message, notInVersion, readArray, writeArray, writeBoolean } from './message.ts'

/** @see https://kafka.apache.org/protocol#The_Messages_AlterPartitionReassignments */
export const alterPartitionReassignments: Message<
  AlterPartitionReassignmentsRequest,
  AlterPartitionReassignmentsResponse
> = {
  key: 45,
  min: 0,
  max: 1,
  flexibleSince: 0,
  write: (writer, version, request) => writeAlterPartitionReassignmentsRequest(writer, version, request),
  read: readAlterPartitionReassignmentsResponse
}

export interface AlterPartitionReassignmentsRequest {
  /** The time in ms to wait for the request to complete. */
  readonly timeoutMs?: number
  /** The option indicating whether changing the replication factor of any given partition as part of this request is a valid move. */
  readonly allowReplicationFactorChange?: boolean
  /** The topics to reassign. */
  readonly topics: readonly ReassignableTopic[]
}

export interface ReassignableTopic {
  /** The topic name. */
  readonly name: string
  /** The partitions to reassign. */
  readonly partitions: readonly ReassignablePartition[]
}

export interface ReassignablePartition {
  /** The partition index. */
  readonly partitionIndex: number
  /** The replicas to place the partitions on, or null to cancel a pending reassignment for this partition. */
  readonly replicas?: readonly number[] | null
}

export interface AlterPartitionReassignmentsResponse {
  /** The duration in milliseconds for which the request was throttled due to a quota violation, or zero if the request did not violate any quota. */
  readonly throttleTimeMs: number
  /** The option indicating whether changing the replication factor of any given partition as part of the request was allowed. */
  readonly allowReplicationFactorChange: boolean
  /** The top-level error code, or 0 if there was no error. */
  readonly errorCode: number
  /** The top-level error message, or null if there was no error. */
  readonly errorMessage: string | null
  /** The responses to topics to reassign. */
  readonly responses: readonly ReassignableTopicResponse[]
}

export interface ReassignableTopicResponse {
  /** The topic name. */
  readonly name: string
  /** The responses to partitions to reassign. */
  readonly partitions: readonly ReassignablePartitionResponse[]
}

export interface ReassignablePartitionResponse {
  /** The partition index. */
  readonly partitionIndex: number
  /** The error code for this partition, or 0 if there was no error. */
  readonly errorCode: number
  /** The error message for this partition, or null if there was no error. */
  readonly errorMessage: string | null
}

function writeAlterPartitionReassignmentsRequest(
  writer: WireWriter,
  version: number,
  value: AlterPartitionReassignmentsRequest
): void {
  writer.int32(value.timeoutMs ?? 60000)
  if (version >= 1) writeBoolean(writer, value.allowReplicationFactorChange ?? true)
  else if (value.allowReplicationFactorChange === false) notInVersion('allowReplicationFactorChange', version)
  writeArray(writer, value.topics, each => writeReassignableTopic(writer, each))
  writer.noTags()
}

function writeReassignableTopic(writer: WireWriter, value: ReassignableTopic): void {
  writer.string(value.name)
  writeArray(writer, value.partitions, each => writeReassignablePartition(writer, each))
  writer.noTags()
}

function writeReassignablePartition(writer: WireWriter, value: ReassignablePartition): void {
  writer.int32(value.partitionIndex)
  writeArray(writer, value.replicas ?? null, each => writer.int32(each))
  writer.noTags()
}

function readAlterPartitionReassignmentsResponse(
  reader: WireReader,
  version: number
): AlterPartitionReassignmentsResponse {
  const value = {
    throttleTimeMs: reader.int32(),
    allowReplicationFactorChange: version >= 1 ? reader.int8() !== 0 : true,
    errorCode: reader.int16(),
    errorMessage: reader.string(),
    responses: readArray(reader, () => readReassignableTopicResponse(reader)) ?? []
  }
  reader.skipTags()
  return value
}

function readReassignableTopicResponse(reader: WireReader): ReassignableTopicResponse {
  const value = {
    name: reader.string() ?? '',
    partitions: readArray(reader, () => readReassignablePartitionResponse(reader)) ?? []
  }
  reader.skipTags()
  return value
}

function readReassignablePartitionResponse(reader: WireReader): ReassignablePartitionResponse {
  const value = {
    partitionIndex: reader.int32(),
    errorCode: reader.int16(),
    errorMessage: reader.string()
  }
  reader.skipTags()
  return value
}
