import { GatewayError } from '../core/errors.ts'
import type { Operation, Principal, ResourceKind } from '../core/principal.ts'
import type { Resource } from './call.ts'

const WORDS: Readonly<Record<ResourceKind, string>> = {
  topic: 'topic',
  consumerGroup: 'consumer group',
  cluster: 'cluster'
}

/**
 * Throws NOT_PERMITTED. If the caller may not even see the resource, throws the error for one that does not exist: Kafka is
 * not asked, so neither text nor time reveals whether it exists.
 */
export function requirePermission(principal: Principal, operation: Operation, resource: Resource, name: string): void {
  const { access, id } = principal
  const { kind } = resource
  if (access.allows(operation, kind, name)) return
  if (resource.missing !== undefined && !access.allows('describe', kind, name)) {
    const { code, message } = resource.missing(name)
    throw new GatewayError(code, message, { hides: true })
  }
  throw new GatewayError('NOT_PERMITTED', `The caller may not ${operation} ${WORDS[kind]} '${name}'.`, {
    detail: `principal ${id}`
  })
}
