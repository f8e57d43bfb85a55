// Generated from the definitions of Kafka 4.3.1 by `npm run messages:generate`; changes by hand are lost.
// The comments of the fields are Kafka's own (Apache-2.0).
import type { WireReader } from '../wire/wire-reader.ts'
import type { WireWriter } from '../wire/wire-writer.ts'
import { type Message, readArray, readUuid, writeArray, writeBoolean } from './message.ts'

/** @see https://kafka.apache.org/protocol#The_Messages_ShareGroupDescribe */
export const shareGroupDescribe: Message<ShareGroupDescribeRequest, ShareGroupDescribeResponse> = {
  key: 77,
  min: 1,
  max: 1,
  flexibleSince: 0,
  write: (writer, _version, request) => writeShareGroupDescribeRequest(writer, request),
  read: readShareGroupDescribeResponse
}

export interface ShareGroupDescribeRequest {
  /** The ids of the groups to describe. */
  readonly groupIds: readonly string[]
  /** Whether to include authorized operations. */
  readonly includeAuthorizedOperations: boolean
}

export interface ShareGroupDescribeResponse {
  /** The duration in milliseconds for which the request was throttled due to a quota violation, or zero if the request did not violate any quota. */
  readonly throttleTimeMs: number
  /** Each described group. */
  readonly groups: readonly DescribedGroup[]
}

export interface DescribedGroup {
  /** The describe error, or 0 if there was no error. */
  readonly errorCode: number
  /** The top-level error message, or null if there was no error. */
  readonly errorMessage: string | null
  /** The group ID string. */
  readonly groupId: string
  /** The group state string, or the empty string. */
  readonly groupState: string
  /** The group epoch. */
  readonly groupEpoch: number
  /** The assignment epoch. */
  readonly assignmentEpoch: number
  /** The selected assignor. */
  readonly assignorName: string
  /** The members. */
  readonly members: readonly Member[]
  /** 32-bit bitfield to represent authorized operations for this group. */
  readonly authorizedOperations: number
}

export interface Member {
  /** The member ID. */
  readonly memberId: string
  /** The member rack ID. */
  readonly rackId: string | null
  /** The current member epoch. */
  readonly memberEpoch: number
  /** The client ID. */
  readonly clientId: string
  /** The client host. */
  readonly clientHost: string
  /** The subscribed topic names. */
  readonly subscribedTopicNames: readonly string[]
  /** The current assignment. */
  readonly assignment: Assignment
}

export interface Assignment {
  /** The assigned topic-partitions to the member. */
  readonly topicPartitions: readonly TopicPartitions[]
}

export interface TopicPartitions {
  /** The topic ID. */
  readonly topicId: Buffer
  /** The topic name. */
  readonly topicName: string
  /** The partitions. */
  readonly partitions: readonly number[]
}

function writeShareGroupDescribeRequest(writer: WireWriter, value: ShareGroupDescribeRequest): void {
  writeArray(writer, value.groupIds, each => writer.string(each))
  writeBoolean(writer, value.includeAuthorizedOperations)
  writer.noTags()
}

function readShareGroupDescribeResponse(reader: WireReader): ShareGroupDescribeResponse {
  const value = {
    throttleTimeMs: reader.int32(),
    groups: readArray(reader, () => readDescribedGroup(reader)) ?? []
  }
  reader.skipTags()
  return value
}

function readDescribedGroup(reader: WireReader): DescribedGroup {
  const value = {
    errorCode: reader.int16(),
    errorMessage: reader.string(),
    groupId: reader.string() ?? '',
    groupState: reader.string() ?? '',
    groupEpoch: reader.int32(),
    assignmentEpoch: reader.int32(),
    assignorName: reader.string() ?? '',
    members: readArray(reader, () => readMember(reader)) ?? [],
    authorizedOperations: reader.int32()
  }
  reader.skipTags()
  return value
}

function readMember(reader: WireReader): Member {
  const value = {
    memberId: reader.string() ?? '',
    rackId: reader.string(),
    memberEpoch: reader.int32(),
    clientId: reader.string() ?? '',
    clientHost: reader.string() ?? '',
    subscribedTopicNames: readArray(reader, () => reader.string() ?? '') ?? [],
    assignment: readAssignment(reader)
  }
  reader.skipTags()
  return value
}

function readAssignment(reader: WireReader): Assignment {
  const value = {
    topicPartitions: readArray(reader, () => readTopicPartitions(reader)) ?? []
  }
  reader.skipTags()
  return value
}

function readTopicPartitions(reader: WireReader): TopicPartitions {
  const value = {
    topicId: readUuid(reader),
    topicName: reader.string() ?? '',
    partitions: readArray(reader, () => reader.int32()) ?? []
  }
  reader.skipTags()
  return value
}
