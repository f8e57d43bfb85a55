import type { Work } from './jobs.ts'
import type { RawClient } from './raw-client.ts'
import { expectSuccess, requestBytes } from './requests.ts'
import type { Step } from './steps.ts'

const CONTENT_TYPE = 'application/vnd.kafka.v2+json'
const ACCEPT = 'application/vnd.kafka.binary.v2+json'
/** As much as a page of P3 holds. */
const QUERY = 'timeout=1000&max_bytes=1048576'
/** A consumer may answer with nothing while it fetches; so often in succession it is given up. */
const MOST_EMPTY = 100
const OFFSET = Buffer.from('"offset":')

type Consume = Extract<Work, { kind: 'v2-consume' }>

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
export async function consumeSteps(work: Consume, token: string, clients: readonly RawClient[]): Promise<ConsumeSteps> {
  const consumers: Consumer[] = []
  for (const [connection, client] of clients.entries()) {
    const partition = connection % work.ends.length
    consumers.push({ partition, instance: await createInstance(client, token, work), offset: 0, empty: 0 })
    await send(client, 'POST', `${consumers[connection].instance}/assignments`, token, place(work, partition))
    await toBeginning(client, token, work, consumers[connection])
  }
  return {
    step: async (client, connection) => {
      const consumer = consumers[connection]
      const path = `${consumer.instance}/records?${QUERY}`
      const answer = await client.send(requestBytes('GET', path, { token, accept: ACCEPT }), 'body')
      const { body, bytes } = expectSuccess(answer)
      const records = countOf(body ?? Buffer.alloc(0), consumer)
      consumer.empty = records === 0 ? consumer.empty + 1 : 0
      if (consumer.empty > MOST_EMPTY)
        throw new Error(`Partition ${consumer.partition}: no record after ${consumer.offset}.`)
      consumer.offset += records
      if (consumer.offset > work.ends[consumer.partition])
        throw new Error(`Partition ${consumer.partition}: more records than Kafka holds.`)
      if (consumer.offset === work.ends[consumer.partition]) await toBeginning(client, token, work, consumer)
      return { records, bytes }
    },
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

/** Looks for offsets only, which takes far less than to parse; each must follow the one before. */
function countOf(body: Buffer, { partition, offset }: Consumer): number {
  let records = 0
  for (let at = body.indexOf(OFFSET); at >= 0; at = body.indexOf(OFFSET, at + OFFSET.length)) {
    const found = Number.parseInt(body.toString('latin1', at + OFFSET.length, at + OFFSET.length + 20), 10)
    if (found !== offset + records)
      throw new Error(`Partition ${partition}: offset ${found} was read where ${offset + records} is next.`)
    records++
  }
  return records
}
