import { setTimeout as sleep } from 'node:timers/promises'
import type { Deadline } from '../../core/deadline.ts'
import { GatewayError, type ErrorCode } from '../../core/errors.ts'
import type { Log } from '../../core/log.ts'
import { within } from '../../core/lib/within.ts'
import type { RecordPage } from '../../core/record-page.ts'
import type { OffsetLookup } from '../admin/list-offsets.ts'
import { isStaleMetadata, kafkaCode, kafkaErrorName } from '../codes.ts'
import type { MetadataCache } from '../metadata/metadata-cache.ts'
import type { TopicMetadata } from '../metadata/topic-metadata.ts'
import { AbortedFilter } from '../records/aborted-filter.ts'
import { decodeBatches } from '../records/decode-batches.ts'
import { PageBuilder } from '../records/page-builder.ts'
import type { Brokers } from '../transport/brokers.ts'
import { causeText, TransportError } from '../transport/transport-error.ts'
import { BrokerReads, type ReadResult } from './broker-reads.ts'

export interface PageRequest {
  readonly topic: string
  readonly partition: number
  readonly offset: number
  /** 1 and up; a page holds at most {@link PAGE_RECORDS}. */
  readonly count: number
  readonly deadline: Deadline
}

export const PAGE_BYTES = 6 * 1024 * 1024
export const PAGE_RECORDS = 100_000
/** A first guess of a record with its share of a batch. */
const BYTES_PER_RECORD = 1024
const FETCH_FIRST_BYTES = 64 * 1024
const FETCH_LIMIT_BYTES = 2 * 1024 * 1024
const PAUSE_FIRST_MS = 25
const PAUSE_LIMIT_MS = 500
const OFFSET_OUT_OF_RANGE = 1

/** What keeps a read from going on, for the answer at its deadline. */
interface Trouble {
  readonly code: ErrorCode
  readonly message: string
  readonly detail: string
}

/** Reads pages of committed records, with as many Fetch requests as that takes. */
export class Fetcher {
  readonly #brokers: Brokers
  readonly #metadata: MetadataCache
  readonly #offsets: OffsetLookup
  readonly #log: Log
  readonly #connectionsPerBroker: number
  readonly #reads = new Map<number, BrokerReads>()

  constructor(brokers: Brokers, metadata: MetadataCache, offsets: OffsetLookup, connectionsPerBroker: number, log: Log) {
    this.#brokers = brokers
    this.#metadata = metadata
    this.#offsets = offsets
    this.#connectionsPerBroker = connectionsPerBroker
    this.#log = log
  }

  /**
   * A page that is empty only where no readable record lies between the offset and the last stable offset.
   * Throws OFFSET_OUT_OF_RANGE, TOPIC_NOT_FOUND, PARTITION_NOT_FOUND, KAFKA_REFUSED, CORRUPT_DATA, LEADER_NOT_AVAILABLE,
   * KAFKA_UNAVAILABLE, and DEADLINE_EXCEEDED where only unreadable records were passed in time.
   */
  async read(request: PageRequest): Promise<RecordPage> {
    const page = new PageBuilder(request.partition, request.offset, { count: Math.min(request.count, PAGE_RECORDS), bytes: PAGE_BYTES })
    let maxBytes = Math.min(Math.max(request.count * BYTES_PER_RECORD, FETCH_FIRST_BYTES), FETCH_LIMIT_BYTES)
    let alone = false
    let setbacks = 0
    for (;;) {
      const outcome = await this.#step(request, page, maxBytes, alone)
      if (outcome === 'done') return page.build()
      if (outcome === 'more') {
        alone = false
        setbacks = 0
        if (request.deadline.passed) return this.#late(page, request)
      } else if (outcome === 'alone') {
        if (alone) maxBytes *= 2
        alone = true
      } else await this.#recover(request, page, outcome, setbacks++)
    }
  }

