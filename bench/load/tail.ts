import { connect as connectTcp, type Socket } from 'node:net'
import { performance } from 'node:perf_hooks'
import { connect as connectTls } from 'node:tls'
import type { Job, LoadResult, Work } from './jobs.ts'
import { openLoop, resultOf, type Total } from './loops.ts'
import { RawClient, type Endpoint } from './raw-client.ts'
import { expectSuccess, requestBytes } from './requests.ts'

type Tail = Extract<Work, { kind: 'tail' }>

const WRITERS = 50
const RECORD_BYTES = 100
/** Stands in front of the time at which a record was due, in microseconds since 1970: {@link DIGITS} of them. */
const MARK = Buffer.from('due=')
const DIGITS = 16
const MARKED_BYTES = MARK.length + DIGITS
/** How long readers may take for what was written last. */
const LAST_MS = 5000

const nowUs = () => (performance.timeOrigin + performance.now()) * 1000

/** What all readers of a run have seen. */
class Seen {
  readonly latenciesMs: number[] = []
  bytes = 0

  /** Takes note of the records in a piece; returns how many bytes at its end may be the beginning of one more. */
  take(piece: Buffer): number {
    const seenUs = nowUs()
    for (let at = piece.indexOf(MARK); at >= 0; at = piece.indexOf(MARK, at + MARKED_BYTES)) {
      if (at + MARKED_BYTES > piece.length) return piece.length - at
      const dueUs = Number(piece.toString('latin1', at + MARK.length, at + MARKED_BYTES))
      this.latenciesMs.push((seenUs - dueUs) / 1000)
    }
    return Math.min(MARK.length - 1, piece.length)
  }
}

/** Writes single records by the clock while all connections follow the topic; every reader must see every record. */
export async function tail({
  endpoint,
  token,
  connections,
  seconds,
  work,
  ratePerSecond = 0
}: Job): Promise<LoadResult> {
  const { topic, view, writer } = work as Tail
  const seen = new Seen()
  const begin = view === 'events' ? followEvents : followPages
  const readers = await Promise.all(Array.from({ length: connections }, () => begin(endpoint, token, topic, seen)))
  const writers = await Promise.all(Array.from({ length: WRITERS }, () => RawClient.connect(writer.endpoint)))
  const total: Total = { records: 0, bytes: 0 }
  const cpu = process.cpuUsage()
  const startMs = performance.now()
  const path = `/v1/producer/topics/${topic}`
  await openLoop(
    writers,
    seconds,
    ratePerSecond,
    async (client, _connection, dueMs) => {
      const due = `due=${Math.floor((performance.timeOrigin + dueMs) * 1000)}`
      const body = `{"records":[{"value":"${due.padEnd(RECORD_BYTES, '.')}"}]}`
      expectSuccess(await client.send(requestBytes('POST', path, { token: writer.token, body })))
      return { records: 1, bytes: RECORD_BYTES }
    },
    total
  )
  const lastMs = performance.now() + LAST_MS
  const wanted = total.records * connections
  while (seen.latenciesMs.length < wanted && performance.now() < lastMs)
    await new Promise(resolve => setTimeout(resolve, 5))
  const { user, system } = process.cpuUsage(cpu)
  const passed = (performance.now() - startMs) / 1000
  for (const end of readers) end()
  for (const client of writers) client.close()
  if (seen.latenciesMs.length !== wanted)
    throw new Error(`${wanted} records were to be seen, ${seen.latenciesMs.length} were.`)
  return resultOf(seen.latenciesMs, { records: wanted, bytes: seen.bytes }, passed, user + system)
}

/** Opens a stream of events; resolves once it has begun, with what closes it. */
function followEvents(endpoint: Endpoint, token: string, topic: string, seen: Seen): Promise<() => void> {
  return new Promise((resolve, reject) => {
    const { host, port, ca } = endpoint
    const ready = () => {
      socket.write(requestBytes('GET', `/v1/consumer/topics/${topic}/records`, { token, accept: 'text/event-stream' }))
    }
    const socket: Socket =
      ca === undefined
        ? connectTcp({ host, port }, ready)
        : connectTls({ host, port, ca, servername: 'localhost' }, ready)
    let rest = Buffer.alloc(0)
    let isOpen = false
    socket.on('data', piece => {
      const all = rest.length === 0 ? piece : Buffer.concat([rest, piece])
      if (!isOpen) {
        if (!all.includes('\nid: ')) {
          rest = all
          return
        }
        isOpen = true
        resolve(() => socket.destroy())
      }
      seen.bytes += piece.length
      rest = all.subarray(all.length - seen.take(all))
    })
    socket.on('error', reject)
    socket.on('close', () => reject(new Error('The stream ended.')))
  })
}

/** Asks for page after page, each of which waits; resolves once the first place is known, with what ends it. */
async function followPages(endpoint: Endpoint, token: string, topic: string, seen: Seen): Promise<() => void> {
  const client = await RawClient.connect(endpoint)
  const page = async (from: string, wait: number) => {
    const path = `/v1/consumer/topics/${topic}/records?from=${from}&wait=${wait}&count=1000`
    const { body } = expectSuccess(await client.send(requestBytes('GET', path, { token }), 'body'))
    if (body === null) throw new Error('A page has no body.')
    seen.bytes += body.length
    seen.take(body)
    const next = /"next":"([^"]+)"\}$/.exec(body.toString('latin1', Math.max(0, body.length - 4200)))
    if (next === null) throw new Error('A page names no position.')
    return next[1]
  }
  let from = await page('latest', 0)
  const over = new AbortController()
  const go = async () => {
    while (!over.signal.aborted) from = await page(from, 10_000)
  }
  void go().catch((error: unknown) => {
    if (!over.signal.aborted) throw error
  })
  return () => {
    over.abort()
    client.close()
  }
}
