import { GatewayError } from '../core/errors.ts'

/**
 * Kafka's own topics. Their names are known here too, because Kafka flags neither all of them as internal nor any before
 * it has created it.
 */
const INTERNAL_TOPICS: ReadonlySet<string> = new Set([
  '__consumer_offsets',
  '__transaction_state',
  '__share_group_state',
  // Of tiered storage (KIP-405): whoever writes to it can take all remote segments away.
  '__remote_log_metadata'
])

export function isInternalTopic(name: string): boolean {
  return INTERNAL_TOPICS.has(name)
}

/** Throws INTERNAL_TOPIC for Kafka's own topics: those known by name, and what Kafka flags in the metadata. */
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
