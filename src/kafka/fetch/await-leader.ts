import type { Deadline } from '../../core/deadline.ts'
import { TransportError } from '../transport/transport-error.ts'

/** Takes one answer or error; later ones are ignored. */
export interface Reader<T> {
  resolve(answer: T): void
  reject(error: Error): void
}

/** A broker that has not answered by then may be frozen, and others may lead its partitions by now. */
const SUSPICIOUS_MS = 1000

/**
 * Resolves with the leader's answer to `ask`. While there is none, asks `leaderNow` once a second, and rejects with a
 * TransportError if that is another broker or none: a read can be repeated anywhere. Rejects with what `late` makes at the
 * deadline.
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
