import { GatewayError } from '../../core/errors.ts'
import type { Call } from '../../core/principal.ts'
import type { MetadataCache } from '../../kafka/metadata/metadata-cache.ts'
import type { TopicMetadata } from '../../kafka/metadata/topic-metadata.ts'
import type { FollowRequest, Position, Start } from '../gateway.ts'
import { refuseInternal, topicNotFound } from '../topic-access.ts'

export type FollowMetadata = Pick<MetadataCache, 'peek' | 'topic' | 'refresh'>

/** A topic, and where to begin in each of its partitions that are asked for. */
export interface FollowStart {
  readonly topic: TopicMetadata
  readonly starts: Map<number, Start>
}

const ID_CHARACTERS = 8

/** Returns the characters by which a position names its topic; null if the cluster has no topic ids. */
export function idPrefix({ id }: TopicMetadata): string | null {
  return id === null ? null : id.toString('base64url').slice(0, ID_CHARACTERS)
}

/** Throws TOPIC_NOT_FOUND, INTERNAL_TOPIC, INVALID_PARTITION, INVALID_OFFSET, POSITION_OF_ANOTHER_TOPIC. */
export async function followStart(
  metadata: FollowMetadata,
  { deadline }: Call,
  request: FollowRequest
): Promise<FollowStart> {
  const { topic: name, partitions, from } = request
  refuseInternal(name)
  const known = metadata.peek(name) ?? (await metadata.topic(name, deadline))
  const topic = known !== null && fits(known, request) ? known : await metadata.refresh(name, deadline)
  if (topic === null) throw topicNotFound(name)
  refuseInternal(name, topic)
  const asked = partitions ?? topic.partitions.map(({ partition }) => partition)
  checkNumbers(topic, asked, 'partitions')
  if (typeof from !== 'object' || !('starts' in from))
    return { topic, starts: new Map(asked.map(each => [each, from])) }
  checkTopic(topic, from)
  checkNumbers(topic, [...from.starts.keys()], 'from')
  const stranger = [...from.starts.keys()].find(partition => !asked.includes(partition))
  if (stranger !== undefined)
    throw new GatewayError('INVALID_OFFSET', `from names partition ${stranger}, which partitions does not.`)
  // A partition that the position does not name was added after it.
  return { topic, starts: new Map(asked.map(each => [each, from.starts.get(each) ?? 'earliest'])) }
}

/** Whether the request can be about the topic as it is known here, which may be out of date. */
function fits(topic: TopicMetadata, { partitions = [], from }: FollowRequest): boolean {
  const position = typeof from === 'object' && 'starts' in from ? from : undefined
  const highest = Math.max(-1, ...partitions, ...(position?.starts.keys() ?? []))
  return highest < topic.partitions.length && (position === undefined || !isOfAnother(topic, position))
}

function isOfAnother(topic: TopicMetadata, { topicId }: Position): boolean {
  const known = idPrefix(topic)
  return topicId !== null && known !== null && topicId !== known
}

function checkTopic(topic: TopicMetadata, position: Position): void {
  if (isOfAnother(topic, position)) throw positionOfAnotherTopic(topic.name)
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
