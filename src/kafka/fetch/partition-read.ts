import { setTimeout as sleep } from 'node:timers/promises'
import type { Deadline } from '../../core/deadline.ts'
import { GatewayError } from '../../core/errors.ts'
import { within } from '../../core/lib/within.ts'
import type { Log } from '../../core/log.ts'
import type { Meter } from '../../core/meter.ts'
import type { RequestTrace } from '../../core/tracing.ts'
import type { PartitionMetadata, TopicMetadata } from '../metadata/topic-metadata.ts'
import { AbortedFilter } from '../records/aborted-filter.ts'
import type { LargeBatch, OpenedBatch } from '../records/large-batch.ts'
import type { PageBuilder } from '../records/page-builder.ts'
import { causeText, TransportError } from '../transport/transport-error.ts'
import { awaitLeader, type Reader } from './await-leader.ts'
import type { BatchCache } from './batch-cache.ts'
import { ReadExpired, type ReadMode, type ReadResult } from './broker-reads.ts'
import type { CurrentLeader, FetchResult } from './fetch-message.ts'
import { absorb, keepRest, takeKept, type Progress } from './fill-page.ts'
import type { FetchSizes } from './fetch-sizes.ts'
import type { LeaderReads } from './leader-reads.ts'
import type { FetchMetadata, FetchOffsets } from './ports.ts'
import type { RemoteParts } from './remote-parts.ts'
import { leaderless, STILL_REMOTE, stillRemote, troubleOf, unavailable, type Trouble } from './trouble.ts'

export interface PageRequest {
  readonly topic: string
  readonly partition: number
  readonly offset: number
  /** 1 and up. */
  readonly count: number
  readonly deadline: Deadline
  readonly trace?: RequestTrace | undefined
}

/** What all reads share. */
export interface ReadTools {
  readonly metadata: FetchMetadata
  readonly offsets: FetchOffsets
  readonly reads: LeaderReads
  readonly remoteParts: RemoteParts
  readonly sizes: FetchSizes
  readonly kept: BatchCache
  readonly log: Log
  readonly meter: Meter
}

/** Kafka returns at least one whole batch (KIP-74); a batch still cut off at this size is none. */
const BATCH_LIMIT_BYTES = 128 * 1024 * 1024
const PAUSE_FIRST_MS = 25
const PAUSE_LIMIT_MS = 500
const OFFSET_OUT_OF_RANGE = 1
/** An answer that took longer did not come from the leader's own disks, or its broker is busy. */
const SLOW_MS = 100

const SHARED: ReadMode = { dedicated: false, waitMs: 0, minBytes: 0 }
const DEDICATED: ReadMode = { dedicated: true, waitMs: 0, minBytes: 0 }
/** Looks a second time at what may be a gap: if records are there, the broker has them by then. */
const SECOND_LOOK: ReadMode = { dedicated: true, waitMs: 100, minBytes: 1 }
/** Before Kafka 3.8 this limits how long a remote read may take; later a setting of the broker does (KIP-1018). */
const REMOTE: ReadMode = { dedicated: true, waitMs: 5000, minBytes: 0 }

/** How to go on. `again`: ask once more for what came back empty. */
type Outcome = Progress | 'again' | Trouble

/** An answer without records below the last stable offset, from a leader that has the offset on its own disks. */
interface EmptyAnswer {
  readonly offset: number
  readonly leader: number
  readonly leaderEpoch: number
  readonly lastStableOffset: number
}

/** Fills one page from one partition. */
export class PartitionRead {
  readonly #tools: ReadTools
  readonly #request: PageRequest
  readonly #page: PageBuilder
  #maxBytes: number
  #mode: ReadMode = SHARED
  #setbacks = 0
  /** The last answer left out records that are in remote storage. */
  #isRemote = false
  #emptyBefore: EmptyAnswer | undefined
  #namedLeader: CurrentLeader | undefined

  constructor(tools: ReadTools, request: PageRequest, page: PageBuilder) {
    this.#tools = tools
    this.#request = request
    this.#page = page
    this.#maxBytes = this.#neededBytes
  }

  async fill(): Promise<void> {
    for (;;) {
      const outcome = await this.#step()
      if (outcome === 'done') return
      if (typeof outcome === 'object') await this.#recover(outcome)
      else if (this.#request.deadline.passed) throw this.#deadlineExceeded()
      else this.#setbacks = 0
    }
  }

  get #neededBytes(): number {
    const { limits, count } = this.#page
    return this.#tools.sizes.bytesFor(this.#request.topic, limits.count - count)
  }

