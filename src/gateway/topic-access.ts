import { GatewayError } from '../core/errors.ts'

/** Kafka's own topics. Kafka flags not all of them as internal, and none before it exists, so their names stand here too. */
const INTERNAL_TOPICS: ReadonlySet<string> = new Set([
  '__consumer_offsets',
  '__transaction_state',
  '__share_group_state',
  // Tiered storage (KIP-405): a writer to it could remove all remote segments.
  '__remote_log_metadata'
])

export function isInternalTopic(name: string): boolean {
  return INTERNAL_TOPICS.has(name)
}

/** Throws INTERNAL_TOPIC for Kafka's own topics, known by name or by Kafka's flag in the metadata. */
export function refuseInternal(name: string, metadata?: { readonly isInternal: boolean }): void {
  if (metadata?.isInternal === true || isInternalTopic(name))
    throw new GatewayError('INTERNAL_TOPIC', `Topic '${name}' is internal to Kafka.`)
}

export function topicNotFound(name: string): GatewayError {
  return new GatewayError('TOPIC_NOT_FOUND', `Topic '${name}' does not exist.`)
}

export function partitionNotFound(name: string, partition: number, count: number): GatewayError {
  return new GatewayError('PARTITION_NOT_FOUND', `Topic '${name}' has no partition ${partition}; it has ${count}.`)
}
