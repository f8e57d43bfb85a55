import { setTimeout as sleep } from 'node:timers/promises'
import type { Deadline } from '../../core/deadline.ts'
import { growingPauseMs } from '../../core/lib/growing-pause.ts'
import { ThrottledError } from './transport-error.ts'
import { throttled } from './unavailable.ts'

export interface RetryPauses {
  readonly firstMs: number
  /** The pause doubles up to this; it stays the same if left out. */
  readonly limitMs?: number
}

/**
 * Calls `attempt` until it returns something, with a pause after each `undefined`. Returns undefined if the deadline
 * would pass in the next pause. Waits as long as a broker that throttles asks for, and rejects with an `unreachable`
 * KafkaFailure at once if that is past the deadline. Any other rejection ends the attempts.
 */
export async function untilDeadline<T>(
  deadline: Deadline,
  { firstMs, limitMs = firstMs }: RetryPauses,
  attempt: () => Promise<T | undefined>
): Promise<T | undefined> {
  for (let failures = 0; ; failures++) {
    let waitMs = growingPauseMs(failures, firstMs, limitMs)
    try {
      const outcome = await attempt()
      if (outcome !== undefined) return outcome
    } catch (error) {
      if (!(error instanceof ThrottledError)) throw error
      if (error.waitMs >= deadline.remainingMs) throw throttled(error, error.waitMs)
      waitMs = Math.max(error.waitMs, waitMs)
    }
    if (deadline.remainingMs <= waitMs) return undefined
    await sleep(waitMs)
  }
}
