import type { Log } from '../../core/log.ts'
import { type Meter, noMeter } from '../../core/meter.ts'
import type { RecordPage } from '../../core/record-page.ts'
import { KafkaFailure } from '../kafka-failure.ts'
import { PageBuilder } from '../records/page-builder.ts'
import { BatchCache } from './batch-cache.ts'
import { FetchSizes } from './fetch-sizes.ts'
import { LeaderReads } from './leader-reads.ts'
import { PartitionRead, type ReadTools } from './partition-read.ts'
import type { FetchBrokers, FetchMetadata, FetchOffsets } from './ports.ts'
import type { PageEnd, ReadRequest } from './read-request.ts'
import { RemoteParts } from './remote-parts.ts'

export interface FetcherOptions {
  readonly connectionsPerBroker: number
  /** Of {@link BatchCache}. */
  readonly cacheBytes: number
}

/** Reads pages of records, with as many Fetch requests as that takes. Reads that begin together travel together. */
export class Fetcher {
  readonly #tools: ReadTools

  constructor(
    brokers: FetchBrokers,
    metadata: FetchMetadata,
    offsets: FetchOffsets,
    { connectionsPerBroker, cacheBytes }: FetcherOptions,
    log: Log,
    meter: Meter = noMeter
  ) {
    this.#tools = {
      metadata,
      offsets,
      reads: new LeaderReads(brokers, connectionsPerBroker),
      remoteParts: new RemoteParts(offsets),
      sizes: new FetchSizes(),
      kept: new BatchCache(cacheBytes),
      log,
      meter
    }
  }

  /**
   * Reads until a limit, the end of the log, or the deadline. The page is empty only if there is nothing to read before
   * its `nextOffset`. What fails behind the first record ends the page. Page and memory are `use`'s until that returns.
   *
   * Throws a ReadFailure, or the KafkaFailure of the metadata, if nothing was read.
   */
  async read<T>(request: ReadRequest, use: (page: RecordPage, end: PageEnd) => T): Promise<T> {
    const page = new PageBuilder(request.partition, request.offset, request.limits, request.filter)
    const read = new PartitionRead(this.#tools, request, page)
    try {
      const end = await read.fill().catch((error: unknown) => this.#endBefore(error, request, page))
      return use(page.build(), { end, ...read.bounds })
    } finally {
      page.recycle()
    }
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
