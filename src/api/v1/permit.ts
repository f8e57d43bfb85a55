import { GatewayError } from '../../core/errors.ts'
import type { Operation, TopicAccess } from '../../core/principal.ts'
import { topicNotFound } from '../../gateway/topic-access.ts'
import type { Exchange } from '../../http/exchange.ts'

/** What the caller may do; asked before any cache and before Kafka. */
export function accessOf({ principal }: Exchange): TopicAccess {
  if (principal === undefined) throw new Error('A route was reached without admission')
  return principal.access
}

/**
 * Throws NOT_PERMITTED, or, where the caller may not even see the topic, what is said of one that does not exist. Whether
 * it exists is not asked, so neither text nor time tells.
 */
export function permit(exchange: Exchange, operation: Exclude<Operation, 'create'>, topic: string): void {
  const access = accessOf(exchange)
  if (access.allows(operation, topic)) return
  if (!access.allows('describe', topic))
    throw new GatewayError('TOPIC_NOT_FOUND', topicNotFound(topic).message, { hides: true })
  throw notPermitted(exchange, operation, topic)
}

/** Throws NOT_PERMITTED whether or not there is such a topic: to say 404 of a topic to be created would mean nothing. */
export function permitCreation(exchange: Exchange, topic: string): void {
  if (!accessOf(exchange).allows('create', topic)) throw notPermitted(exchange, 'create', topic)
}

function notPermitted({ principal }: Exchange, operation: Operation, topic: string): GatewayError {
  return new GatewayError('NOT_PERMITTED', `The caller may not ${operation} topic '${topic}'.`, {
    detail: `principal ${principal?.id}`
  })
}
