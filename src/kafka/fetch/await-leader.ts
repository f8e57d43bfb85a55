import type { Deadline } from '../../core/deadline.ts'
import { TransportError } from '../transport/transport-error.ts'

/** Where an answer goes, one way or the other; what comes later is ignored. */
export interface Reader<T> {
  resolve(answer: T): void
  reject(error: Error): void
}

/** Brokers answer a read sooner as a rule; one that does not may be frozen, and its partitions led by others by now. */
const SUSPICIOUS_MS = 1000

/**
 * The leader's answer to what `ask` asks of it. While there is none, `leaderNow` is asked once a second, and when that is
 * another broker, or none, the wait ends with a TransportError: a read may be asked again anywhere. At the deadline with what
 * `late` makes.
 */
export function awaitLeader<T>(
  ask: (reader: Reader<T>) => void,
  leader: number,
  leaderNow: (deadline: Deadline) => Promise<number>,
  deadline: Deadline,
  late: () => Error
): Promise<T> {
  // One promise and one timer: each read passes here.
  return new Promise((resolve, reject) => {
    let settled = false
    let timer: NodeJS.Timeout | undefined
    const settle = () => {
      settled = true
      clearTimeout(timer)
    }
    const fail = (error: Error) => {
      settle()
      reject(error)
    }
    const wait = () => {
      timer = setTimeout(() => void suspect(), Math.min(SUSPICIOUS_MS, deadline.remainingMs))
    }
    const suspect = async () => {
      if (deadline.passed) return fail(late())
      const now = await leaderNow(deadline).catch(() => leader)
      if (settled) return
      if (now !== leader) fail(new TransportError(`broker ${leader} does not answer, and leads no more`, true))
      else wait()
    }
    wait()
    ask({
      resolve(answer) {
        settle()
        resolve(answer)
      },
      reject: fail
    })
  })
}
