import { performance } from 'node:perf_hooks'
import type { LoadResult } from './jobs.ts'
import type { RawClient } from './raw-client.ts'
import type { Step } from './steps.ts'

/** A {@link Step} that is told when it was due, by the clock of `performance`. */
export type TimedStep = (...step: [...Parameters<Step>, dueMs: number]) => ReturnType<Step>

export interface Total {
  records: number
  bytes: number
}

export async function closedLoop(
  clients: readonly RawClient[],
  seconds: number,
  step: Step,
  total: Total
): Promise<number[]> {
  const latenciesMs: number[] = []
  const endMs = performance.now() + seconds * 1000
  await Promise.all(
    clients.map(async (client, connection) => {
      for (let sentMs = performance.now(); sentMs < endMs;) {
        const { records, bytes } = await step(client, connection)
        const nowMs = performance.now()
        latenciesMs.push(nowMs - sentMs)
        sentMs = nowMs
        total.records += records
        total.bytes += bytes
      }
    })
  )
  return latenciesMs
}

/** Latency counts from when a request was due, so that a server that stalls cannot hide it by slowing the clients. */
export async function openLoop(
  clients: readonly RawClient[],
  seconds: number,
  ratePerSecond: number,
  step: TimedStep,
  total: Total
): Promise<number[]> {
  const latenciesMs: number[] = []
  const free = clients.map((client, connection) => ({ client, connection }))
  const due: number[] = []
  let underWay = 0
  let failure: unknown
  const startMs = performance.now()
  const endMs = startMs + seconds * 1000
  let issued = 0
  const serve = () => {
    while (due.length > 0 && free.length > 0) {
      const dueMs = due.shift() ?? 0
      const slot = free.pop() ?? free[0]
      underWay++
      step(slot.client, slot.connection, dueMs).then(
        ({ records, bytes }) => {
          latenciesMs.push(performance.now() - dueMs)
          total.records += records
          total.bytes += bytes
          underWay--
          free.push(slot)
          serve()
        },
        (error: unknown) => {
          failure ??= error
          underWay--
        }
      )
    }
  }
  await new Promise<void>(resolve => {
    const timer = setInterval(() => {
      const nowMs = performance.now()
      for (const until = Math.min(nowMs, endMs); startMs + (issued * 1000) / ratePerSecond <= until; issued++)
        due.push(startMs + (issued * 1000) / ratePerSecond)
      serve()
      if (failure !== undefined || (nowMs >= endMs && underWay === 0 && due.length === 0)) {
        clearInterval(timer)
        resolve()
      }
    }, 1)
  })
  if (failure !== undefined) throw failure
  return latenciesMs
}

export function resultOf(latenciesMs: number[], total: Total, seconds: number, cpuUs: number): LoadResult {
  latenciesMs.sort((one, other) => one - other)
  const quantile = (share: number) => latenciesMs[Math.floor(latenciesMs.length * share)] ?? Number.NaN
  return {
    requests: latenciesMs.length,
    ...total,
    seconds,
    cpuUs,
    p50Ms: quantile(0.5),
    p99Ms: quantile(0.99),
    p999Ms: quantile(0.999)
  }
}
