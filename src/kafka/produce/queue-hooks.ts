import type { Batch } from './batch.ts'
import type { ProducerSession } from './producer-sessions.ts'
import type { Slice } from './submission.ts'

/** What a partition's queue leaves to others. */
export interface QueueHooks {
  /** Encodes slices under a session and a sequence; null when that failed (the hook has settled the slices). */
  form(slices: readonly Slice[], session: ProducerSession, sequence: number): Batch | null
  /** The session after one in which a batch was given up; null until a new producer id has come. */
  renew(session: ProducerSession): ProducerSession | null
  /** Slices for the next batch, removed from the front of `waiting`. */
  cut(waiting: Slice[]): Slice[]
}
