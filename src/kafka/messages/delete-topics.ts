// Generated from the definitions of Kafka 4.3.1 by `npm run messages:generate`; changes by hand are lost.
// The comments of the fields are Kafka's own (Apache-2.0).
import type { WireReader } from '../wire/wire-reader.ts'
import type { WireWriter } from '../wire/wire-writer.ts'
import { type Message, NO_UUID, notInVersion, readArray, readUuid, writeArray } from './message.ts'

/** @see https://kafka.apache.org/protocol#The_Messages_DeleteTopics */
export const deleteTopics: Message<DeleteTopicsRequest, DeleteTopicsResponse> = {
  key: 20,
  min: 1,
  max: 6,
  flexibleSince: 4,
  write: (writer, version, request) => writeDeleteTopicsRequest(writer, version, request),
  read: readDeleteTopicsResponse
}

export interface DeleteTopicsRequest {
  /** The name or topic ID of the topic. */
  readonly topics?: readonly DeleteTopicState[]
  /** The names of the topics to delete. */
  readonly topicNames?: readonly string[]
  /** The length of time in milliseconds to wait for the deletions to complete. */
  readonly timeoutMs: number
}

export interface DeleteTopicState {
  /** The topic name. */
  readonly name?: string | null
  /** The unique topic ID. */
  readonly topicId: Buffer
}

export interface DeleteTopicsResponse {
  /** The duration in milliseconds for which the request was throttled due to a quota violation, or zero if the request did not violate any quota. */
  readonly throttleTimeMs: number
  /** The results for each topic we tried to delete. */
  readonly responses: readonly DeletableTopicResult[]
}

export interface DeletableTopicResult {
  /** The topic name. */
  readonly name: string | null
  /** The unique topic ID. */
  readonly topicId: Buffer
  /** The deletion error, or 0 if the deletion succeeded. */
  readonly errorCode: number
  /** The error message, or null if there was no error. */
  readonly errorMessage: string | null
}

function writeDeleteTopicsRequest(writer: WireWriter, version: number, value: DeleteTopicsRequest): void {
  if (version >= 6) writeArray(writer, value.topics ?? [], each => writeDeleteTopicState(writer, each))
  else if ((value.topics ?? []).length > 0) notInVersion('topics', version)
  if (version <= 5) writeArray(writer, value.topicNames ?? [], each => writer.string(each))
  writer.int32(value.timeoutMs)
  writer.noTags()
}

function writeDeleteTopicState(writer: WireWriter, value: DeleteTopicState): void {
  writer.string(value.name ?? null)
  writer.raw(value.topicId)
  writer.noTags()
}

function readDeleteTopicsResponse(reader: WireReader, version: number): DeleteTopicsResponse {
  const value = {
    throttleTimeMs: reader.int32(),
    responses: readArray(reader, () => readDeletableTopicResult(reader, version)) ?? []
  }
  reader.skipTags()
  return value
}

function readDeletableTopicResult(reader: WireReader, version: number): DeletableTopicResult {
  const value = {
    name: reader.string(),
    topicId: version >= 6 ? readUuid(reader) : NO_UUID,
    errorCode: reader.int16(),
    errorMessage: version >= 5 ? reader.string() : null
  }
  reader.skipTags()
  return value
}
