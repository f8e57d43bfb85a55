import { GatewayError } from '../core/errors.ts'

/** Kafka's own topics; known by name too, so that a stale or missing flag in metadata opens none of them. */
const INTERNAL_TOPICS: ReadonlySet<string> = new Set([
  '__consumer_offsets',
  '__transaction_state',
  '__share_group_state'
])

export function isInternalTopic(name: string): boolean {
  return INTERNAL_TOPICS.has(name)
}

/** Throws INTERNAL_TOPIC for Kafka's own topics. */
export function refuseInternal(name: string): void {
  if (isInternalTopic(name)) throw new GatewayError('INTERNAL_TOPIC', `Topic '${name}' is internal to Kafka.`)
}

export function topicNotFound(name: string): GatewayError {
  return new GatewayError('TOPIC_NOT_FOUND', `Topic '${name}' does not exist.`)
}

export function partitionNotFound(name: string, partition: number, count: number): GatewayError {
  return new GatewayError('PARTITION_NOT_FOUND', `Topic '${name}' has no partition ${partition}; it has ${count}.`)
}
