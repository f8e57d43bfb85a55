import { crc32 } from 'node:zlib'
import type { Work } from './jobs.ts'
import type { Endpoint, RawClient } from './raw-client.ts'
import { expectSuccess, requestBytes } from './requests.ts'
import type { Step } from './steps.ts'

const CONTENT_TYPE = 'application/vnd.kafka.v2+json'
const ACCEPT = 'application/vnd.kafka.binary.v2+json'
/** As much as a page of P3 holds. */
const QUERY = 'timeout=1000&max_bytes=1048576'
/** A consumer may answer with nothing while it fetches; so often in succession it is given up. */
const MOST_EMPTY = 100
const OFFSET = Buffer.from('"offset":')
const EMPTY = Buffer.alloc(0)
const NOTHING_CRC = crc32('[]')

type Consume = Extract<Work, { kind: 'v2-consume' }>

/** A page whose offsets were all looked at. */
interface SeenPage {
  readonly crc: number
  readonly records: number
}

/** The pages of a topic, by partition and first offset. */
type Seen = Map<string, SeenPage>

/** By server and topic. What was looked at once is known for as long as this process lives. */
const seenPages = new Map<string, Seen>()

interface Consumer {
  readonly partition: number
  readonly instance: string
  offset: number
  empty: number
}

export interface ConsumeSteps {
  readonly step: Step
  /** Deletes the instances. */
  readonly end: () => Promise<void>
}

/** One consumer instance a connection, each assigned one partition, read from its beginning to its end again and again. */
export async function consumeSteps(
  work: Consume,
  token: string,
  { host, port }: Endpoint,
  clients: readonly RawClient[]
): Promise<ConsumeSteps> {
  const consumers: Consumer[] = []
  const source = `${host}:${port} ${work.prefix} ${work.topic}`
  const seen: Seen = seenPages.get(source) ?? new Map()
  seenPages.set(source, seen)
  for (const [connection, client] of clients.entries()) {
    const partition = connection % work.ends.length
    consumers.push({ partition, instance: await createInstance(client, token, work), offset: 0, empty: 0 })
    await send(client, 'POST', `${consumers[connection].instance}/assignments`, token, place(work, partition))
    await toBeginning(client, token, work, consumers[connection])
  }
  const step: Step = async (client, connection) => {
    const consumer = consumers[connection]
    const path = `${consumer.instance}/records?${QUERY}`
    const request = requestBytes('GET', path, { token, accept: ACCEPT })
    const page = seen.get(keyOf(consumer))
    const { body, crc, bytes } = expectSuccess(await client.send(request, page === undefined ? 'body' : 'crc'))
    const records = page === undefined ? look(body ?? EMPTY, consumer, seen) : recordsOf(page, crc, consumer)
    consumer.empty = records === 0 ? consumer.empty + 1 : 0
    if (consumer.empty > MOST_EMPTY)
      throw new Error(`Partition ${consumer.partition}: no record after ${consumer.offset}.`)
    consumer.offset += records
    if (consumer.offset > work.ends[consumer.partition])
      throw new Error(`Partition ${consumer.partition}: more records than Kafka holds.`)
    if (consumer.offset === work.ends[consumer.partition]) await toBeginning(client, token, work, consumer)
    return { records, bytes }
  }
  // All pages once before anything is measured, as where v1 is.
  for (const [connection, consumer] of consumers.entries())
    if (!seen.has(keyOf(consumer)))
      do await step(clients[connection], connection)
      while (consumer.offset > 0)
  return {
    step,
    end: async () => {
      for (const [connection, { instance }] of consumers.entries())
        await send(clients[connection], 'DELETE', instance, token)
    }
  }
}

async function createInstance(client: RawClient, token: string, { prefix }: Consume): Promise<string> {
  const group = `bench-${crypto.randomUUID()}`
  const body = '{"format":"binary","auto.offset.reset":"earliest"}'
  const answer = await send(client, 'POST', `${prefix}/consumers/${group}`, token, body)
  const { base_uri: uri } = JSON.parse(String(answer)) as { base_uri: string }
  return new URL(uri).pathname
}

async function toBeginning(client: RawClient, token: string, work: Consume, consumer: Consumer): Promise<void> {
  const path = `${consumer.instance}/positions/beginning`
  await send(client, 'POST', path, token, place(work, consumer.partition))
  consumer.offset = 0
}

const place = ({ topic }: Consume, partition: number) => JSON.stringify({ partitions: [{ topic, partition }] })

async function send(client: RawClient, method: string, path: string, token: string, body?: string) {
  const content = body === undefined ? {} : { body, contentType: CONTENT_TYPE }
  const answer = await client.send(requestBytes(method, path, { token, accept: CONTENT_TYPE, ...content }), 'body')
  return expectSuccess(answer).body
}

/** Looks at each offset of a page, which is known from then on. */
function look(body: Buffer, consumer: Consumer, seen: Seen): number {
  const records = offsetsIn(body, consumer)
  if (records > 0) seen.set(keyOf(consumer), { crc: crc32(body), records })
  return records
}

/** A page that came before is known by its checksum, as where v1 is measured. */
function recordsOf(page: SeenPage, crc: number, { partition, offset }: Consumer): number {
  if (crc === page.crc) return page.records
  if (crc === NOTHING_CRC) return 0
  throw new Error(`Partition ${partition}, offset ${offset}: the page is not as it was.`)
}

const keyOf = ({ partition, offset }: Consumer) => `${partition} ${offset}`

/** Each offset must follow the one before. */
function offsetsIn(body: Buffer, { partition, offset }: Consumer): number {
  let records = 0
  for (let at = body.indexOf(OFFSET); at >= 0; at = body.indexOf(OFFSET, at + OFFSET.length)) {
    const found = Number.parseInt(body.toString('latin1', at + OFFSET.length, at + OFFSET.length + 20), 10)
    if (found !== offset + records)
      throw new Error(`Partition ${partition}: offset ${found} was read where ${offset + records} is next.`)
    records++
  }
  return records
}
