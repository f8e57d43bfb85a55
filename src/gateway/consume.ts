import { GatewayError } from '../core/errors.ts'
import type { Meter } from '../core/meter.ts'
import type { Call } from '../core/principal.ts'
import type { RecordPage } from '../core/record-page.ts'
import type { OffsetLookup } from '../kafka/admin/list-offsets.ts'
import { ReadFailure } from '../kafka/fetch/read-failure.ts'
import type { Reads } from '../kafka/fetch/reads.ts'
import type { MetadataCache } from '../kafka/metadata/metadata-cache.ts'
import type { ReadRequest, Start } from './gateway.ts'
import { callerError } from './kafka-failures.ts'
import { beyondEnd, deadlineExceeded, isUnfinished, readError } from './read-errors.ts'
import { partitionNotFound, refuseInternal, topicNotFound } from './topic-access.ts'

/** Largest page, in bytes of keys and values and in records, however many records were asked for. */
export const PAGE_BYTES = 6 * 1024 * 1024
export const PAGE_RECORDS = 100_000

/** Reads a page of records from one partition. */
export class Consume {
  readonly #metadata: Pick<MetadataCache, 'peek' | 'topic' | 'refresh'>
  readonly #reads: Pick<Reads, 'read' | 'starts'>
  readonly #offsets: Pick<OffsetLookup, 'bounds' | 'offsetOf'>
  readonly #meter: Meter

  constructor(
    metadata: Pick<MetadataCache, 'peek' | 'topic' | 'refresh'>,
    reads: Pick<Reads, 'read' | 'starts'>,
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
      if (typeof from === 'number') return await this.#read(call, read, from, use)
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
        return await this.#read(call, read, offset, use)
      } catch (error) {
        // Kafka has deleted records since it returned the offset. The caller named no offset, so ask again.
        if (!isOutOfRange(error) || call.deadline.passed) throw error
      }
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
