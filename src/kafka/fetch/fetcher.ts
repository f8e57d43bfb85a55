import { setTimeout as sleep } from 'node:timers/promises'
import type { Deadline } from '../../core/deadline.ts'
import { GatewayError, type ErrorCode } from '../../core/errors.ts'
import type { Log } from '../../core/log.ts'
import { type Meter, noMeter } from '../../core/meter.ts'
import type { RecordPage } from '../../core/record-page.ts'
import type { RequestTrace } from '../../core/tracing.ts'
import { isStaleMetadata, kafkaCode, kafkaErrorName } from '../codes.ts'
import type { TopicMetadata } from '../metadata/topic-metadata.ts'
import { AbortedFilter } from '../records/aborted-filter.ts'
import { decodeBatches } from '../records/decode-batches.ts'
import { readRecords } from '../records/decode-records.ts'
import { isTransactional } from '../records/open-batch.ts'
import { PageBuilder } from '../records/page-builder.ts'
import { causeText, TransportError } from '../transport/transport-error.ts'
import { awaitLeader, type Reader } from './await-leader.ts'
import { BatchCache, type BatchPlace } from './batch-cache.ts'
import { BrokerReads, type ReadResult } from './broker-reads.ts'
import type { FetchResult } from './fetch-message.ts'
import { FetchSizes } from './fetch-sizes.ts'
import type { FetchBrokers, FetchMetadata, FetchOffsets } from './ports.ts'

export interface FetcherOptions {
  readonly connectionsPerBroker: number
  /** Of {@link BatchCache}. */
  readonly cacheBytes: number
}

export interface PageRequest {
  readonly topic: string
  readonly partition: number
  readonly offset: number
  /** 1 and up; a page holds at most {@link PAGE_RECORDS}. */
  readonly count: number
  readonly deadline: Deadline
  readonly trace?: RequestTrace | undefined
}

export const PAGE_BYTES = 6 * 1024 * 1024
export const PAGE_RECORDS = 100_000
/** Kafka returns at least one whole batch (KIP-74); a batch still cut off at this size is none. */
const BATCH_LIMIT_BYTES = 128 * 1024 * 1024
const PAUSE_FIRST_MS = 25
const PAUSE_LIMIT_MS = 500
const OFFSET_OUT_OF_RANGE = 1

/** What keeps a read from going on, for the answer at its deadline. */
interface Trouble {
  readonly code: ErrorCode
  readonly message: string
  readonly detail: string
}

/** How to go on after an answer: the page is done, read on, or read the partition in a request of its own. */
type Progress = 'done' | 'more' | 'alone'

/** Reads pages of committed records, with as many Fetch requests as that takes. */
export class Fetcher {
  readonly #brokers: FetchBrokers
  readonly #metadata: FetchMetadata
  readonly #offsets: FetchOffsets
  readonly #log: Log
  readonly #meter: Meter
  readonly #connectionsPerBroker: number
  readonly #reads = new Map<number, BrokerReads>()
  readonly #sizes = new FetchSizes()
  readonly #kept: BatchCache

  constructor(
    brokers: FetchBrokers,
    metadata: FetchMetadata,
    offsets: FetchOffsets,
    { connectionsPerBroker, cacheBytes }: FetcherOptions,
    log: Log,
    meter: Meter = noMeter
  ) {
    this.#brokers = brokers
    this.#metadata = metadata
    this.#offsets = offsets
    this.#connectionsPerBroker = connectionsPerBroker
    this.#kept = new BatchCache(cacheBytes)
    this.#log = log
    this.#meter = meter
  }

