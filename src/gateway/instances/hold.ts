import { performance } from 'node:perf_hooks'
import type { Deadline } from '../../core/deadline.ts'
import type { GroupMember } from '../../kafka/groups/group-member.ts'
import { isTrouble } from './failures.ts'

/** No coordinator dies and is replaced, or started again, in less; one that only moves says so. */
const FRESH_FOR_MS = 1000

/**
 * How sure this process is of positions that it keeps. From Kafka 2.7 on the coordinator fences whoever does not hold a member.
 * Before, one that takes the group up takes a former holder for the holder again, although another process may have served the
 * instance since (KAFKA-10284).
 */
export class Hold {
  /** False before Kafka 2.7. */
  takeoversLast = true
  #moves = 0
  #freshAtMs = -Infinity

  get isSure(): boolean {
    return this.takeoversLast || performance.now() - this.#freshAtMs <= FRESH_FOR_MS
  }

  /** Positions were read, or written. */
  refreshed(): void {
    this.#freshAtMs = performance.now()
  }

  /** The coordinator has moved, or may have. */
  moved(): void {
    this.#moves++
  }

  /** Returns a function that tells whether what is known now is still to be believed. `isHeld`: positions that are kept now. */
  validity(isHeld = true): () => boolean {
    const moves = this.#moves
    return () => this.takeoversLast || (isHeld && this.#moves === moves)
  }
}

/** Asks the coordinator. False if the member has to join again. Rejects once it has ended. */
export async function isHeldStill(member: GroupMember, deadline: Deadline): Promise<boolean> {
  try {
    await member.heartbeat(deadline)
    return true
  } catch (error) {
    if (!isTrouble(error, 'rebalancing')) throw error
    return false
  }
}
