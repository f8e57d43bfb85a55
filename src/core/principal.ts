import type { Deadline } from './deadline.ts'
import type { CallerIdentity } from './kafka-identity.ts'
import type { RequestTrace } from './tracing.ts'

/** Operations on a topic. `read`, `write`, `delete` and `alter` imply `describe`, as in Kafka. */
export const operations = ['read', 'write', 'create', 'delete', 'describe', 'alter'] as const
export type Operation = (typeof operations)[number]

/** Kinds of named resources in Kafka that need a permission. The one cluster is called `kafka-cluster`. */
export type ResourceKind = 'topic' | 'consumerGroup' | 'cluster'

/** What one caller may do. */
export interface Access {
  allows(operation: Operation, kind: ResourceKind, name: string): boolean
}

/**
 * Access of callers when there are no rules: everything on topics, and to read and describe consumer groups. What changes
 * groups otherwise, and the cluster, needs a rule.
 */
export const accessWithoutRules: Access = Object.freeze({
  allows: (operation: Operation, kind: ResourceKind) =>
    kind === 'topic' || (kind === 'consumerGroup' && (operation === 'read' || operation === 'describe'))
})

/** Access of callers who are judged by Kafka's own ACLs alone. */
export const accessByKafka: Access = Object.freeze({ allows: () => true })

export const noAccess: Access = Object.freeze({ allows: () => false })

/** The caller, as the token says, and what they may do. Frozen; shared by all requests with the same token. */
export interface Principal {
  /** By default `oid` (Entra ID), else `sub`: stable, for logs and rules. */
  readonly id: string
  readonly issuer: string
  /** The client application, if the token names one. */
  readonly clientId?: string
  /** Whether the token was issued by client credentials, without a user; null if it does not say. */
  readonly appOnly: boolean | null
  readonly access: Access
  /** What Kafka is shown for this caller, with `kafka.identity: caller`; undefined if there is nothing. */
  readonly kafka?: CallerIdentity
}

/** The context that every use case gets beside its arguments. */
export interface Call {
  readonly principal: Principal
  readonly deadline: Deadline
  /** Set if the request is traced. */
  readonly trace?: RequestTrace | undefined
}

/** The caller if authentication is off (`auth.mode: none`). */
export const anonymous: Principal = Object.freeze({
  id: 'anonymous',
  issuer: '',
  appOnly: false,
  access: accessWithoutRules
})
