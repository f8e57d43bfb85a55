import { performance } from 'node:perf_hooks'
import type { Job, LoadResult, Work } from './jobs.ts'
import { RawClient, type RawResponse } from './raw-client.ts'

/** The load generator: a process of its own that takes a job by message, does it, and sends back what it measured. */
/** So many reads for one whose records are looked at, which takes the generator far longer than the read itself. */
const READS_PER_LOOK = 100

type Step = (client: RawClient, connection: number) => Promise<{ records: number; bytes: number }>

process.on('message', (job: Job) => {
  run(job).then(
    result => process.send?.({ result }),
    (error: unknown) => process.send?.({ error: String(error) })
  )
})

async function run(job: Job): Promise<LoadResult> {
  const clients = await Promise.all(Array.from({ length: job.connections }, () => RawClient.connect(job.endpoint)))
  const step = stepOf(job.work, job.token, job.connections)
  const cpu = process.cpuUsage()
  const startMs = performance.now()
  const total = { records: 0, bytes: 0 }
  const latenciesMs =
    job.ratePerSecond === undefined
      ? await closedLoop(clients, job.seconds, step, total)
      : await openLoop(clients, job.seconds, job.ratePerSecond, step, total)
  const seconds = (performance.now() - startMs) / 1000
  const { user, system } = process.cpuUsage(cpu)
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

function stepOf(work: Work, token: string, connections: number): Step {
  if (work.kind === 'produce') {
    const request = requestBytes('POST', work.path, token, work.body)
    const bytes = Buffer.byteLength(work.body)
    return async client => {
      expectSuccess(await client.send(request))
      return { records: work.records, bytes }
    }
  }
  const path = (partition: number, offset: number) =>
    `/v1/consumer/topics/${work.topic}/partitions/${partition}/offsets/${offset}?count=${work.count}`
  let reads = 0
  /** Of a sample of the answers every record is looked at: each stands where it was asked for, and is what was stored. */
  const read = async (client: RawClient, partition: number, offset: number, query: string): Promise<RawResponse> => {
    const looked = reads++ % READS_PER_LOOK === 0
    const response = await client.send(requestBytes('GET', path(partition, offset) + query, token), looked)
    expectSuccess(response)
    if (looked) expectStored(response, offset, work.value)
    return response
  }
  if (work.kind === 'random') {
    return async client => {
      const partition = Math.floor(Math.random() * work.partitions)
      const offset = Math.floor(Math.random() * (work.end - work.count))
      const { bytes, nextOffset } = await read(client, partition, offset, '')
      if (nextOffset !== offset + work.count) throw new Error(`Asked for ${work.count} records: on to ${nextOffset}.`)
      return { records: work.count, bytes }
    }
  }
  const offsets = new Float64Array(connections)
  return async (client, connection) => {
    const from = offsets[connection]
    const { bytes, nextOffset } = await read(client, connection % work.partitions, from, work.query)
    offsets[connection] = nextOffset - from < work.count && bytes < 1_000_000 ? 0 : nextOffset
    return { records: nextOffset - from, bytes }
  }
}

function expectSuccess(response: RawResponse): RawResponse {
  if (response.status !== 200) throw new Error(`The answer was ${response.status}.`)
  return response
}

function expectStored({ body, nextOffset }: RawResponse, offset: number, value: string | undefined): void {
  const { records } = JSON.parse(String(body)) as { records: { offset: number; value: string }[] }
  const wrong = records.findIndex(
    (record, at) => record.offset !== offset + at || (value ?? record.value) !== record.value
  )
  if (wrong >= 0) throw new Error(`Record ${wrong} of a page from ${offset} on is not what was stored.`)
  if (nextOffset !== offset + records.length) throw new Error(`A page from ${offset} on has lost records.`)
}

function requestBytes(method: string, path: string, token: string, body?: string): Buffer {
  const content =
    body === undefined ? '' : `content-type: application/json\r\ncontent-length: ${Buffer.byteLength(body)}\r\n`
  return Buffer.from(
    `${method} ${path} HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer ${token}\r\n${content}\r\n${body ?? ''}`
  )
}
