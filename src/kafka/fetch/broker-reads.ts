import type { Deadline } from '../../core/deadline.ts'
import { GatewayError } from '../../core/errors.ts'
import { BufferPool } from '../../core/lib/buffer-pool.ts'
import { UNKNOWN_TOPIC_OR_PARTITION } from '../codes.ts'
import { promised } from '../transport/promised.ts'
import { causeText, TransportError } from '../transport/transport-error.ts'
import type { Reader } from './await-leader.ts'
import {
  FETCH,
  FETCH_FLEXIBLE_SINCE,
  FETCH_MAX_VERSION,
  FETCH_MIN_VERSION,
  FETCH_TOPIC_IDS_SINCE,
  parseFetchResponse,
  writeFetchRequest,
  type FetchAnswer,
  type FetchPartition,
  type FetchResult
} from './fetch-message.ts'
import type { FetchChannel } from './ports.ts'

export interface ReadResult {
  readonly result: FetchResult
  /** The request held this partition only: Kafka then returns a whole batch, however large. */
  readonly alone: boolean
  /** Once, when the records are needed no more: their memory will then hold other answers. */
  release(): void
}

interface PendingRead {
  readonly wanted: FetchPartition
  /** Of the partition, among all topics. */
  readonly place: string
  readonly alone: boolean
  readonly readers: Reader<ReadResult>[]
  /** The last of its readers' deadlines: past it nobody wants the answer. */
  deadline: Deadline
}

const POOL_BYTES = 32 * 1024 * 1024
const pool = new BufferPool(POOL_BYTES)
const THROTTLING_QUOTA_EXCEEDED = 89
const PARTITIONS_PER_REQUEST = 64
const REQUEST_BYTES = 8 * 1024 * 1024
/** Distinct reads that may wait for one broker. */
const QUEUE_LIMIT = 10_000

/**
 * The reads from one broker. Those of distinct partitions travel together at the end of the tick, or as soon as one of
 * the connections is free; identical ones that have not left yet share an answer (one that has left might miss a record
 * that was acknowledged since). One request at a time a connection: a broker would not begin a second one sooner.
 */
export class BrokerReads {
  readonly #channels: () => readonly FetchChannel[]
  readonly #busy = new Set<FetchChannel>()
  readonly #queue = new Map<string, PendingRead>()
  #scheduled = false

  constructor(channels: () => readonly FetchChannel[]) {
    this.#channels = channels
  }

  /**
   * `alone` asks for a request of its own. The reader is given a TransportError when the broker cannot be reached or does not
   * answer, OVERLOADED when too many reads wait. The deadline only spares Kafka a read that nobody waits for.
   */
  read(wanted: FetchPartition, alone: boolean, deadline: Deadline, reader: Reader<ReadResult>): void {
    const { topic, partition, offset, maxBytes } = wanted
    const place = `${topic}/${partition}`
    const name = `${place}/${offset}/${maxBytes}/${alone}`
    const same = this.#queue.get(name)
    if (same !== undefined) {
      same.readers.push(reader)
      if (deadline.atMs > same.deadline.atMs) same.deadline = deadline
    } else if (this.#queue.size >= QUEUE_LIMIT) {
      reader.reject(new GatewayError('OVERLOADED', 'Too many reads wait for Kafka.'))
    } else {
      this.#queue.set(name, { wanted, place, alone, deadline, readers: [reader] })
      this.#schedule()
    }
  }

  #schedule(): void {
    if (this.#scheduled) return
    this.#scheduled = true
    setImmediate(() => {
      this.#scheduled = false
      this.#flush()
    })
  }

