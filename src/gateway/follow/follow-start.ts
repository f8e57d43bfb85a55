import { GatewayError } from '../../core/errors.ts'
import type { Call } from '../../core/principal.ts'
import type { MetadataCache } from '../../kafka/metadata/metadata-cache.ts'
import type { TopicMetadata } from '../../kafka/metadata/topic-metadata.ts'
import { partitionForKey } from '../../kafka/records/murmur2.ts'
import type { FollowRequest, Position, Start } from '../gateway.ts'
import { partitionNotFound, refuseInternal, topicNotFound } from '../topic-access.ts'

export type FollowMetadata = Pick<MetadataCache, 'peek' | 'topic' | 'refresh'>

/** A topic, and where to begin and to stop in each of its partitions that are asked for. */
export interface FollowStart {
  readonly topic: TopicMetadata
  readonly starts: Map<number, Start>
  /** Empty if there is no stop. */
  readonly stops: Map<number, Start>
}

const ID_CHARACTERS = 8

/** Returns the characters by which a position names its topic; null if the cluster has no topic ids. */
export function idPrefix({ id }: TopicMetadata): string | null {
  return id === null ? null : id.toString('base64url').slice(0, ID_CHARACTERS)
}

/** Throws TOPIC_NOT_FOUND, INTERNAL_TOPIC, PARTITION_NOT_FOUND, INVALID_PARTITION, INVALID_OFFSET, POSITION_OF_ANOTHER_TOPIC. */
export async function followStart(
  metadata: FollowMetadata,
  { deadline }: Call,
  request: FollowRequest
): Promise<FollowStart> {
  const { topic: name, from, until } = request
  refuseInternal(name)
  const known = metadata.peek(name) ?? (await metadata.topic(name, deadline))
  const topic = known !== null && fits(known, request) ? known : await metadata.refresh(name, deadline)
  if (topic === null) throw topicNotFound(name)
  refuseInternal(name, topic)
  const asked = partitionsAsked(topic, request)
  // What is not named was added after the position, which it so precedes as a whole.
  const stops = new Map(until === undefined ? [] : placesOf(topic, asked, until, 'until', 0))
  // A partition that the position does not name was added after it.
  const starts = new Map(placesOf(topic, asked, from, 'from', 'earliest'))
  if (isPosition(from)) checkStrangers(asked, from)
  return { topic, starts, stops }
}

function partitionsAsked(
  topic: TopicMetadata,
  { partition, partitions, partitionOf }: FollowRequest
): readonly number[] {
  const { length } = topic.partitions
  if (partition !== undefined) {
    if (partition >= length) throw partitionNotFound(topic.name, partition, length)
    return [partition]
  }
  const asked = partitions ?? topic.partitions.map(each => each.partition)
  checkNumbers(topic, asked, 'partitions')
  if (partitionOf === undefined) return asked
  const own = partitionForKey(partitionOf, 0, partitionOf.length, length)
  if (asked.includes(own)) return [own]
  throw new GatewayError('INVALID_PARTITION', `The key belongs to partition ${own}, which partitions does not name.`)
}

function placesOf(
  topic: TopicMetadata,
  asked: readonly number[],
  of: Start | Position,
  where: string,
  unnamed: Start
): [number, Start][] {
  if (!isPosition(of)) return asked.map(each => [each, of])
  if (isOfAnother(topic, of)) throw positionOfAnotherTopic(topic.name)
  checkNumbers(topic, [...of.starts.keys()], where)
  return asked.map(each => [each, of.starts.get(each) ?? unnamed])
}

export function isPosition(of: Start | Position | undefined): of is Position {
  return typeof of === 'object' && 'starts' in of
}

/** Throws INVALID_OFFSET if the position names a partition that is not asked for. */
function checkStrangers(asked: readonly number[], from: Position): void {
  const stranger = [...from.starts.keys()].find(partition => !asked.includes(partition))
  if (stranger !== undefined)
    throw new GatewayError('INVALID_OFFSET', `from names partition ${stranger}, which is not one of those to read.`)
}

/** Whether the request can be about the topic as it is known here, which may be out of date. */
function fits(topic: TopicMetadata, { partition = -1, partitions = [], from, until }: FollowRequest): boolean {
  const positions = [from, until].filter(isPosition)
  const named = positions.flatMap(({ starts }) => [...starts.keys()])
  const highest = Math.max(partition, ...partitions, ...named)
  return highest < topic.partitions.length && !positions.some(position => isOfAnother(topic, position))
}

function isOfAnother(topic: TopicMetadata, { topicId }: Position): boolean {
  const known = idPrefix(topic)
  return topicId !== null && known !== null && topicId !== known
}

export function positionOfAnotherTopic(name: string): GatewayError {
  return new GatewayError(
    'POSITION_OF_ANOTHER_TOPIC',
    `The position belongs to a topic '${name}' that was deleted; the one of that name now is another.`
  )
}

function checkNumbers({ name, partitions }: TopicMetadata, asked: readonly number[], where: string): void {
  const missing = asked.find(partition => partition >= partitions.length)
  if (missing === undefined) return
  throw new GatewayError(
    'INVALID_PARTITION',
    `${where} names partition ${missing}, but topic '${name}' has ${partitions.length} partitions.`
  )
}
