import type { Deadline } from '../../core/deadline.ts'
import { THROTTLING_QUOTA_EXCEEDED, UNKNOWN_TOPIC_OR_PARTITION } from '../kafka-errors.ts'
import { promised } from '../transport/promised.ts'
import { causeText, TransportError } from '../transport/transport-error.ts'
import { answerPool } from './answer-pool.ts'
import type { Reader } from './await-leader.ts'
import {
  FETCH,
  FETCH_FLEXIBLE_SINCE,
  FETCH_LEADER_ONLY_UNTIL,
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
import { ReadFailure } from './read-failure.ts'

export interface ReadResult {
  readonly result: FetchResult
  /** The request held this partition only: Kafka then returns a whole batch, however large. */
  readonly soleReader: boolean
  /** From sending the request to its answer. */
  readonly tookMs: number
  /** Call once, when you are done with the records: their memory will then hold other answers. */
  release(): void
}

export interface ReadMode {
  /** Asks for a request of its own. */
  readonly dedicated: boolean
  /** How long the broker may take to answer. Such reads are always dedicated. */
  readonly waitMs: number
  /** The broker answers at once with so much from its own disks; with 1 it waits for what is not there yet. */
  readonly minBytes: number
}

/** Everybody's deadline had passed when it was the read's turn. */
export class ReadExpired extends TransportError {}

interface PendingRead {
  readonly wanted: FetchPartition
  /** Names the partition among those of all topics. */
  readonly partitionKey: string
  readonly mode: ReadMode
  readonly readers: Reader<ReadResult>[]
  /** The latest of its readers' deadlines: past it nobody wants the answer. */
  deadline: Deadline
}

const PARTITIONS_PER_REQUEST = 64
const REQUEST_BYTES = 8 * 1024 * 1024
/** Distinct reads that may wait for one broker. */
const QUEUE_LIMIT = 10_000

/**
 * Reads from one broker over some connections. Reads of distinct partitions travel together at the end of the tick, or as
 * soon as a connection is free; identical ones that have not left yet share an answer (one that has left might miss a
 * record that was acknowledged since). A connection carries one request at a time: the broker would not begin a second
 * one sooner.
 */
export class BrokerReads {
  readonly #channels: () => readonly FetchChannel[]
  readonly #busy = new Set<FetchChannel>()
  readonly #queue = new Map<string, PendingRead>()
  #scheduled = false
  /** The broker has sent readers to another replica; it answers older versions of Fetch itself. */
  #choosesReplicas = false

  constructor(channels: () => readonly FetchChannel[]) {
    this.#channels = channels
  }

  /**
   * Rejects with a TransportError if the broker cannot be reached or does not answer, with a `busy` ReadFailure if too
   * many reads wait. The deadline only spares Kafka a read that nobody waits for.
   */
  read(wanted: FetchPartition, mode: ReadMode, deadline: Deadline, reader: Reader<ReadResult>): void {
    const { topic, partition, offset, maxBytes, isolation } = wanted
    const partitionKey = `${topic}/${partition}`
    const name = `${partitionKey}/${offset}/${maxBytes}/${isolation}/${mode.dedicated}`
    const waiting = this.#queue.get(name)
    if (waiting !== undefined) {
      waiting.readers.push(reader)
      if (deadline.atMs > waiting.deadline.atMs) waiting.deadline = deadline
    } else if (this.#queue.size >= QUEUE_LIMIT) {
      reader.reject(new ReadFailure('busy', 'Too many reads wait for Kafka.'))
    } else {
      this.#queue.set(name, { wanted, partitionKey, mode, deadline, readers: [reader] })
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

  /** Connections that are up carry the reads; another is opened when all of those are busy. */
  #flush(): void {
    let channels: readonly FetchChannel[]
    try {
      channels = this.#channels()
    } catch (error) {
      this.#failAll(error)
      return
    }
    let connected = false
    for (const channel of channels) {
      const version = versionOf(channel)
      if (version < 0) continue
      connected = true
      if (this.#busy.has(channel)) continue
      const reads = this.#collect()
      if (reads.length === 0) return
      this.#busy.add(channel)
      void this.#send(channel, version, reads)
    }
    if (this.#queue.size === 0) return
    const idle = channels.filter(channel => !this.#busy.has(channel) && versionOf(channel) < 0)
    const next = idle.find(channel => !channel.resting) ?? (connected || this.#busy.size > 0 ? undefined : idle[0])
    if (next !== undefined) void this.#connect(next)
  }

  /** Reads wait in the queue meanwhile: a connection that becomes free first takes them. */
  async #connect(channel: FetchChannel): Promise<void> {
    this.#busy.add(channel)
    try {
      await channel.version(FETCH, FETCH_MIN_VERSION, FETCH_MAX_VERSION)
      this.#free(channel)
    } catch (error) {
      this.#busy.delete(channel)
      if (this.#busy.size === 0) this.#failAll(error)
    }
  }

  /** Takes what the next request carries out of the queue, oldest first. */
  #collect(): PendingRead[] {
    const collected: PendingRead[] = []
    const taken = new Set<string>()
    let bytes = 0
    for (const [name, read] of this.#queue) {
      const { wanted, partitionKey, mode, deadline } = read
      if (deadline.passed) {
        this.#queue.delete(name)
        fail([read], new ReadExpired('the deadline passed before the read was sent', false))
      } else if (
        collected.length === 0 ||
        !(
          mode.dedicated ||
          wanted.isolation !== collected[0].wanted.isolation ||
          taken.has(partitionKey) ||
          bytes + wanted.maxBytes > REQUEST_BYTES
        )
      ) {
        this.#queue.delete(name)
        collected.push(read)
        taken.add(partitionKey)
        bytes += wanted.maxBytes
        if (mode.dedicated || collected.length === PARTITIONS_PER_REQUEST) break
      }
    }
    return collected
  }

  async #send(channel: FetchChannel, offered: number, reads: readonly PendingRead[]): Promise<void> {
    let throttleTimeMs = 0
    try {
      const named = reads.some(({ wanted }) => wanted.topicId === null)
      let version = named ? Math.min(offered, FETCH_TOPIC_IDS_SINCE - 1) : offered
      if (this.#choosesReplicas) version = Math.min(version, FETCH_LEADER_ONLY_UNTIL)
      const sentMs = performance.now()
      const response = await exchange(channel, version, reads)
      const answer = parseFetchResponse(version, response)
      if (answer.results.some(({ preferredReadReplica }) => preferredReadReplica >= 0)) this.#choosesReplicas = true
      throttleTimeMs = answer.throttleTimeMs
      channel.throttled(FETCH, throttleTimeMs)
      settle(answer, reads, response, performance.now() - sentMs)
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

  #failAll(error: unknown): void {
    const reads = [...this.#queue.values()]
    this.#queue.clear()
    fail(reads, error)
  }
}

function versionOf(channel: FetchChannel): number {
  return channel.versionNow(FETCH, FETCH_MIN_VERSION, FETCH_MAX_VERSION)
}

function exchange(channel: FetchChannel, version: number, reads: readonly PendingRead[]): Promise<Buffer> {
  const partitions = reads.map(({ wanted }) => wanted)
  const body = writeFetchRequest(version, partitions, reads[0].mode)
  const flexible = version >= FETCH_FLEXIBLE_SINCE
  return promised(callback => channel.send(FETCH, version, flexible, body, callback, bytes => answerPool.take(bytes)))
}

function settle(answer: FetchAnswer, reads: readonly PendingRead[], response: Buffer, tookMs: number): void {
  let inUse = reads.reduce((sum, { readers }) => sum + readers.length, 0)
  // A reader that has left meanwhile releases nothing: the memory is then the garbage collector's.
  const release = () => {
    if (--inUse === 0) answerPool.give(response)
  }
  for (const { wanted, readers } of reads) {
    // Brokers answer in an order of their own.
    const result = answer.results.find(each => answers(each, wanted)) ?? missing(wanted, answer)
    // Emptied: what waits is kept in a Map, and V8 may keep what it has left for a while (see SwapRemoveSet).
    for (const reader of readers.splice(0)) reader.resolve({ result, soleReader: reads.length === 1, tookMs, release })
  }
}

function answers({ topic, partition }: FetchResult, wanted: FetchPartition): boolean {
  if (partition !== wanted.partition) return false
  return typeof topic === 'string' ? topic === wanted.topic : wanted.topicId?.equals(topic) === true
}

/** A request that failed as a whole, or was throttled, names no partitions. One that it leaves out by itself is treated as stale. */
function missing({ topic, partition }: FetchPartition, { errorCode, throttleTimeMs }: FetchAnswer): FetchResult {
  const reason = throttleTimeMs > 0 ? THROTTLING_QUOTA_EXCEEDED : UNKNOWN_TOPIC_OR_PARTITION
  return {
    topic,
    partition,
    errorCode: errorCode === 0 ? reason : errorCode,
    highWatermark: -1,
    lastStableOffset: -1,
    startOffset: -1,
    aborted: [],
    preferredReadReplica: -1,
    records: Buffer.alloc(0)
  }
}

function fail(reads: readonly PendingRead[], cause: unknown): void {
  const error = cause instanceof TransportError ? cause : new TransportError(causeText(cause), true, cause)
  for (const { readers } of reads) for (const reader of readers) reader.reject(error)
}