  async #step(request: PageRequest, page: PageBuilder, maxBytes: number, alone: boolean): Promise<'done' | 'more' | 'alone' | Trouble> {
    const { topic, partition, deadline } = request
    const metadata = this.#metadata.peek(topic) ?? (await this.#metadata.topic(topic, deadline))
    const known = checkPartition(metadata, topic, partition)
    if (known.leader < 0) return leaderless(`${topic}-${partition} has no leader`)
    const wanted = { topic, topicId: metadata?.id ?? null, partition, leaderEpoch: known.leaderEpoch, offset: page.nextOffset, maxBytes }
    let read: ReadResult
    try {
      read = await within(deadline, this.#readsFrom(known.leader).read(wanted, alone), late)
    } catch (error) {
      if (!(error instanceof TransportError)) throw error
      return { code: 'KAFKA_UNAVAILABLE', message: 'Kafka does not answer.', detail: causeText(error) }
    }
    const { errorCode } = read.result
    if (errorCode === 0) return absorb(read, page)
    if (errorCode === OFFSET_OUT_OF_RANGE) return this.#outOfRange(request, page.nextOffset)
    if (isStaleMetadata(errorCode)) return leaderless(`Fetch of ${topic}-${partition}: ${kafkaErrorName(errorCode)}`)
    const { error } = kafkaCode(errorCode)
    const detail = `Fetch of ${topic}-${partition}: ${kafkaErrorName(errorCode)}`
    if (error === 'KAFKA_REFUSED') throw new GatewayError(error, `Kafka does not let the gateway read topic '${topic}'.`, { detail })
    if (error === 'CORRUPT_DATA') throw new GatewayError(error, 'Kafka finds its own records corrupt.', { detail })
    return { code: 'KAFKA_UNAVAILABLE', message: 'Kafka does not answer.', detail }
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
      throw new GatewayError(trouble.code, trouble.message, { detail: trouble.detail, headers: { NextOffset: String(page.nextOffset) } })
    }
    await sleep(pauseMs)
    await this.#metadata.refresh(topic, deadline)
  }

  #late(page: PageBuilder, { deadline }: PageRequest): RecordPage {
    if (page.count > 0) return page.build()
    throw new GatewayError('DEADLINE_EXCEEDED', 'Only records that cannot be read were passed in time; go on at NextOffset.', {
      detail: `deadline ${deadline.atMs}`,
      headers: { NextOffset: String(page.nextOffset) }
    })
  }

  #readsFrom(brokerId: number): BrokerReads {
    let reads = this.#reads.get(brokerId)
    if (reads === undefined) {
      const channels = () =>
        Array.from({ length: this.#connectionsPerBroker }, (_, index) => this.#brokers.channel(brokerId, 'fetch', index))
      this.#reads.set(brokerId, (reads = new BrokerReads(channels)))
    }
    return reads
  }
}

/** Takes the records of an answer into the page and tells how to go on. */
function absorb({ result, alone }: ReadResult, page: PageBuilder): 'done' | 'more' | 'alone' {
  const { lastStableOffset, records, aborted } = result
  if (page.nextOffset >= lastStableOffset) return 'done'
  const before = page.nextOffset
  const { truncated } = decodeBatches(records, new AbortedFilter(aborted), page)
  if (page.full || page.nextOffset >= lastStableOffset) return 'done'
  if (page.nextOffset > before) return 'more'
  // Nothing came although something may be there: in a shared request Kafka may have had no room for this partition.
  if (!alone || truncated) return 'alone'
  page.nextOffset = lastStableOffset // a compacted gap reaches to the end
  return 'done'
}

function checkPartition(metadata: TopicMetadata | null, topic: string, partition: number) {
  if (metadata === null) throw new GatewayError('TOPIC_NOT_FOUND', `Topic '${topic}' does not exist.`)
  const known = metadata.partitions[partition]
  if (known !== undefined) return known
  throw new GatewayError('PARTITION_NOT_FOUND', `Topic '${topic}' has no partition ${partition}; it has ${metadata.partitions.length}.`)
}

function leaderless(detail: string): Trouble {
  return { code: 'LEADER_NOT_AVAILABLE', message: 'The partition has no leader that answers.', detail }
}

const late = () => new TransportError('the deadline passed', true)
