import type { Log } from '../../core/log.ts'
import type { Reads } from '../../kafka/fetch/reads.ts'
import type { Groups } from '../../kafka/groups/groups.ts'
import type { MetadataCache } from '../../kafka/metadata/metadata-cache.ts'
import type { GroupMemory } from './group-memory.ts'

/** How instances are kept. */
export interface ConsumersOptions {
  /** An instance whose gateway has crashed is kept by Kafka for so long. */
  readonly sessionTimeoutMs: number
  /** An instance that is not called for so long ends. */
  readonly instanceTimeoutMs: number
  /** Largest user data of a member. */
  readonly userDataBytes: number
  /** Of keys and values, in a poll that does not say. */
  readonly pollBytes: number
  /** Held by this process. */
  readonly instances: number
  /** Polls that wait in this process at a time. */
  readonly waits: number
  /** Longest wait of a poll. */
  readonly waitMs: number
}

/** What happens to instances, for the metrics. */
export interface InstancesMeter {
  tookOver(): void
  rebalanced(): void
}

/** What everything in this folder needs. */
export interface InstancesContext {
  readonly groups: Pick<
    Groups,
    | 'describe'
    | 'committed'
    | 'commit'
    | 'remove'
    | 'member'
    | 'held'
    | 'rebalancing'
    | 'takeoversLast'
    | 'onCoordinatorMoved'
  >
  readonly reads: Pick<Reads, 'starts' | 'readMany' | 'wait'>
  readonly metadata: Pick<MetadataCache, 'peek' | 'topic' | 'refresh' | 'everything'>
  readonly memory: GroupMemory
  readonly options: ConsumersOptions
  readonly meter: InstancesMeter
  /** Returns milliseconds since 1970. */
  readonly nowMs: () => number
  readonly log: Log
}
