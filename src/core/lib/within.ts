import type { Deadline } from '../deadline.ts'

/** The outcome of `work`, or a rejection with what `late` makes when the deadline passes first; `work` then goes on unwatched. */
export async function within<T>(deadline: Deadline, work: Promise<T>, late: () => Error): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const expiry = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(late()), deadline.remainingMs)
  })
  try {
    return await Promise.race([work, expiry])
  } finally {
    clearTimeout(timer)
  }
}