  async #step(): Promise<Outcome> {
    const { metadata: topics, kept, remoteParts } = this.#tools
    const { topic, partition, deadline } = this.#request
    const page = this.#page
    const metadata = topics.peek(topic) ?? (await topics.topic(topic, deadline))
    const { leader, leaderEpoch } = this.#leaderOf(checkPartition(metadata, topic, partition))
    if (leader < 0) return leaderless(`${topic}-${partition} has no leader`)
    const topicId = metadata?.id ?? null
    const place = topicId === null ? null : { topic, topicId, partition, leaderEpoch }
    if (place !== null && takeKept(kept, place, page)) return 'done'
    if (remoteParts.isRemote(topic, partition, page.nextOffset)) this.#mode = REMOTE
    const wanted = { topic, topicId, partition, leaderEpoch, offset: page.nextOffset, maxBytes: this.#maxBytes }
    const askedMs = performance.now()
    let read: ReadResult
    try {
      const ask = (reader: Reader<ReadResult>) => this.#tools.reads.read(leader, wanted, this.#mode, deadline, reader)
      const late = () => this.#deadlineExceeded()
      read = await awaitLeader(ask, leader, limit => this.#leaderNow(limit), deadline, late)
    } catch (error) {
      if (error instanceof ReadExpired) throw this.#deadlineExceeded()
      if (!(error instanceof TransportError)) throw error
      return unavailable(causeText(error))
    }
    page.onRecycle(() => read.release())
    traceFetch(this.#request, leader, askedMs, read.result.errorCode)
    if (read.result.errorCode !== 0) return this.#failed(read.result, leaderEpoch)
    const filter = new AbortedFilter(read.result.aborted)
    let progress = absorb(read.result, filter, page)
    while (typeof progress === 'object') progress = absorb(read.result, filter, page, await this.#opened(progress))
    this.#tools.sizes.learn(topic, page.stored)
    if (place !== null) keepRest(kept, place, read.result, page)
    return this.#goOn(progress, read, leader, leaderEpoch)
  }

  /** The metadata's leader, unless a broker has named a later one. */
  #leaderOf(known: PartitionMetadata): { readonly leader: number; readonly leaderEpoch: number } {
    const named = this.#namedLeader
    return named !== undefined && named.epoch > known.leaderEpoch
      ? { leader: named.id, leaderEpoch: named.epoch }
      : known
  }

  async #opened(batch: LargeBatch): Promise<OpenedBatch> {
    const { deadline } = this.#request
    const opened = await within(deadline, batch.open(deadline), () => this.#deadlineExceeded())
    if (opened === undefined) throw this.#deadlineExceeded()
    return opened
  }

  async #leaderNow(deadline: Deadline): Promise<number> {
    const { topic, partition } = this.#request
    return (await this.#tools.metadata.refresh(topic, deadline))?.partitions[partition]?.leader ?? -1
  }

  /** Chooses how the next request is sent, if there is one. */
  #goOn(progress: Progress, read: ReadResult, leader: number, leaderEpoch: number): Outcome | Promise<Outcome> {
    const { topic, partition } = this.#request
    if (progress === 'done' || progress === 'more') {
      if (read.tookMs > SLOW_MS && this.#mode.waitMs === 0) this.#tools.remoteParts.suspect(topic, partition)
      this.#isRemote = false
      this.#mode = SHARED
      this.#maxBytes = this.#neededBytes
      return progress
    }
    if (progress === 'empty' && read.soleReader) return this.#judgeEmpty(read.result, leader, leaderEpoch)
    // In a shared request Kafka may have had no room for this partition, or for its whole batch (KIP-74).
    if (read.soleReader) this.#maxBytes = enlarged(this.#maxBytes, this.#request, this.#page)
    if (!this.#mode.dedicated) this.#mode = DEDICATED
    return progress
  }

  /**
   * An answer without records proves no gap. Kafka also gives it, without an error, while a read from remote storage is
   * slow or throttled (KIP-405, KIP-956), and when it wants another replica to be read (KIP-392). So the leader must say
   * that it has the offset on its own disks, and answer with nothing once more afterwards.
   */
  async #judgeEmpty(
    { lastStableOffset, preferredReadReplica }: FetchResult,
    leader: number,
    leaderEpoch: number
  ): Promise<Outcome> {
    const { topic, partition, deadline } = this.#request
    const page = this.#page
    const offset = page.nextOffset
    const before = this.#emptyBefore
    this.#emptyBefore = undefined
    if (preferredReadReplica >= 0)
      return { ...unavailable(`${topic}-${partition} is to be read from broker ${preferredReadReplica}`), stale: false }
    if (before?.offset === offset && before.leader === leader && before.leaderEpoch === leaderEpoch) {
      page.nextOffset = Math.min(before.lastStableOffset, lastStableOffset)
      this.#mode = SHARED
      return page.nextOffset < lastStableOffset ? 'more' : 'done'
    }
    const remote = await this.#tools.remoteParts.ask(topic, partition, offset, deadline)
    if (remote === undefined) return leaderless(`${topic}-${partition} has no leader that tells its local log start`)
    this.#isRemote = remote
    if (remote) return stillRemote(`${topic}-${partition} at offset ${offset}`)
    this.#emptyBefore = { offset, leader, leaderEpoch, lastStableOffset }
    this.#mode = SECOND_LOOK
    return 'again'
  }

  /** Throws what no retry mends. */
  async #failed(result: FetchResult, leaderEpoch: number): Promise<Trouble> {
    const { topic, partition } = this.#request
    if (result.errorCode === OFFSET_OUT_OF_RANGE) return this.#outOfRange()
    const trouble = troubleOf(result, topic, partition)
    // Epochs rise, so that brokers which name one another are not asked in turns.
    return (trouble.leader?.epoch ?? -1) > leaderEpoch ? trouble : { ...trouble, leader: undefined }
  }

  /** A leader that lags may call an offset out of range that is not: only the current leader's bounds decide. */
  async #outOfRange(): Promise<Trouble> {
    const { topic, partition, deadline } = this.#request
    const offset = this.#page.nextOffset
    await this.#tools.metadata.refresh(topic, deadline)
    const { earliest, lastStable, logEnd } = await this.#tools.offsets.bounds(topic, partition, deadline)
    if (offset >= earliest && offset <= logEnd) return leaderless(`a stale leader called offset ${offset} out of range`)
    throw new GatewayError(
      'OFFSET_OUT_OF_RANGE',
      `Offset ${offset} is out of range: partition ${partition} of topic '${topic}' begins at ${earliest} and ends at ${lastStable}.`,
      { members: { earliest_offset: earliest, latest_offset: lastStable } }
    )
  }

