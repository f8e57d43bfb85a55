import { performance } from 'node:perf_hooks'
import type { Job, LoadResult } from './jobs.ts'
import { RawClient } from './raw-client.ts'
import { stepOf, type Step } from './steps.ts'
import { consumeSteps } from './v2-consume.ts'

/** The load generator: a process of its own that takes a job by message, does it, and sends back what it measured. */
process.on('message', (job: Job) => {
  run(job).then(
    result => process.send?.({ result }),
    (error: unknown) => process.send?.({ error: String(error) })
  )
})

async function run(job: Job): Promise<LoadResult> {
  const clients = await Promise.all(Array.from({ length: job.connections }, () => RawClient.connect(job.endpoint)))
  const { work, token } = job
  const { step, end } =
    work.kind === 'v2-consume'
      ? await consumeSteps(work, token, clients)
      : { step: await stepOf(work, token, clients), end: undefined }
  const cpu = process.cpuUsage()
  const startMs = performance.now()
  const total = { records: 0, bytes: 0 }
  const latenciesMs =
    job.ratePerSecond === undefined
      ? await closedLoop(clients, job.seconds, step, total)
      : await openLoop(clients, job.seconds, job.ratePerSecond, step, total)
  const seconds = (performance.now() - startMs) / 1000
  const { user, system } = process.cpuUsage(cpu)
  await end?.()
  for (const client of clients) client.close()
  latenciesMs.sort((one, other) => one - other)
  const quantile = (share: number) => latenciesMs[Math.floor(latenciesMs.length * share)] ?? Number.NaN
  return {
    requests: latenciesMs.length,
    ...total,
    seconds,
    cpuUs: user + system,
    p50Ms: quantile(0.5),
    p99Ms: quantile(0.99),
    p999Ms: quantile(0.999)
  }
}

interface Total {
  records: number
  bytes: number
}

async function closedLoop(clients: readonly RawClient[], seconds: number, step: Step, total: Total): Promise<number[]> {
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
async function openLoop(
  clients: readonly RawClient[],
  seconds: number,
  ratePerSecond: number,
  step: Step,
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
      step(slot.client, slot.connection).then(
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
