import { Deadline } from '../../core/deadline.ts'
import { within } from '../../core/lib/within.ts'
import { TransportError } from '../transport/transport-error.ts'

/** Brokers answer a read sooner as a rule; one that does not may be frozen, and its partitions led by others by now. */
const SUSPICIOUS_MS = 1000

/**
 * The leader's answer. While there is none, `leaderNow` is asked once a second, and when that is another broker, or none,
 * the wait ends with a TransportError: a read may be asked again anywhere. At the deadline with what `late` makes.
 */
export async function awaitLeader<T>(
  answer: Promise<T>,
  leader: number,
  leaderNow: (deadline: Deadline) => Promise<number>,
  deadline: Deadline,
  late: () => Error
): Promise<T> {
  for (;;) {
    const patience = Deadline.after(Math.min(SUSPICIOUS_MS, deadline.remainingMs))
    try {
      return await within(patience, answer, () => new Silence())
    } catch (error) {
      if (!(error instanceof Silence)) throw error
    }
    if (deadline.passed) throw late()
    const now = await leaderNow(deadline).catch(() => leader)
    if (now !== leader) throw new TransportError(`broker ${leader} does not answer, and leads no more`, true)
  }
}

class Silence extends Error {}
