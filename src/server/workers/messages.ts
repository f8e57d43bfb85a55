import type { Parts } from '../../api/management/route.ts'
import type { Config } from '../../config/schema.ts'
import type { FamilySnapshot } from '../../telemetry/registry.ts'
import type { NamedTopics } from '../../telemetry/topic-counters.ts'

/** Message from the parent to a worker. */
export type Order =
  | { readonly kind: 'close' }
  /** Always first. Workers read no configuration themselves, so that all have the same. */
  | { readonly kind: 'configuration'; readonly config: Config }
  /** Replaces groups and rules by those of this configuration. */
  | { readonly kind: 'rules'; readonly config: Config }
  | { readonly kind: 'drain'; readonly draining: boolean }
  | { readonly kind: 'logLevel'; readonly level: Config['log']['level'] }
  | { readonly kind: 'report'; readonly id: number }
  | { readonly kind: 'topics'; readonly named: NamedTopics }

/** A worker's contribution to what the management listener answers for all. */
export interface Report {
  readonly ready: Parts
  readonly started: boolean
  readonly families: readonly FamilySnapshot[]
}

/** Message from a worker to the parent. */
export type Message =
  | { readonly kind: 'serving' }
  | { readonly kind: 'report'; readonly id: number; readonly report: Report }
  /** Asks whether this topic gets a counter of its own. */
  | { readonly kind: 'topic'; readonly topic: string }
