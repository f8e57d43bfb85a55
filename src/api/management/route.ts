import type { Config } from '../../config/schema.ts'
import type { RouteOf } from '../../http/route.ts'

export const LOG_LEVELS = ['fatal', 'error', 'warn', 'info', 'debug', 'trace'] as const satisfies readonly LogLevel[]
export type LogLevel = Config['log']['level']

/** For each part `true` if it is well, else `false` or the reason, without addresses and secrets, because anyone may ask. */
export type Parts = Readonly<Record<string, boolean | string>>

/** What the routes report and control. `caller` is the address that a request came from. */
export interface ManagementUseCases {
  readonly metrics: (exposition: 'prometheus' | 'openmetrics') => string | Promise<string>
  /** Parts that must be well for the gateway to be ready. */
  readonly ready: () => Parts | Promise<Parts>
  /** Whether Kafka and the identity provider have been asked once, whatever they said. */
  readonly started: () => boolean | Promise<boolean>
  readonly setLogLevel: (level: LogLevel, caller: string) => void
  /** While draining, readiness says no and everything else is served. */
  readonly drain: (draining: boolean, caller: string) => void
}

export type ManagementRoute = RouteOf<ManagementUseCases>

/** What all routes have in common: they are for whoever has the token, and leave no trace in the audit log. */
export const operator = {
  permission: 'caller',
  body: { kind: 'ignored' },
  offers: ['application/json'],
  audit: null
} as const satisfies Partial<ManagementRoute>
