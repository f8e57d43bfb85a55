// Generated from the definitions of Kafka 4.3.1 by `npm run messages:generate`; changes by hand are lost.
// The comments of the fields are Kafka's own (Apache-2.0).
import type { WireReader } from '../wire/wire-reader.ts'
import type { WireWriter } from '../wire/wire-writer.ts'
import { type Message, readArray, writeArray } from './message.ts'

/** @see https://kafka.apache.org/protocol#The_Messages_ListPartitionReassignments */
export const listPartitionReassignments: Message<
  ListPartitionReassignmentsRequest,
  ListPartitionReassignmentsResponse
> = {
  key: 46,
  min: 0,
  max: 0,
  flexibleSince: 0,
  write: (writer, _version, request) => writeListPartitionReassignmentsRequest(writer, request),
  read: readListPartitionReassignmentsResponse
}

export interface ListPartitionReassignmentsRequest {
  /** The time in ms to wait for the request to complete. */
  readonly timeoutMs?: number
  /** The topics to list partition reassignments for, or null to list everything. */
  readonly topics?: readonly ListPartitionReassignmentsTopics[] | null
}

export interface ListPartitionReassignmentsTopics {
  /** The topic name. */
  readonly name: string
  /** The partitions to list partition reassignments for. */
  readonly partitionIndexes: readonly number[]
}

export interface ListPartitionReassignmentsResponse {
  /** The duration in milliseconds for which the request was throttled due to a quota violation, or zero if the request did not violate any quota. */
  readonly throttleTimeMs: number
  /** The top-level error code, or 0 if there was no error. */
  readonly errorCode: number
  /** The top-level error message, or null if there was no error. */
  readonly errorMessage: string | null
  /** The ongoing reassignments for each topic. */
  readonly topics: readonly OngoingTopicReassignment[]
}

export interface OngoingTopicReassignment {
  /** The topic name. */
  readonly name: string
  /** The ongoing reassignments for each partition. */
  readonly partitions: readonly OngoingPartitionReassignment[]
}

export interface OngoingPartitionReassignment {
  /** The index of the partition. */
  readonly partitionIndex: number
  /** The current replica set. */
  readonly replicas: readonly number[]
  /** The set of replicas we are currently adding. */
  readonly addingReplicas: readonly number[]
  /** The set of replicas we are currently removing. */
  readonly removingReplicas: readonly number[]
}

function writeListPartitionReassignmentsRequest(writer: WireWriter, value: ListPartitionReassignmentsRequest): void {
  writer.int32(value.timeoutMs ?? 60000)
  writeArray(writer, value.topics ?? null, each => writeListPartitionReassignmentsTopics(writer, each))
  writer.noTags()
}

function writeListPartitionReassignmentsTopics(writer: WireWriter, value: ListPartitionReassignmentsTopics): void {
  writer.string(value.name)
  writeArray(writer, value.partitionIndexes, each => writer.int32(each))
  writer.noTags()
}

function readListPartitionReassignmentsResponse(reader: WireReader): ListPartitionReassignmentsResponse {
  const value = {
    throttleTimeMs: reader.int32(),
    errorCode: reader.int16(),
    errorMessage: reader.string(),
    topics: readArray(reader, () => readOngoingTopicReassignment(reader)) ?? []
  }
  reader.skipTags()
  return value
}

function readOngoingTopicReassignment(reader: WireReader): OngoingTopicReassignment {
  const value = {
    name: reader.string() ?? '',
    partitions: readArray(reader, () => readOngoingPartitionReassignment(reader)) ?? []
  }
  reader.skipTags()
  return value
}

function readOngoingPartitionReassignment(reader: WireReader): OngoingPartitionReassignment {
  const value = {
    partitionIndex: reader.int32(),
    replicas: readArray(reader, () => reader.int32()) ?? [],
    addingReplicas: readArray(reader, () => reader.int32()) ?? [],
    removingReplicas: readArray(reader, () => reader.int32()) ?? []
  }
  reader.skipTags()
  return value
}