  /**
   * A page that is empty only where no readable record lies between the offset and the last stable offset. An error
   * behind the first record ends the page: the next read meets it. The page is `use`'s until that returns.
   *
   * Throws OFFSET_OUT_OF_RANGE, TOPIC_NOT_FOUND, PARTITION_NOT_FOUND, KAFKA_REFUSED, CORRUPT_DATA, LEADER_NOT_AVAILABLE,
   * KAFKA_UNAVAILABLE, OVERLOADED, and DEADLINE_EXCEEDED where Kafka did not answer or only unreadable records were
   * passed in time; those that end at the deadline carry the header `NextOffset`.
   */
  async read<T>(request: PageRequest, use: (page: RecordPage) => T): Promise<T> {
    const limits = { count: Math.min(request.count, PAGE_RECORDS), bytes: PAGE_BYTES }
    const page = new PageBuilder(request.partition, request.offset, limits)
    try {
      await this.#fill(request, page).catch((error: unknown) => {
        if (page.count === 0 || !(error instanceof GatewayError)) throw error
        this.#log.debug({ topic: request.topic, code: error.code, detail: error.detail }, 'A page ends before an error')
      })
      return use(page.build())
    } finally {
      page.recycle()
    }
  }

  async #fill(request: PageRequest, page: PageBuilder): Promise<void> {
    const needed = () => this.#sizes.bytesFor(request.topic, page.limits.count - page.count)
    let maxBytes = needed()
    let alone = false
    let setbacks = 0
    for (;;) {
      const outcome = await this.#step(request, page, maxBytes, alone)
      if (outcome === 'done') return
      if (typeof outcome === 'object') {
        await this.#recover(request, page, outcome, setbacks++)
        continue
      }
      if (request.deadline.passed) throw deadlineExceeded(request, page)
      maxBytes = alone && outcome === 'alone' ? enlarged(maxBytes, request, page) : needed()
      alone = outcome === 'alone'
      setbacks = 0
    }
  }

  async #step(request: PageRequest, page: PageBuilder, maxBytes: number, alone: boolean): Promise<Progress | Trouble> {
    const { topic, partition, deadline } = request
    const metadata = this.#metadata.peek(topic) ?? (await this.#metadata.topic(topic, deadline))
    const known = checkPartition(metadata, topic, partition)
    if (known.leader < 0) return leaderless(`${topic}-${partition} has no leader`)
    const { leaderEpoch } = known
    const place = metadata?.id ? { topic, topicId: metadata.id, partition, leaderEpoch } : null
    if (place !== null && this.#takeKept(place, page)) return 'done'
    const wanted = { topic, topicId: metadata?.id ?? null, partition, leaderEpoch, offset: page.nextOffset, maxBytes }
    const askedMs = performance.now()
    let read: ReadResult
    try {
      const reads = this.#readsFrom(known.leader)
      const ask = (reader: Reader<ReadResult>) => reads.read(wanted, alone, deadline, reader)
      const leaderNow = async (limit: Deadline) =>
        (await this.#metadata.refresh(topic, limit))?.partitions[partition]?.leader ?? -1
      read = await awaitLeader(ask, known.leader, leaderNow, deadline, () => deadlineExceeded(request, page))
    } catch (error) {
      if (!(error instanceof TransportError)) throw error
      return { code: 'KAFKA_UNAVAILABLE', message: 'Kafka does not answer.', detail: causeText(error) }
    }
    page.onRecycle(() => read.release())
    const { errorCode } = read.result
    traceFetch(request, known.leader, askedMs, errorCode)
    if (errorCode === 0) {
      const progress = absorb(read, page)
      this.#sizes.learn(topic, page.stored)
      if (place !== null) this.#keepRest(place, read.result, page)
      return progress
    }
    if (errorCode === OFFSET_OUT_OF_RANGE) return this.#outOfRange(request, page.nextOffset)
    return troubleOf(errorCode, request)
  }

  /** Takes what an earlier page left of its last batch; returns whether that fills this page. */
  #takeKept(place: BatchPlace, page: PageBuilder): boolean {
    const batch = this.#kept.find(place, page.nextOffset, giveBack => page.onRecycle(giveBack))
    if (batch === undefined) return false
    if (readRecords(batch, page)) page.nextOffset = batch.header.lastOffset + 1
    return page.full
  }

  #keepRest(place: BatchPlace, { topic, startOffset }: FetchResult, { rest }: PageBuilder): void {
    // A topic that was asked for by name may be another one by now.
    if (typeof topic !== 'string') this.#kept.confirm(place, startOffset)
    if (rest !== undefined && !isTransactional(rest.header)) this.#kept.keep(place, rest)
  }

  /** A leader that lags may call an offset out of range that is not: only the current leader's bounds decide. */
  async #outOfRange({ topic, partition, deadline }: PageRequest, offset: number): Promise<Trouble> {
    await this.#metadata.refresh(topic, deadline)
    const { earliest, lastStable, logEnd } = await this.#offsets.bounds(topic, partition, deadline)
    if (offset >= earliest && offset <= logEnd) return leaderless(`a stale leader called offset ${offset} out of range`)
    throw new GatewayError(
      'OFFSET_OUT_OF_RANGE',
      `Offset ${offset} is out of range: partition ${partition} of topic '${topic}' begins at ${earliest} and ends at ${lastStable}.`,
      { members: { earliest_offset: earliest, latest_offset: lastStable } }
    )
  }

  async #recover(request: PageRequest, page: PageBuilder, trouble: Trouble, setbacks: number): Promise<void> {
    const { topic, deadline } = request
    const pauseMs = Math.min(PAUSE_LIMIT_MS, PAUSE_FIRST_MS * 2 ** Math.min(setbacks, 6))
    this.#log.debug({ topic, detail: trouble.detail }, 'A read is tried again')
    if (deadline.remainingMs <= pauseMs) {
      // What was passed already is not to be read again, whatever kept the rest from being read in time.
      if (page.nextOffset > request.offset) throw deadlineExceeded(request, page)
      throw new GatewayError(trouble.code, trouble.message, {
        detail: trouble.detail,
        headers: { NextOffset: String(page.nextOffset) }
      })
    }
    this.#meter.retried('fetch')
    await sleep(pauseMs)
    await this.#metadata.refresh(topic, deadline)
  }

  #readsFrom(brokerId: number): BrokerReads {
    let reads = this.#reads.get(brokerId)
    if (reads === undefined) {
      const channels = () =>
        Array.from({ length: this.#connectionsPerBroker }, (_, index) =>
          this.#brokers.channel(brokerId, 'fetch', index)
        )
      this.#reads.set(brokerId, (reads = new BrokerReads(channels)))
    }
    return reads
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

/** Takes the records of an answer into the page. */
function absorb({ result, alone }: ReadResult, page: PageBuilder): Progress {
  const { lastStableOffset, records, aborted } = result
  if (page.nextOffset >= lastStableOffset) return 'done'
  const before = page.nextOffset
  const truncated = decodeBatches(records, new AbortedFilter(aborted), page, lastStableOffset)
  if (page.full || page.nextOffset >= lastStableOffset) return 'done'
  if (page.nextOffset > before) return 'more'
  // Nothing came although something may be there: in a shared request Kafka may have had no room for this partition.
  if (!alone || truncated) return 'alone'
  page.nextOffset = lastStableOffset // a compacted gap reaches to the end
  return 'done'
}

function enlarged(maxBytes: number, { topic, partition }: PageRequest, { nextOffset }: PageBuilder): number {
  if (maxBytes < BATCH_LIMIT_BYTES) return maxBytes * 2
  const detail = `the batch of ${topic}-${partition} at offset ${nextOffset} is cut off at ${maxBytes} bytes`
  throw new GatewayError('CORRUPT_DATA', 'What Kafka returned cannot be decoded.', { detail })
}

/** Throws what no retry mends. */
function troubleOf(errorCode: number, { topic, partition }: PageRequest): Trouble {
  const detail = `Fetch of ${topic}-${partition}: ${kafkaErrorName(errorCode)}`
  if (isStaleMetadata(errorCode)) return leaderless(detail)
  const { error } = kafkaCode(errorCode)
  if (error === 'KAFKA_REFUSED')
    throw new GatewayError(error, `Kafka does not let the gateway read topic '${topic}'.`, { detail })
  if (error === 'CORRUPT_DATA') throw new GatewayError(error, 'Kafka finds its own records corrupt.', { detail })
  return { code: 'KAFKA_UNAVAILABLE', message: 'Kafka does not answer.', detail }
}

function deadlineExceeded({ topic, partition, offset }: PageRequest, { nextOffset }: PageBuilder): GatewayError {
  const message =
    nextOffset > offset
      ? 'Only records that cannot be read were passed in time; go on at NextOffset.'
      : 'Kafka did not answer in time.'
  const detail = `read of ${topic}-${partition} from offset ${offset}, now at ${nextOffset}`
  return new GatewayError('DEADLINE_EXCEEDED', message, { detail, headers: { NextOffset: String(nextOffset) } })
}

function checkPartition(metadata: TopicMetadata | null, topic: string, partition: number) {
  if (metadata === null) throw new GatewayError('TOPIC_NOT_FOUND', `Topic '${topic}' does not exist.`)
  const known = metadata.partitions[partition]
  if (known !== undefined) return known
  throw new GatewayError(
    'PARTITION_NOT_FOUND',
    `Topic '${topic}' has no partition ${partition}; it has ${metadata.partitions.length}.`
  )
}

function leaderless(detail: string): Trouble {
  return { code: 'LEADER_NOT_AVAILABLE', message: 'The partition has no leader that answers.', detail }
}
