import { GatewayError } from '../../core/errors.ts'
import { topicNotFound } from '../../gateway/topic-access.ts'
import type { Resource } from '../../http/call.ts'
import { INT32_LIMIT, TOPIC_CHARACTERS } from '../../http/limits.ts'

const LEGAL_CHARACTERS = /^[a-zA-Z0-9._-]+$/
const DIGITS = /^\d{1,16}$/
/** A number that may be too large to be exact. */
const MORE_DIGITS = /^[1-9]\d{15,18}$/
/** Kafka's offsets have 64 bits. */
const OFFSET_LIMIT = 2n ** 63n - 1n

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

/** Returns a bigint for an offset that a number cannot hold exactly. */
export function startOffset(text: string): number | bigint | 'earliest' | 'latest' {
  if (text === 'earliest' || text === 'latest') return text
  const offset = wholeNumber(text)
  if (offset >= 0 && Number.isSafeInteger(offset)) return offset
  if (MORE_DIGITS.test(text) && BigInt(text) <= OFFSET_LIMIT) return BigInt(text)
  throw new GatewayError(
    'INVALID_OFFSET',
    `The offset must be a whole number from 0 to ${OFFSET_LIMIT}, or earliest, or latest.`
  )
}

/** Returns the number that up to 16 digits write; −1 for any other text. */
export function wholeNumber(text: string): number {
  return DIGITS.test(text) ? Number(text) : -1
}
