import { GatewayError } from '../../core/errors.ts'
import { topicNotFound } from '../../gateway/topic-access.ts'
import type { Resource } from '../../http/call.ts'
import { INT32_LIMIT, TOPIC_CHARACTERS } from '../../http/limits.ts'

const LEGAL_CHARACTERS = /^[a-zA-Z0-9._-]+$/
const DIGITS = /^\d{1,16}$/

/** A topic that should exist. Callers who may not see it get the error for one that does not. */
export const topic: Resource = {
  kind: 'topic',
  nameIn: params => topicName(params.topic),
  missing: topicNotFound
}

/** A topic to create. It has no error of its own, because not to exist is what is expected of it. */
export const newTopic: Resource = { kind: 'topic', nameIn: params => newTopicName(params.topic) }

/** Applies Kafka's own rule. */
function isLegalTopic(topic: string): boolean {
  return topic.length <= TOPIC_CHARACTERS && LEGAL_CHARACTERS.test(topic) && topic !== '.' && topic !== '..'
}

/** Returns the name of a topic to create. Throws INVALID_TOPIC_NAME. */
export function newTopicName(topic: string): string {
  if (isLegalTopic(topic)) return topic
  throw new GatewayError(
    'INVALID_TOPIC_NAME',
    `A topic name has 1 to ${TOPIC_CHARACTERS} characters of a-z, A-Z, 0-9, dot, underscore and hyphen, and is neither . nor ...`
  )
}

/** Returns the name of a topic that should exist. Throws TOPIC_NOT_FOUND for a name that no topic can have. */
export function topicName(topic: string): string {
  if (isLegalTopic(topic)) return topic
  throw new GatewayError('TOPIC_NOT_FOUND', 'A topic of this name cannot exist.')
}

export function partitionNumber(text: string): number {
  const partition = wholeNumber(text)
  if (partition >= 0 && partition <= INT32_LIMIT) return partition
  throw new GatewayError('INVALID_PARTITION', `The partition must be a whole number from 0 to ${INT32_LIMIT}.`)
}

/** Returns the number that up to 16 digits write; −1 for any other text. */
export function wholeNumber(text: string): number {
  return DIGITS.test(text) ? Number(text) : -1
}
