import type { ByteBudget } from '../../core/byte-budget.ts'
import type { Deadline } from '../../core/deadline.ts'
import type { Log } from '../../core/log.ts'
import { type Meter, noMeter } from '../../core/meter.ts'
import type { RecordPage } from '../../core/record-page.ts'
import { KafkaFailure } from '../kafka-failure.ts'
import { PageBuilder } from '../records/page-builder.ts'
import { BatchCache } from './batch-cache.ts'
import { FetchSizes } from './fetch-sizes.ts'
import { LeaderReads } from './leader-reads.ts'
import { PartitionRead, type ReadTools } from './partition-read.ts'
import type { Place } from './place.ts'
import type { FetchBrokers, FetchMetadata, FetchOffsets } from './ports.ts'
import { readMany, type UsePart } from './read-many.ts'
import { scanOf, type Isolation, type PageEnd, type ReadManyOptions, type ReadRequest } from './read-request.ts'
import { RemoteParts } from './remote-parts.ts'
import { findStarts, type Start } from './starts.ts'
import { Waits, type WaitOptions } from './waits.ts'

export interface ReadsOptions {
  readonly connectionsPerBroker: number
  /** Of the connections, for each request. */
  readonly requestTimeoutMs: number
  /** Of {@link BatchCache}. */
  readonly cacheBytes: number
  /** Shared with the caches of other identities. */
  readonly cacheBudget?: ByteBudget | undefined
}

/** Reads records, and waits for them: the only one that fetches. Reads that begin together travel together. */
export class Reads {
  readonly #tools: ReadTools
  readonly #waits: Waits

  constructor(
    brokers: FetchBrokers,
    metadata: FetchMetadata,
    offsets: FetchOffsets,
    { connectionsPerBroker, requestTimeoutMs, cacheBytes, cacheBudget }: ReadsOptions,
    log: Log,
    meter: Meter = noMeter
  ) {
    this.#tools = {
      metadata,
      offsets,
      reads: new LeaderReads(brokers, connectionsPerBroker),
      remoteParts: new RemoteParts(offsets),
      sizes: new FetchSizes(),
      kept: new BatchCache(cacheBytes, undefined, cacheBudget),
      log,
      meter
    }
    this.#waits = new Waits({ ...this.#tools, brokers, requestTimeoutMs })
  }

  /** Memory of the batches that are kept. */
  get keptBytes(): number {
    return this.#tools.kept.heldBytes
  }

  /** See {@link findStarts}. */
  starts(
    topic: string,
    from: ReadonlyMap<number, Start>,
    isolation: Isolation,
    deadline: Deadline
  ): Promise<ReadonlyMap<number, number>> {
    const read = this.read.bind(this)
    return findStarts({ ...this.#tools, read }, topic, from, isolation, deadline)
  }

  /**
   * Reads until a limit, the end of the log, or the deadline. The page is empty only if there is nothing to read before
   * its `nextOffset`. What fails after the first record ends the page. Page and memory are `use`'s until that returns.
   *
   * Throws a ReadFailure, or the KafkaFailure of the metadata, if nothing was read.
   */
  async read<T>(request: ReadRequest, use: (page: RecordPage, end: PageEnd) => T): Promise<T> {
    const page = new PageBuilder(request.partition, request.offset, request.limits, request.filter)
    const read = new PartitionRead(this.#tools, request, page)
    try {
      const end = await read.fill().catch((error: unknown) => this.#endBefore(error, request, page))
      return use(page.build(), { end, ...scanOf(page), ...read.bounds })
    } finally {
      page.recycle()
    }
  }

  /**
   * Reads from many places at once. The limits hold for all of them together, and are shared among those that have
   * something. Calls `use` once a place, in the order given, when all is read; pages and memory are `use`'s until it returns.
   *
   * Rejects for no place: one that cannot be read ends with `failure`, and one that others do not wait for any more with
   * `late`. Partitions in trouble are tried until the deadline only while no other has brought a record.
   */
  readMany(places: readonly Place[], options: ReadManyOptions, use: UsePart): Promise<void> {
    return readMany(this.#tools, places, options, use)
  }

  /** See {@link Waits.wait}. */
  wait(places: readonly Place[], isolation: Isolation, options: WaitOptions): Promise<readonly Place[]> {
    return this.#waits.wait(places, isolation, options)
  }

  /** Ends all waits, and lets go of what is kept. */
  close(): void {
    this.#waits.close()
    this.#tools.kept.clear()
  }

  #endBefore(error: unknown, { topic, partition }: ReadRequest, { count }: PageBuilder): 'failure' {
    if (count === 0 || !(error instanceof KafkaFailure)) throw error
    this.#tools.log.debug(
      { topic, partition, cause: error.message, detail: error.detail },
      'A page ends before an error'
    )
    return 'failure'
  }
}
