import { setTimeout as sleep } from 'node:timers/promises'
import type { Deadline } from '../../core/deadline.ts'
import { growingPauseMs } from '../../core/lib/growing-pause.ts'
import type { Log } from '../../core/log.ts'
import type { Meter } from '../../core/meter.ts'
import { OFFSET_OUT_OF_RANGE } from '../kafka-errors.ts'
import { AbortedFilter } from '../records/aborted-filter.ts'
import type { Pause } from '../records/decode-batches.ts'
import type { OpenedBatch } from '../records/large-batch.ts'
import { corrupt } from '../records/layout.ts'
import type { PageBuilder } from '../records/page-builder.ts'
import { causeText, TransportError } from '../transport/transport-error.ts'
import { awaitLeader, type Reader } from './await-leader.ts'
import type { BatchCache } from './batch-cache.ts'
import { ReadExpired, type ReadMode, type ReadResult } from './broker-reads.ts'
import type { FetchResult } from './fetch-message.ts'
import { searchStep, type FetchSizes } from './fetch-sizes.ts'
import { absorb, keepRest, takeKept, type Progress } from './fill-page.ts'
import { DEDICATED, REMOTE, SECOND_LOOK, SHARED, type LeaderReads } from './leader-reads.ts'
import { isOfAnotherTopic } from './place.ts'
import type { FetchMetadata, FetchOffsets } from './ports.ts'
import { UNKNOWN_BOUNDS, type LogBounds, type PageEnd, type ReadRequest } from './read-request.ts'
import { absorbRest, DeadlinePassed, late, takeKeptInTurns } from './read-turns.ts'
import type { RemoteParts } from './remote-parts.ts'
import { traceFetch } from './trace-fetch.ts'
import {
  checkPartition,
  isWithin,
  lasting,
  leaderless,
  outOfRange,
  readFailure,
  recreated,
  stillRemote,
  troubleOf,
  unreachable,
  type Trouble
} from './trouble.ts'

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
/** An answer that took longer did not come from the leader's own disks, or its broker is busy. */
const SLOW_MS = 100

/** How to go on. `again`: ask once more for what came back empty. */
type Outcome = Progress | 'again' | Trouble

/** An answer without records below the last stable offset, from a leader that has the offset on its own disks. */
interface EmptyAnswer {
  readonly offset: number
  readonly leader: number
  readonly leaderEpoch: number
  readonly endOffset: number
}

/** Fills one page from one partition. */
export class PartitionRead {
  readonly #tools: ReadTools
  readonly #request: ReadRequest
  readonly #page: PageBuilder
  #maxBytes: number
  /** At most to ask for at a time. */
  #stepBytes = Infinity
  #mode: ReadMode = SHARED
  #setbacks = 0
  /** The last answer left out records that are in remote storage. */
  #isRemote = false
  #emptyBefore: EmptyAnswer | undefined
  #bounds = UNKNOWN_BOUNDS
  readonly #until: number
  readonly #mayGiveUp: () => boolean

  /** While `mayGiveUp` returns true, trouble ends the read at once instead of at the deadline. */
  constructor(tools: ReadTools, request: ReadRequest, page: PageBuilder, mayGiveUp = () => false) {
    this.#tools = tools
    this.#request = request
    this.#page = page
    this.#until = request.until ?? Infinity
    this.#mayGiveUp = mayGiveUp
    this.#maxBytes = this.#neededBytes
  }

