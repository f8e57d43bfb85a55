import { setTimeout as sleep } from 'node:timers/promises'
import { Client, type Target } from './client.ts'

/** How a client that does nothing wrong fares: one small produce after the other. */
export interface Fared {
  readonly statuses: readonly number[]
  readonly medianMs: number
  readonly longestMs: number
}

/** Sends while `during` goes on, and at least `least` requests. */
export async function wellBehaved(target: Target, topic: string, during: Promise<unknown>, least = 20): Promise<Fared> {
  const client = new Client(target)
  const statuses: number[] = []
  const times: number[] = []
  const over = new AbortController()
  void during.finally(() => over.abort())
  while (!over.signal.aborted || statuses.length < least) {
    const { status, tookMs } = await client.request(
      'POST',
      `/v1/producer/topics/${topic}`,
      '{"records":[{"value":"x"}]}'
    )
    statuses.push(status)
    times.push(tookMs)
    await sleep(10)
  }
  client.close()
  times.sort((one, other) => one - other)
  return { statuses, medianMs: times[times.length >> 1], longestMs: times.at(-1) ?? 0 }
}
