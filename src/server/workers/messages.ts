import type { Config } from '../../config/schema.ts'
import type { Parts } from '../../http/management/server.ts'
import type { FamilySnapshot } from '../../telemetry/registry.ts'
import type { NamedTopics } from '../../telemetry/topic-counters.ts'

/** What the parent tells its workers. */
export type Order =
  | { readonly kind: 'close' }
  /** The first order: a worker reads no configuration itself, so that all of them have the same. */
  | { readonly kind: 'configuration'; readonly config: Config }
  /** Its groups and rules replace those in force. */
  | { readonly kind: 'rules'; readonly config: Config }
  | { readonly kind: 'drain'; readonly draining: boolean }
  | { readonly kind: 'logLevel'; readonly level: Config['log']['level'] }
  | { readonly kind: 'report'; readonly id: number }
  | { readonly kind: 'topics'; readonly named: NamedTopics }

/** What a worker tells of itself for the management listener, which answers for all. */
export interface Report {
  readonly ready: Parts
  readonly started: boolean
  readonly families: readonly FamilySnapshot[]
}

/** What a worker tells its parent. */
export type Message =
  | { readonly kind: 'serving' }
  | { readonly kind: 'report'; readonly id: number; readonly report: Report }
  /** It counts records of this topic: may it name it? */
  | { readonly kind: 'topic'; readonly topic: string }
