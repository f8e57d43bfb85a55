import { performance } from 'node:perf_hooks'
import type { Job, LoadResult } from './jobs.ts'
import { closedLoop, openLoop, resultOf } from './loops.ts'
import { lineSteps } from './produce-lines.ts'
import { RawClient } from './raw-client.ts'
import { type Step, stepOf } from './steps.ts'
import { tail } from './tail.ts'
import { consumeSteps } from './v2-consume.ts'

/** The load generator: a process of its own that takes a job by message, does it, and sends back what it measured. */
process.on('message', (job: Job) => {
  run(job).then(
    result => process.send?.({ result }),
    (error: unknown) => process.send?.({ error: String(error) })
  )
})

async function run(job: Job): Promise<LoadResult> {
  if (job.work.kind === 'tail') return tail(job)
  const { work, token, endpoint, connections } = job
  const connected = () => Promise.all(Array.from({ length: connections }, () => RawClient.connect(endpoint)))
  if (work.kind === 'v2-consume') {
    const clients = await connected()
    return measure(job, clients, await consumeSteps(work, token, endpoint, clients))
  }
  if (work.kind === 'produce-lines')
    return measure(job, await connected(), lineSteps(work, token, endpoint, connections))
  const step = await stepOf(work, token, endpoint, connections)
  return measure(job, await connected(), { step })
}

async function measure(
  job: Job,
  clients: readonly RawClient[],
  { step, end }: { readonly step: Step; readonly end?: () => unknown }
): Promise<LoadResult> {
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
  return resultOf(latenciesMs, total, seconds, user + system)
}
