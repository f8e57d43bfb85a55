import { jsonReply } from '../../http/answer.ts'
import type { Route } from '../../http/route.ts'
import type { Dialect } from './record-form.ts'

/** Release of Strimzi Kafka Bridge whose API this is. Its clients may ask for it. */
const BRIDGE_VERSION = '1.1.0'

const probe = {
  permission: 'public',
  kind: 'probe',
  body: { kind: 'ignored' },
  offers: ['application/json'],
  audit: null
} as const

/** Paths of {@link rootRoutes} and {@link probeRoutes}. */
export const ROOT = '/'
export const PROBES = ['/healthy', '/ready'] as const

/** Returns the routes of `/`. Probes ask Confluent's, so neither needs a token or Kafka. */
export function rootRoutes(dialect: Dialect): Route[] {
  const says = dialect === 'strimzi' ? { bridge_version: BRIDGE_VERSION } : {}
  const handle = () => jsonReply(200, says)
  return [
    { ...probe, method: 'GET', path: ROOT, handle },
    { ...probe, method: 'POST', path: ROOT, handle }
  ]
}

/** Returns the probes of Strimzi, which answer without a body. */
export function probeRoutes(ready: () => boolean): Route[] {
  const empty = Buffer.alloc(0)
  const [healthy, readiness] = PROBES
  return [
    { ...probe, method: 'GET', path: healthy, handle: () => ({ status: 200, body: empty }) },
    { ...probe, method: 'GET', path: readiness, handle: () => ({ status: ready() ? 200 : 500, body: empty }) }
  ]
}
