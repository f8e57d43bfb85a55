import { GatewayError } from '../../core/errors.ts'
import type { Principal } from '../../core/principal.ts'

export function mayRead({ access }: Principal, topic: string): boolean {
  return access.allows('read', 'topic', topic)
}

/** Throws NOT_PERMITTED for the first topic that the caller may not read. */
export function requireRead(principal: Principal, topics: Iterable<string>): void {
  for (const topic of topics) {
    if (mayRead(principal, topic)) continue
    throw new GatewayError('NOT_PERMITTED', `The caller may not read topic '${topic}'.`, {
      detail: `principal ${principal.id}`
    })
  }
}
