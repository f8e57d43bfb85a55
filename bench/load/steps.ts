import type { Work } from './jobs.ts'
import { type Endpoint, RawClient } from './raw-client.ts'
import { Reference, type Source } from './reference.ts'
import { expectSuccess, pagePath, requestBytes } from './requests.ts'

/** One request of a connection, and what was done by it. */
export type Step = (client: RawClient, connection: number) => Promise<{ records: number; bytes: number }>

/** Of so many random reads one is compared record by record; all are counted. */
const SAMPLED = 16
const REFERENCE_COUNT = 10_000
/** By topic and query; what was read once need not be looked at again. */
const references = new Map<string, Promise<Reference>>()

/**
 * Reads the topic first where it has not been read before, by a connection of its own: those that are to be measured would be
 * idle for longer than the server keeps them.
 */
export async function stepOf(
  work: Exclude<Work, { kind: 'v2-consume' | 'tail' | 'produce-lines' }>,
  token: string,
  endpoint: Endpoint,
  connections: number
): Promise<Step> {
  if (work.kind === 'produce') return produceStep(work, token)
  if (work.kind === 'lines') return linesStep(work, token)
  if (work.kind === 'random') {
    const source = { ...work, count: REFERENCE_COUNT, query: '' }
    return randomStep(work, token, await referenceTo(source, token, endpoint))
  }
  return pagesStep(work, token, await referenceTo(work, token, endpoint), connections)
}

function produceStep(work: Extract<Work, { kind: 'produce' }>, token: string): Step {
  const request = requestBytes('POST', work.path, { token, body: work.body, contentType: work.contentType })
  const bytes = Buffer.byteLength(work.body)
  return async client => {
    expectSuccess(await client.send(request))
    return { records: work.records, bytes }
  }
}

function linesStep({ topic, ends }: Extract<Work, { kind: 'lines' }>, token: string): Step {
  return async (client, connection) => {
    const partition = connection % ends.length
    const path = `/v1/consumer/topics/${topic}/records?from=earliest&partitions=${partition}&count=${ends[partition]}`
    const lines = new RecordLines()
    const request = requestBytes('GET', path, { token, accept: 'application/x-ndjson' })
    const { bytes } = expectSuccess(await client.send(request, piece => lines.take(piece)))
    if (lines.records !== ends[partition])
      throw new Error(`Partition ${partition}: ${lines.records} records instead of ${ends[partition]}.`)
    return { records: lines.records, bytes }
  }
}

function randomStep(work: Extract<Work, { kind: 'random' }>, token: string, reference: Reference): Step {
  const { topic, partitions, count, end } = work
  let reads = 0
  return async client => {
    const partition = Math.floor(Math.random() * partitions)
    const offset = Math.floor(Math.random() * (end - count))
    const sampled = reads++ % SAMPLED === 0
    const request = requestBytes('GET', pagePath(topic, partition, offset, count), { token })
    const { bytes, nextOffset, body } = expectSuccess(await client.send(request, sampled ? 'body' : undefined))
    if (nextOffset !== offset + count)
      throw new Error(`Partition ${partition}, offset ${offset}: the next offset is ${nextOffset}.`)
    if (sampled) reference.expectRecords(body, partition, offset, count)
    return { records: count, bytes }
  }
}

function pagesStep(
  work: Extract<Work, { kind: 'pages' }>,
  token: string,
  reference: Reference,
  connections: number
): Step {
  const { topic, partitions, count, query } = work
  const offsets = new Float64Array(connections)
  return async (client, connection) => {
    const partition = connection % partitions
    const from = offsets[connection]
    const request = requestBytes('GET', pagePath(topic, partition, from, count, query), { token })
    const { bytes, nextOffset, crc } = expectSuccess(await client.send(request, 'crc'))
    const page = reference.page(partition, from)
    if (crc !== page.crc || nextOffset !== page.nextOffset)
      throw new Error(`Partition ${partition}: the page from offset ${from} is another than the one read before.`)
    offsets[connection] = page.last ? 0 : nextOffset
    return { records: nextOffset - from, bytes }
  }
}

function referenceTo(source: Source, token: string, endpoint: Endpoint): Promise<Reference> {
  const key = `${source.topic} ${source.query}`
  let reference = references.get(key)
  if (reference === undefined) references.set(key, (reference = readReference(source, token, endpoint)))
  return reference
}

async function readReference(source: Source, token: string, endpoint: Endpoint): Promise<Reference> {
  const client = await RawClient.connect(endpoint)
  try {
    return await Reference.read(client, token, source)
  } finally {
    client.close()
  }
}

/** Counts the lines that are records: all but those that name a position, by their third byte. */
class RecordLines {
  records = 0
  /** Byte of the present line that comes next. */
  #column = 0

  take(piece: Buffer): void {
    for (let at = 0; at < piece.length;) {
      const third = at + 2 - this.#column
      if (this.#column <= 2 && piece[third] === 0x6b) this.records++
      const end = piece.indexOf(0x0a, at)
      this.#column = end < 0 ? this.#column + piece.length - at : 0
      at = end < 0 ? piece.length : end + 1
    }
  }
}
