import { Deadline } from '../core/deadline.ts'
import { GatewayError } from '../core/errors.ts'
import type { Meter } from '../core/meter.ts'
import type { Call } from '../core/principal.ts'
import type { RecordPage } from '../core/record-page.ts'
import type { Reads } from '../kafka/fetch/reads.ts'
import { ReadFailure } from '../kafka/fetch/read-failure.ts'
import type { MetadataCache } from '../kafka/metadata/metadata-cache.ts'
import type { OffsetLookup } from '../kafka/admin/list-offsets.ts'
import type { ReadRequest, Start } from './gateway.ts'
import { callerError } from './kafka-failures.ts'
import { beyondEnd, deadlineExceeded, isUnfinished, readError } from './read-errors.ts'
import { partitionNotFound, refuseInternal, topicNotFound } from './topic-access.ts'

/** Largest page, in bytes of keys and values and in records, however many records were asked for. */
export const PAGE_BYTES = 6 * 1024 * 1024
export const PAGE_RECORDS = 100_000
/** What is left of a request's time after a wait, to read what has come. */
const READ_MS = 1000

/** Reads a page of records from one partition. */
export class Consume {
  readonly #metadata: Pick<MetadataCache, 'peek' | 'topic' | 'refresh'>
  readonly #reads: Pick<Reads, 'read' | 'wait' | 'starts'>
  readonly #offsets: Pick<OffsetLookup, 'bounds' | 'offsetOf'>
  readonly #meter: Meter

  constructor(
    metadata: Pick<MetadataCache, 'peek' | 'topic' | 'refresh'>,
    reads: Pick<Reads, 'read' | 'wait' | 'starts'>,
    offsets: Pick<OffsetLookup, 'bounds' | 'offsetOf'>,
    meter: Meter
  ) {
    this.#metadata = metadata
    this.#reads = reads
    this.#offsets = offsets
    this.#meter = meter
  }

  async execute<T>(call: Call, read: ReadRequest, use: (page: RecordPage) => T): Promise<T> {
    const { topic, partition, from } = read
    refuseInternal(topic)
    try {
      let metadata = this.#metadata.peek(topic) ?? (await this.#metadata.topic(topic, call.deadline))
      if (metadata !== null && metadata.partitions[partition] === undefined)
        metadata = await this.#metadata.refresh(topic, call.deadline)
      if (metadata === null) throw topicNotFound(topic)
      refuseInternal(topic, metadata)
      if (metadata.partitions[partition] === undefined)
        throw partitionNotFound(topic, partition, metadata.partitions.length)
      if (typeof from === 'bigint')
        throw beyondEnd(read, from, await this.#offsets.bounds(topic, partition, call.deadline))
      if (typeof from === 'number') return await this.#page(call, read, from, use)
      return await this.#pageFrom(from, call, read, use)
    } catch (error) {
      throw callerError(error)
    }
  }

  async #pageFrom<T>(
    start: Exclude<Start, number>,
    call: Call,
    read: ReadRequest,
    use: (page: RecordPage) => T
  ): Promise<T> {
    for (;;) {
      const offset = await this.#offsetOf(call, read, start)
      try {
        return await this.#page(call, read, offset, use)
      } catch (error) {
        // Kafka has deleted records since it returned the offset. The caller named no offset, so ask again.
        if (!isOutOfRange(error) || call.deadline.passed) throw error
      }
    }
  }

  /** Reads a page. At the end of the log, waits for a record if the request says so. */
  async #page<T>(call: Call, read: ReadRequest, offset: number, use: (page: RecordPage) => T): Promise<T> {
    const limitMs = Math.min(read.wait?.limitMs ?? 0, call.deadline.remainingMs - READ_MS)
    if (limitMs <= 0) return this.#read(call, read, offset, use)
    const wait = { deadline: Deadline.after(limitMs), signal: read.wait?.signal }
    const { topic, partition } = read
    for (let from = offset; ;) {
      const found = await this.#read(call, read, from, page =>
        page.count === 0 ? { next: page.nextOffset } : { result: use(page) }
      )
      if ('result' in found) return found.result
      const [place] = await this.#reads.wait([{ topic, partition, offset: found.next }], 'committed', wait)
      if (place === undefined) return use(emptyPage(partition, found.next))
      from = place.offset
    }
  }

  async #read<T>(
    { deadline, trace }: Call,
    { topic, partition, count, bytes = PAGE_BYTES }: ReadRequest,
    offset: number,
    use: (page: RecordPage) => T
  ): Promise<T> {
    const startedMs = performance.now()
    let endedMs: number | undefined
    const limits = { records: Math.min(count, PAGE_RECORDS), bytes: Math.min(bytes, PAGE_BYTES) }
    try {
      const read = { topic, partition, offset, isolation: 'committed', limits, deadline, trace } as const
      return await this.#reads.read(read, (page, { end }) => {
        endedMs = performance.now()
        if (page.count === 0 && isUnfinished(end)) throw deadlineExceeded(end, page.nextOffset)
        this.#meter.consumed(topic, page.count, page.payloadBytes)
        return use(page)
      })
    } catch (error) {
      throw error instanceof ReadFailure ? readError(error, offset) : error
    } finally {
      this.#meter.read(((endedMs ?? performance.now()) - startedMs) / 1000)
    }
  }

  async #offsetOf(call: Call, { topic, partition }: ReadRequest, start: Exclude<Start, number>): Promise<number> {
    const { deadline } = call
    const offset =
      typeof start === 'string'
        ? await this.#offsets.offsetOf(topic, partition, start, deadline)
        : (await this.#reads.starts(topic, new Map([[partition, start]]), 'committed', deadline)).get(partition)
    if (offset === null || offset === undefined)
      throw new GatewayError('LEADER_NOT_AVAILABLE', `Partition ${partition} of topic '${topic}' has no leader.`)
    return offset
  }
}

function isOutOfRange(error: unknown): boolean {
  return error instanceof GatewayError && error.code === 'OFFSET_OUT_OF_RANGE'
}

function emptyPage(partition: number, nextOffset: number): RecordPage {
  const none = { offsets: new Float64Array(0), timestamps: new Float64Array(0), logAppendTime: new Uint8Array(0) }
  return { partition, count: 0, chunks: [], spans: new Int32Array(0), ...none, nextOffset, payloadBytes: 0 }
}