  async #recover(trouble: Trouble): Promise<void> {
    const { topic, offset, deadline } = this.#request
    const { nextOffset } = this.#page
    const pauseMs = Math.min(PAUSE_LIMIT_MS, PAUSE_FIRST_MS * 2 ** Math.min(this.#setbacks++, 6))
    this.#tools.log.debug({ topic, detail: trouble.detail }, 'A read is tried again')
    if (deadline.remainingMs <= pauseMs) {
      // What was passed already is not to be read again, whatever kept the rest from being read in time.
      if (nextOffset > offset) throw this.#deadlineExceeded()
      const { code, message, detail } = trouble
      throw new GatewayError(code, message, { detail, headers: { NextOffset: String(nextOffset) } })
    }
    this.#tools.meter.retried('fetch')
    if (trouble.stale) this.#namedLeader = trouble.leader
    if (trouble.leader !== undefined) {
      // For whoever reads next; this read goes to the leader that was named.
      this.#tools.metadata.refresh(topic, deadline).catch(() => undefined)
      return
    }
    await sleep(pauseMs)
    if (trouble.stale) await this.#tools.metadata.refresh(topic, deadline)
  }

  #deadlineExceeded(): GatewayError {
    const { topic, partition, offset } = this.#request
    const { nextOffset } = this.#page
    let message = this.#isRemote ? STILL_REMOTE : 'Kafka did not answer in time.'
    if (nextOffset > offset) message = 'Only records that cannot be read were passed in time; go on at NextOffset.'
    const detail = `read of ${topic}-${partition} from offset ${offset}, now at ${nextOffset}`
    return new GatewayError('DEADLINE_EXCEEDED', message, { detail, headers: { NextOffset: String(nextOffset) } })
  }
}

function traceFetch(
  { topic, partition, trace }: PageRequest,
  broker: number,
  askedMs: number,
  errorCode: number
): void {
  if (trace === undefined) return
  const attributes = {
    'messaging.system': 'kafka',
    'messaging.destination.name': topic,
    'messaging.destination.partition.id': String(partition),
    'messaging.operation.type': 'receive',
    'kafka.broker.id': broker,
    'kafka.error_code': errorCode
  }
  trace.did('Fetch', askedMs, performance.now(), attributes, errorCode !== 0)
}

function enlarged(maxBytes: number, { topic, partition }: PageRequest, { nextOffset }: PageBuilder): number {
  if (maxBytes < BATCH_LIMIT_BYTES) return maxBytes * 2
  const detail = `the batch of ${topic}-${partition} at offset ${nextOffset} is cut off at ${maxBytes} bytes`
  throw new GatewayError('CORRUPT_DATA', 'What Kafka returned cannot be decoded.', { detail })
}

function checkPartition(metadata: TopicMetadata | null, topic: string, partition: number): PartitionMetadata {
  if (metadata === null) throw new GatewayError('TOPIC_NOT_FOUND', `Topic '${topic}' does not exist.`)
  const found = metadata.partitions[partition]
  if (found !== undefined) return found
  throw new GatewayError(
    'PARTITION_NOT_FOUND',
    `Topic '${topic}' has no partition ${partition}; it has ${metadata.partitions.length}.`
  )
}