  #flush(): void {
    let channels: readonly FetchChannel[]
    try {
      channels = this.#channels()
    } catch (error) {
      const reads = [...this.#queue.values()]
      this.#queue.clear()
      fail(reads, error)
      return
    }
    for (const channel of channels) {
      if (this.#busy.has(channel)) continue
      const reads = this.#collect()
      if (reads.length === 0) return
      this.#busy.add(channel)
      void this.#send(channel, reads)
    }
  }

  /** Takes what the next request carries out of the queue, oldest first. */
  #collect(): PendingRead[] {
    const collected: PendingRead[] = []
    const taken = new Set<string>()
    let bytes = 0
    for (const [name, read] of this.#queue) {
      const { wanted, place, alone, deadline } = read
      if (deadline.passed) {
        this.#queue.delete(name)
        fail([read], new TransportError('the deadline passed before the read was sent', false))
      } else if (collected.length === 0 || !(alone || taken.has(place) || bytes + wanted.maxBytes > REQUEST_BYTES)) {
        this.#queue.delete(name)
        collected.push(read)
        taken.add(place)
        bytes += wanted.maxBytes
        if (alone || collected.length === PARTITIONS_PER_REQUEST) break
      }
    }
    return collected
  }

  async #send(channel: FetchChannel, reads: readonly PendingRead[]): Promise<void> {
    let throttleTimeMs = 0
    try {
      const known = channel.versionNow(FETCH, FETCH_MIN_VERSION, FETCH_MAX_VERSION)
      const offered = known >= 0 ? known : await channel.version(FETCH, FETCH_MIN_VERSION, FETCH_MAX_VERSION)
      const named = reads.some(({ wanted }) => wanted.topicId === null)
      const version = named ? Math.min(offered, FETCH_TOPIC_IDS_SINCE - 1) : offered
      throttleTimeMs = settle(version, reads, await exchange(channel, version, reads))
    } catch (error) {
      fail(reads, error)
    }
    // A broker that throttles reads nothing more from the connection for that time: another may be free.
    if (throttleTimeMs > 0) setTimeout(() => this.#free(channel), throttleTimeMs).unref()
    else this.#free(channel)
  }

  #free(channel: FetchChannel): void {
    this.#busy.delete(channel)
    if (this.#queue.size > 0) this.#flush()
  }
}

function exchange(channel: FetchChannel, version: number, reads: readonly PendingRead[]): Promise<Buffer> {
  const partitions = reads.map(({ wanted }) => wanted)
  const body = writeFetchRequest(version, partitions)
  const flexible = version >= FETCH_FLEXIBLE_SINCE
  return promised(callback => channel.send(FETCH, version, flexible, body, callback, bytes => pool.take(bytes)))
}

/** Returns for how long the broker throttles. Throws where the answer cannot be read. */
function settle(version: number, reads: readonly PendingRead[], response: Buffer): number {
  const answer = parseFetchResponse(version, response)
  let inUse = reads.reduce((sum, { readers }) => sum + readers.length, 0)
  // A reader that has left meanwhile releases nothing: the memory is then the garbage collector's.
  const release = () => {
    if (--inUse === 0) pool.give(response)
  }
  for (const { wanted, readers } of reads) {
    // A broker answers in an order of its own.
    const result = answer.results.find(each => answers(each, wanted)) ?? missing(wanted, answer)
    // Emptied: what waits is kept in a Map, and V8 may keep what it has left for a while (see Bag).
    for (const reader of readers.splice(0)) reader.resolve({ result, alone: reads.length === 1, release })
  }
  return answer.throttleTimeMs
}

function answers({ topic, partition }: FetchResult, wanted: FetchPartition): boolean {
  if (partition !== wanted.partition) return false
  return typeof topic === 'string' ? topic === wanted.topic : wanted.topicId?.equals(topic) === true
}

/** A request that failed whole, or was throttled, names no partitions; one that left a single one out is treated as stale. */
function missing({ topic, partition }: FetchPartition, { errorCode, throttleTimeMs }: FetchAnswer): FetchResult {
  const reason = throttleTimeMs > 0 ? THROTTLING_QUOTA_EXCEEDED : UNKNOWN_TOPIC_OR_PARTITION
  return {
    topic,
    partition,
    errorCode: errorCode === 0 ? reason : errorCode,
    lastStableOffset: -1,
    startOffset: -1,
    aborted: [],
    records: Buffer.alloc(0)
  }
}

function fail(reads: readonly PendingRead[], cause: unknown): void {
  const error = cause instanceof TransportError ? cause : new TransportError(causeText(cause), true, cause)
  for (const { readers } of reads) for (const reader of readers) reader.reject(error)
}
