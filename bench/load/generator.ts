import { performance } from 'node:perf_hooks'
import type { Job, LoadResult } from './jobs.ts'
import { closedLoop, openLoop, resultOf } from './loops.ts'
import { lineSteps } from './produce-lines.ts'
import { RawClient } from './raw-client.ts'
import { stepOf } from './steps.ts'
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
  const clients = await Promise.all(Array.from({ length: job.connections }, () => RawClient.connect(job.endpoint)))
  const { work, token } = job
  const { step, end } =
    work.kind === 'v2-consume'
      ? await consumeSteps(work, token, job.endpoint, clients)
      : work.kind === 'produce-lines'
        ? lineSteps(work, token, job.endpoint, job.connections)
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
  return resultOf(latenciesMs, total, seconds, user + system)
}
