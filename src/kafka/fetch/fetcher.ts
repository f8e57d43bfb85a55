import { GatewayError } from '../../core/errors.ts'
import type { Log } from '../../core/log.ts'
import { type Meter, noMeter } from '../../core/meter.ts'
import type { RecordPage } from '../../core/record-page.ts'
import { PageBuilder } from '../records/page-builder.ts'
import { BatchCache } from './batch-cache.ts'
import { FetchSizes } from './fetch-sizes.ts'
import { LeaderReads } from './leader-reads.ts'
import { PartitionRead, type PageRequest, type ReadTools } from './partition-read.ts'
import type { FetchBrokers, FetchMetadata, FetchOffsets } from './ports.ts'
import { RemoteParts } from './remote-parts.ts'

export interface FetcherOptions {
  readonly connectionsPerBroker: number
  /** Of {@link BatchCache}. */
  readonly cacheBytes: number
}

/** A page ends here, however many records were asked for. */
export const PAGE_BYTES = 6 * 1024 * 1024
export const PAGE_RECORDS = 100_000

/** Reads pages of committed records, with as many Fetch requests as that takes. */
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
   * A page that is empty only if no readable record lies between the offset and the last stable offset. An error
   * behind the first record ends the page: the next read meets it. The page is `use`'s until that returns.
   *
   * Throws OFFSET_OUT_OF_RANGE, TOPIC_NOT_FOUND, PARTITION_NOT_FOUND, KAFKA_REFUSED, CORRUPT_DATA, LEADER_NOT_AVAILABLE,
   * KAFKA_UNAVAILABLE, OVERLOADED, and DEADLINE_EXCEEDED if Kafka did not answer, did not bring the records from remote
   * storage, or only unreadable records were passed in time; those that end at the deadline carry the header `NextOffset`.
   */
  async read<T>(request: PageRequest, use: (page: RecordPage) => T): Promise<T> {
    const limits = { count: Math.min(request.count, PAGE_RECORDS), bytes: PAGE_BYTES }
    const page = new PageBuilder(request.partition, request.offset, limits)
    try {
      await new PartitionRead(this.#tools, request, page).fill().catch((error: unknown) => {
        if (page.count === 0 || !(error instanceof GatewayError)) throw error
        const { code, detail } = error
        this.#tools.log.debug({ topic: request.topic, code, detail }, 'A page ends before an error')
      })
      return use(page.build())
    } finally {
      page.recycle()
    }
  }
}