  /**
   * Reads until the page is full or the log ends. If the page's limits were raised since, goes on where it ended. Throws a
   * ReadFailure, and what metadata and offsets throw.
   */
  async fill(): Promise<PageEnd['end']> {
    const page = this.#page
    if (page.isSelective) page.endTurn()
    this.#stepBytes = page.filter === undefined ? Infinity : searchStep(page)
    this.#maxBytes = this.#neededBytes
    try {
      while (page.nextOffset < this.#until) {
        const outcome = await this.#step()
        if (page.isSelective) {
          page.settle()
          page.endTurn()
        }
        if (page.nextOffset >= this.#until) break
        if (outcome === 'done') return page.full ? 'full' : 'log'
        if (page.hasScanned) return 'scanned'
        if (typeof outcome === 'object') await this.#recover(outcome)
        else if (this.#request.deadline.passed) throw new DeadlinePassed()
        else this.#setbacks = 0
      }
      return 'until'
    } catch (error) {
      if (!(error instanceof DeadlinePassed)) throw readFailure(error)
      const { count, nextOffset } = page
      if (count === 0 && nextOffset > this.#request.offset) return 'passed'
      return this.#isRemote ? 'remote' : 'late'
    } finally {
      page.cut(this.#until)
    }
  }

  get bounds(): LogBounds {
    return this.#bounds
  }

  /** Whether it waits for records from remote storage, which may take its time. */
  get isRemote(): boolean {
    return this.#mode === REMOTE
  }

  get #neededBytes(): number {
    const { limits, count, filter, payloadBytes } = this.#page
    const { sizes } = this.#tools
    const { topic } = this.#request
    const isSearch = filter !== undefined
    const needed = isSearch
      ? sizes.bytesFor(topic, Infinity)
      : sizes.bytesFor(topic, limits.records - count, limits.bytes - payloadBytes)
    return Math.min(needed, this.#stepBytes)
  }

  async #step(): Promise<Outcome> {
    const { metadata: topics, kept, remoteParts } = this.#tools
    const { topic, partition, deadline, isolation } = this.#request
    const page = this.#page
    let metadata = topics.peek(topic) ?? (await topics.topic(topic, deadline))
    // What is known here may be the older of the two.
    if (isOfAnotherTopic(this.#request, metadata)) metadata = await topics.refresh(topic, deadline)
    if (isOfAnotherTopic(this.#request, metadata)) throw recreated(topic)
    const { leader, leaderEpoch } = checkPartition(metadata, topic, partition)
    if (leader < 0) return leaderless(`${topic}-${partition} has no leader`)
    const topicId = metadata?.id ?? null
    const log = topicId === null ? null : { topic, topicId, partition, leaderEpoch }
    if (log !== null) {
      let isFull = takeKept(kept, log, page)
      if (page.turnBytes <= 0) isFull ||= await takeKeptInTurns(kept, log, page, deadline)
      if (page.hasScanned && !isFull) return 'more'
      if (isFull || page.nextOffset >= this.#until) return 'done'
    }
    if (remoteParts.isRemote(topic, partition, page.nextOffset)) this.#mode = REMOTE
    const { nextOffset: offset } = page
    const wanted = { topic, topicId, partition, leaderEpoch, offset, maxBytes: this.#maxBytes, isolation }
    const askedMs = performance.now()
    let read: ReadResult
    try {
      const ask = (reader: Reader<ReadResult>) => this.#tools.reads.read(leader, wanted, this.#mode, deadline, reader)
      read = await awaitLeader(ask, leader, limit => this.#leaderNow(limit), deadline, late)
    } catch (error) {
      if (error instanceof ReadExpired) throw new DeadlinePassed()
      if (!(error instanceof TransportError)) throw error
      return unreachable(causeText(error))
    }
    page.onRecycle(() => read.release())
    traceFetch(this.#request, leader, askedMs, read.result.errorCode)
    if (read.result.errorCode !== 0) return this.#failed(read.result, leader, topicId)
    const { records, aborted, startOffset, highWatermark, lastStableOffset } = read.result
    this.#bounds = { logStart: startOffset, lastStable: lastStableOffset, highWatermark }
    const filter = new AbortedFilter(aborted)
    let progress = absorb(records, this.#endOffset, filter, page)
    if (typeof progress === 'object') {
      const goOn = (from: OpenedBatch | Pause) => absorb(records, this.#endOffset, filter, page, from)
      progress = await absorbRest(progress, page, deadline, goOn)
    }
    this.#tools.sizes.learn(topic, page.stored, page)
    // A batch behind the last stable offset is not for readers of what is committed.
    if (log !== null && isolation === 'committed') keepRest(kept, log, read.result, page)
    return this.#goOn(progress, read, leader, leaderEpoch)
  }

  /** Where this reader's view of the log ends. */
  get #endOffset(): number {
    const { lastStable, highWatermark } = this.#bounds
    return Math.min(this.#request.isolation === 'committed' ? lastStable : highWatermark, this.#until)
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
    if (progress === 'empty' && read.soleReader)
      return this.#judgeEmpty(read.result.preferredReadReplica, leader, leaderEpoch)
    // In a shared request Kafka may have had no room for this partition, or for its whole batch (KIP-74).
    if (read.soleReader) this.#enlarge()
    if (!this.#mode.dedicated) this.#mode = DEDICATED
    return progress
  }

  #enlarge(): void {
    const { topic, partition } = this.#request
    if (this.#maxBytes < BATCH_LIMIT_BYTES) this.#maxBytes *= 2
    else throw corrupt(`the batch of ${topic}-${partition} is cut off at ${this.#maxBytes} bytes`)
  }

  /**
   * An answer without records proves no gap. Kafka also gives it, without an error, while a read from remote storage is
   * slow or throttled (KIP-405, KIP-956), and when it wants another replica to be read (KIP-392). So the leader must say
   * that it has the offset on its own disks, and answer with nothing once more afterwards.
   */
  async #judgeEmpty(preferredReadReplica: number, leader: number, leaderEpoch: number): Promise<Outcome> {
    const { topic, partition, deadline } = this.#request
    const page = this.#page
    const offset = page.nextOffset
    const before = this.#emptyBefore
    this.#emptyBefore = undefined
    if (preferredReadReplica >= 0)
      return { ...unreachable(`${topic}-${partition} is to be read from broker ${preferredReadReplica}`), stale: false }
    if (before?.offset === offset && before.leader === leader && before.leaderEpoch === leaderEpoch) {
      page.nextOffset = Math.min(before.endOffset, this.#endOffset)
      this.#mode = SHARED
      return page.nextOffset < this.#endOffset ? 'more' : 'done'
    }
    const remote = await this.#tools.remoteParts.ask(topic, partition, offset, deadline)
    if (remote === undefined) return leaderless(`${topic}-${partition} has no leader that tells its local log start`)
    this.#isRemote = remote
    if (remote) return stillRemote(`${topic}-${partition} at offset ${offset}`)
    this.#emptyBefore = { offset, leader, leaderEpoch, endOffset: this.#endOffset }
    this.#mode = SECOND_LOOK
    return 'again'
  }

  /** Throws what no retry mends. */
  async #failed(result: FetchResult, from: number, topicId: Buffer | null): Promise<Trouble> {
    const { topic, partition } = this.#request
    if (result.errorCode === OFFSET_OUT_OF_RANGE) return this.#outOfRange()
    const trouble = troubleOf(result, topic, partition)
    const { currentLeader, nodes = [] } = result
    if (currentLeader === undefined) return trouble
    return { ...trouble, hint: { topicId, leaders: new Map([[partition, currentLeader]]), nodes, from } }
  }

  /** A leader that lags may call an offset out of range that is not: only the current leader's bounds decide. */
  async #outOfRange(): Promise<Trouble> {
    const { topic, partition, deadline } = this.#request
    const offset = this.#page.nextOffset
    await this.#tools.metadata.refresh(topic, deadline)
    const bounds = await this.#tools.offsets.bounds(topic, partition, deadline)
    if (!isWithin(bounds, offset)) throw outOfRange(topic, partition, offset, bounds)
    return leaderless(`a stale leader called offset ${offset} out of range`)
  }

  /** Not `untilDeadline`: the pauses begin anew with each step that gets on, and a leader that was named is asked at once. */
  async #recover(trouble: Trouble): Promise<void> {
    const { topic, offset, deadline } = this.#request
    const { nextOffset } = this.#page
    const pauseMs = growingPauseMs(this.#setbacks++, PAUSE_FIRST_MS, PAUSE_LIMIT_MS)
    this.#tools.log.debug({ topic, detail: trouble.detail }, 'A read is tried again')
    if (deadline.remainingMs <= pauseMs || this.#mayGiveUp()) {
      // What was passed already is not to be read again, whatever kept the rest from being read in time.
      if (trouble.kind === 'remote' || nextOffset > offset) throw new DeadlinePassed()
      throw lasting(trouble.kind, trouble.detail)
    }
    this.#tools.meter.retried('fetch')
    if (trouble.hint !== undefined && this.#tools.metadata.learnLeaders(topic, trouble.hint)) return
    await sleep(pauseMs)
    if (trouble.stale) await this.#tools.metadata.refresh(topic, deadline)
  }
}
