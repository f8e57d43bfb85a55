import { Agent, request } from 'node:http'

export interface Load {
  readonly url: string
  readonly token: string
  readonly connections: number
  readonly seconds: number
}

export interface LoadResult {
  readonly requests: number
  readonly records: number
  readonly bytes: number
  readonly seconds: number
  readonly p50Ms: number
  readonly p99Ms: number
}

interface Answer {
  readonly nextOffset: number
  readonly bytes: number
}

function send(agent: Agent, url: string, token: string, body?: Buffer): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const headers = {
      authorization: `Bearer ${token}`,
      ...(body === undefined ? {} : { 'content-type': 'application/json', 'content-length': body.length })
    }
    const sent = request(url, { agent, method: body === undefined ? 'GET' : 'POST', headers }, response => {
      let bytes = 0
      response.on('data', (chunk: Buffer) => (bytes += chunk.length))
      response.on('end', () => {
        if (response.statusCode === 200) resolve({ nextOffset: Number(response.headers.nextoffset), bytes })
        else reject(new Error(`${url} answered ${response.statusCode}`))
      })
    })
    sent.on('error', reject)
    sent.end(body)
  })
}

async function drive(
  load: Load,
  step: (agent: Agent, connection: number) => Promise<{ records: number; bytes: number }>
): Promise<LoadResult> {
  const agent = new Agent({ keepAlive: true, maxSockets: load.connections })
  const latenciesMs: number[] = []
  const total = { records: 0, bytes: 0 }
  const startMs = performance.now()
  const endMs = startMs + load.seconds * 1000
  await Promise.all(
    Array.from({ length: load.connections }, async (_, connection) => {
      while (performance.now() < endMs) {
        const sentMs = performance.now()
        const { records, bytes } = await step(agent, connection)
        latenciesMs.push(performance.now() - sentMs)
        total.records += records
        total.bytes += bytes
      }
    })
  )
  const seconds = (performance.now() - startMs) / 1000
  agent.destroy()
  latenciesMs.sort((one, other) => one - other)
  const quantile = (share: number) => latenciesMs[Math.floor(latenciesMs.length * share)]
  return { requests: latenciesMs.length, ...total, seconds, p50Ms: quantile(0.5), p99Ms: quantile(0.99) }
}

/** The same body over and over on some connections. */
export function produceLoad(load: Load, topic: string, body: Buffer, recordsPerRequest: number): Promise<LoadResult> {
  const url = `${load.url}/v1/producer/topics/${topic}`
  return drive(load, async agent => {
    await send(agent, url, load.token, body)
    return { records: recordsPerRequest, bytes: body.length }
  })
}

/** Each connection follows NextOffset through one partition, from the start again at its end. */
export function consumeLoad(load: Load, topic: string, partitions: number, count: number): Promise<LoadResult> {
  const offsets = new Float64Array(load.connections)
  return drive(load, async (agent, connection) => {
    const path = `/v1/consumer/topics/${topic}/partitions/${connection % partitions}/offsets/${offsets[connection]}?count=${count}`
    const { nextOffset, bytes } = await send(agent, load.url + path, load.token)
    const records = nextOffset - offsets[connection]
    offsets[connection] = records < count ? 0 : nextOffset
    return { records, bytes }
  })
}
