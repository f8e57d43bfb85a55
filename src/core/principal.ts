import type { Deadline } from './deadline.ts'
import type { RequestTrace } from './tracing.ts'

/** What may be done with a topic. Each of `read`, `write`, `delete` and `alter` implies `describe`, as Kafka's do. */
export const operations = ['read', 'write', 'create', 'delete', 'describe', 'alter'] as const
export type Operation = (typeof operations)[number]

/** What permission is asked for: things in Kafka that have names. There is one cluster; its name is `kafka-cluster`. */
export type ResourceKind = 'topic' | 'consumerGroup' | 'cluster'

/** What one caller may do. */
export interface Access {
  allows(operation: Operation, kind: ResourceKind, name: string): boolean
}

/** Of callers without rules: everything with topics. What can do more harm than that needs a rule. */
export const accessWithoutRules: Access = Object.freeze({
  allows: (_operation: Operation, kind: ResourceKind) => kind === 'topic'
})

export const noAccess: Access = Object.freeze({ allows: () => false })

/** Who calls, as the token says, and what they may do. Frozen; shared by all requests that carry the same token. */
export interface Principal {
  /** `oid` for Entra ID, else `sub`, unless configured otherwise: stable, for the log and for permission. */
  readonly id: string
  readonly issuer: string
  /** The client application, when the token names one. */
  readonly clientId?: string
  /** True for a token got with client credentials (no user behind it); null where the token does not say. */
  readonly appOnly: boolean | null
  readonly access: Access
}

/** What every use case is handed besides its own arguments. */
export interface Call {
  readonly principal: Principal
  readonly deadline: Deadline
  /** Where requests are traced. */
  readonly trace?: RequestTrace | undefined
}

/** The caller where authentication is switched off (`auth.mode: none`). */
export const anonymous: Principal = Object.freeze({
  id: 'anonymous',
  issuer: '',
  appOnly: false,
  access: accessWithoutRules
})
