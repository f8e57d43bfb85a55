// Generated from the definitions of Kafka 4.3.1 by `npm run messages:generate`; changes by hand are lost.
// The comments of the fields are Kafka's own (Apache-2.0).
import type { WireReader } from '../wire/wire-reader.ts'
import type { WireWriter } from '../wire/wire-writer.ts'
import { type Message, readArray, writeArray, writeBoolean } from './message.ts'

/** @see https://kafka.apache.org/protocol#The_Messages_CreatePartitions */
export const createPartitions: Message<CreatePartitionsRequest, CreatePartitionsResponse> = {
  key: 37,
  min: 0,
  max: 3,
  flexibleSince: 2,
  write: (writer, _version, request) => writeCreatePartitionsRequest(writer, request),
  read: readCreatePartitionsResponse
}

export interface CreatePartitionsRequest {
  /** Each topic that we want to create new partitions inside. */
  readonly topics: readonly CreatePartitionsTopic[]
  /** The time in ms to wait for the partitions to be created. */
  readonly timeoutMs: number
  /** If true, then validate the request, but don't actually increase the number of partitions. */
  readonly validateOnly: boolean
}

export interface CreatePartitionsTopic {
  /** The topic name. */
  readonly name: string
  /** The new partition count. */
  readonly count: number
  /** The new partition assignments. */
  readonly assignments: readonly CreatePartitionsAssignment[] | null
}

export interface CreatePartitionsAssignment {
  /** The assigned broker IDs. */
  readonly brokerIds: readonly number[]
}

export interface CreatePartitionsResponse {
  /** The duration in milliseconds for which the request was throttled due to a quota violation, or zero if the request did not violate any quota. */
  readonly throttleTimeMs: number
  /** The partition creation results for each topic. */
  readonly results: readonly CreatePartitionsTopicResult[]
}

export interface CreatePartitionsTopicResult {
  /** The topic name. */
  readonly name: string
  /** The result error, or zero if there was no error. */
  readonly errorCode: number
  /** The result message, or null if there was no error. */
  readonly errorMessage: string | null
}

function writeCreatePartitionsRequest(writer: WireWriter, value: CreatePartitionsRequest): void {
  writeArray(writer, value.topics, each => writeCreatePartitionsTopic(writer, each))
  writer.int32(value.timeoutMs)
  writeBoolean(writer, value.validateOnly)
  writer.noTags()
}

function writeCreatePartitionsTopic(writer: WireWriter, value: CreatePartitionsTopic): void {
  writer.string(value.name)
  writer.int32(value.count)
  writeArray(writer, value.assignments, each => writeCreatePartitionsAssignment(writer, each))
  writer.noTags()
}

function writeCreatePartitionsAssignment(writer: WireWriter, value: CreatePartitionsAssignment): void {
  writeArray(writer, value.brokerIds, each => writer.int32(each))
  writer.noTags()
}

function readCreatePartitionsResponse(reader: WireReader): CreatePartitionsResponse {
  const value = {
    throttleTimeMs: reader.int32(),
    results: readArray(reader, () => readCreatePartitionsTopicResult(reader)) ?? []
  }
  reader.skipTags()
  return value
}

function readCreatePartitionsTopicResult(reader: WireReader): CreatePartitionsTopicResult {
  const value = {
    name: reader.string() ?? '',
    errorCode: reader.int16(),
    errorMessage: reader.string()
  }
  reader.skipTags()
  return value
}
