// Generated from the definitions of Kafka 4.3.1 by `npm run messages:generate`; changes by hand are lost.
// The comments of the fields are Kafka's own (Apache-2.0).
import type { WireReader } from '../wire/wire-reader.ts'
import type { WireWriter } from '../wire/wire-writer.ts'
import { type Message, notInVersion, readArray, writeArray } from './message.ts'

/** @see https://kafka.apache.org/protocol#The_Messages_ElectLeaders */
export const electLeaders: Message<ElectLeadersRequest, ElectLeadersResponse> = {
  key: 43,
  min: 0,
  max: 2,
  flexibleSince: 2,
  write: (writer, version, request) => writeElectLeadersRequest(writer, version, request),
  read: readElectLeadersResponse
}

export interface ElectLeadersRequest {
  /** Type of elections to conduct for the partition. A value of '0' elects the preferred replica. A value of '1' elects the first live replica if there are no in-sync replica. */
  readonly electionType?: number
  /** The topic partitions to elect leaders. */
  readonly topicPartitions: readonly TopicPartitions[] | null
  /** The time in ms to wait for the election to complete. */
  readonly timeoutMs?: number
}

export interface TopicPartitions {
  /** The name of a topic. */
  readonly topic: string
  /** The partitions of this topic whose leader should be elected. */
  readonly partitions: readonly number[]
}

export interface ElectLeadersResponse {
  /** The duration in milliseconds for which the request was throttled due to a quota violation, or zero if the request did not violate any quota. */
  readonly throttleTimeMs: number
  /** The top level response error code. */
  readonly errorCode: number
  /** The election results, or an empty array if the requester did not have permission and the request asks for all partitions. */
  readonly replicaElectionResults: readonly ReplicaElectionResult[]
}

export interface ReplicaElectionResult {
  /** The topic name. */
  readonly topic: string
  /** The results for each partition. */
  readonly partitionResult: readonly PartitionResult[]
}

export interface PartitionResult {
  /** The partition id. */
  readonly partitionId: number
  /** The result error, or zero if there was no error. */
  readonly errorCode: number
  /** The result message, or null if there was no error. */
  readonly errorMessage: string | null
}

function writeElectLeadersRequest(writer: WireWriter, version: number, value: ElectLeadersRequest): void {
  if (version >= 1) writer.int8(value.electionType ?? 0)
  else if ((value.electionType ?? 0) !== 0) notInVersion('electionType', version)
  writeArray(writer, value.topicPartitions, each => writeTopicPartitions(writer, each))
  writer.int32(value.timeoutMs ?? 60000)
  writer.noTags()
}

function writeTopicPartitions(writer: WireWriter, value: TopicPartitions): void {
  writer.string(value.topic)
  writeArray(writer, value.partitions, each => writer.int32(each))
  writer.noTags()
}

function readElectLeadersResponse(reader: WireReader, version: number): ElectLeadersResponse {
  const value = {
    throttleTimeMs: reader.int32(),
    errorCode: version >= 1 ? reader.int16() : 0,
    replicaElectionResults: readArray(reader, () => readReplicaElectionResult(reader)) ?? []
  }
  reader.skipTags()
  return value
}

function readReplicaElectionResult(reader: WireReader): ReplicaElectionResult {
  const value = {
    topic: reader.string() ?? '',
    partitionResult: readArray(reader, () => readPartitionResult(reader)) ?? []
  }
  reader.skipTags()
  return value
}

function readPartitionResult(reader: WireReader): PartitionResult {
  const value = {
    partitionId: reader.int32(),
    errorCode: reader.int16(),
    errorMessage: reader.string()
  }
  reader.skipTags()
  return value
}
