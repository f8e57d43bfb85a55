import type { Deadline } from '../deadline.ts'

/** Waits for `work`. Rejects with what `late` returns if the deadline passes first; `work` goes on, its outcome ignored. */
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
