import type { BrokerChannel } from '../transport/broker-channel.ts'
import { causeText, TransportError } from '../transport/transport-error.ts'
import {
  FETCH,
  FETCH_FLEXIBLE_SINCE,
  FETCH_MAX_VERSION,
  FETCH_MIN_VERSION,
  FETCH_TOPIC_IDS_SINCE,
  parseFetchResponse,
  writeFetchRequest,
  type FetchPartition,
  type FetchResult
} from './fetch-message.ts'

export interface ReadResult {
  readonly result: FetchResult
  /** The request held this partition only: Kafka then returns a whole batch, however large. */
  readonly alone: boolean
}

type Settle = (error: TransportError | null, result: ReadResult | null) => void

interface PendingRead {
  readonly wanted: FetchPartition
  readonly alone: boolean
  readonly settle: Settle[]
}

const PARTITIONS_PER_REQUEST = 64
const REQUEST_BYTES = 8 * 1024 * 1024

/**
 * The reads from one broker. Those of distinct partitions travel together at the end of the tick, or as soon as one of
 * the connections is free; identical ones that have not left yet share an answer. One request at a time a connection:
 * a broker would not begin a second one sooner.
 */
export class BrokerReads {
  readonly #channels: () => readonly BrokerChannel[]
  readonly #busy = new Set<BrokerChannel>()
  #queue = new Map<string, PendingRead>()
  #scheduled = false

  constructor(channels: () => readonly BrokerChannel[]) {
    this.#channels = channels
  }

  /** Rejects with a TransportError when the broker cannot be reached or does not answer. */
  read(wanted: FetchPartition, alone: boolean): Promise<ReadResult> {
    return new Promise((resolve, reject) => {
      const settle: Settle = (error, result) => (result === null ? reject(error ?? new TransportError('no answer', true)) : resolve(result))
      const name = `${wanted.topic}/${wanted.partition}/${wanted.offset}/${wanted.maxBytes}/${alone}`
      const same = this.#queue.get(name)
      if (same !== undefined) same.settle.push(settle)
      else this.#queue.set(name, { wanted, alone, settle: [settle] })
      if (this.#scheduled) return
      this.#scheduled = true
      setImmediate(() => {
        this.#scheduled = false
        this.#flush()
      })
    })
  }

  #flush(): void {
    let channels: readonly BrokerChannel[]
    try {
      channels = this.#channels()
    } catch (error) {
      const reads = [...this.#queue.values()]
      this.#queue.clear()
      fail(reads, new TransportError(causeText(error), false, error))
      return
    }
    for (const channel of channels) {
      if (this.#queue.size === 0) return
      if (this.#busy.has(channel)) continue
      this.#busy.add(channel)
      this.#send(channel, this.#collect())
    }
  }

  #collect(): PendingRead[] {
    const collected: PendingRead[] = []
    const taken = new Set<string>()
    let bytes = 0
    for (const [name, read] of this.#queue) {
      const partition = `${read.wanted.topic}/${read.wanted.partition}`
      if (collected.length > 0 && (read.alone || taken.has(partition) || bytes + read.wanted.maxBytes > REQUEST_BYTES)) continue
      collected.push(read)
      taken.add(partition)
      bytes += read.wanted.maxBytes
      this.#queue.delete(name)
      if (read.alone || collected.length === PARTITIONS_PER_REQUEST) break
    }
    return collected
  }

  #send(channel: BrokerChannel, reads: readonly PendingRead[]): void {
    const version = channel.versionNow(FETCH, FETCH_MIN_VERSION, FETCH_MAX_VERSION)
    if (version >= 0) {
      this.#exchange(channel, version, reads)
      return
    }
    channel.version(FETCH, FETCH_MIN_VERSION, FETCH_MAX_VERSION).then(
      agreed => this.#exchange(channel, agreed, reads),
      (error: unknown) => {
        this.#free(channel)
        fail(reads, new TransportError(causeText(error), false, error))
      }
    )
  }

  #exchange(channel: BrokerChannel, offered: number, reads: readonly PendingRead[]): void {
    const named = reads.some(({ wanted }) => wanted.topicId === null)
    const version = named ? Math.min(offered, FETCH_TOPIC_IDS_SINCE - 1) : offered
    const body = writeFetchRequest(version, reads.map(({ wanted }) => wanted))
    channel.send(FETCH, version, version >= FETCH_FLEXIBLE_SINCE, body, (error, response) => {
      if (error !== null || response === null) fail(reads, error ?? new TransportError('no answer', true))
      else settle(version, reads, response)
      this.#free(channel)
    })
  }

  #free(channel: BrokerChannel): void {
    this.#busy.delete(channel)
    if (this.#queue.size > 0) this.#flush()
  }
}

function settle(version: number, reads: readonly PendingRead[], response: Buffer): void {
  try {
    const { errorCode, results } = parseFetchResponse(version, response)
    const byPartition = new Map(results.map(result => [`${result.topic}/${result.partition}`, result]))
    for (const { wanted, settle: settles } of reads) {
      const { topicId } = wanted
      const topic = version >= FETCH_TOPIC_IDS_SINCE && topicId !== null ? topicId.toString('hex') : wanted.topic
      const found = byPartition.get(`${topic}/${wanted.partition}`)
      const result = found ?? missing(wanted, errorCode)
      for (const each of settles) each(null, { result, alone: reads.length === 1 })
    }
  } catch (cause) {
    fail(reads, new TransportError('A broker sent an unreadable answer to a Fetch', true, cause))
  }
}

/** A request that failed whole names no partitions; one that left a partition out is treated as stale. */
function missing({ topic, partition }: FetchPartition, errorCode: number): FetchResult {
  const UNKNOWN_TOPIC_OR_PARTITION = 3
  return {
    topic,
    partition,
    errorCode: errorCode === 0 ? UNKNOWN_TOPIC_OR_PARTITION : errorCode,
    lastStableOffset: -1,
    aborted: [],
    records: Buffer.alloc(0)
  }
}

function fail(reads: readonly PendingRead[], error: TransportError): void {
  for (const { settle: settles } of reads) for (const each of settles) each(error, null)
}
