import { GatewayError } from '../core/errors.ts'
import type { Meter } from '../core/meter.ts'
import type { Call } from '../core/principal.ts'
import type { RecordPage } from '../core/record-page.ts'
import type { Fetcher } from '../kafka/fetch/fetcher.ts'
import type { MetadataCache } from '../kafka/metadata/metadata-cache.ts'
import type { OffsetLookup } from '../kafka/admin/list-offsets.ts'
import type { ReadRequest } from './gateway.ts'
import { partitionNotFound, refuseInternal, topicNotFound } from './topic-access.ts'

/** Reads a page from any offset of one partition. */
export class Consume {
  readonly #metadata: MetadataCache
  readonly #fetcher: Fetcher
  readonly #offsets: OffsetLookup
  readonly #meter: Meter

  constructor(metadata: MetadataCache, fetcher: Fetcher, offsets: OffsetLookup, meter: Meter) {
    this.#metadata = metadata
    this.#fetcher = fetcher
    this.#offsets = offsets
    this.#meter = meter
  }

  async execute<T>(call: Call, read: ReadRequest, use: (page: RecordPage) => T): Promise<T> {
    const { topic, partition, count } = read
    refuseInternal(topic)
    let known = this.#metadata.peek(topic) ?? (await this.#metadata.topic(topic, call.deadline))
    if (known !== null && known.partitions[partition] === undefined)
      known = await this.#metadata.refresh(topic, call.deadline)
    if (known === null) throw topicNotFound(topic)
    if (known.partitions[partition] === undefined) throw partitionNotFound(topic, partition, known.partitions.length)
    const offset = typeof read.from === 'number' ? read.from : await this.#bound(call, read, read.from)
    const { deadline, trace } = call
    const startedMs = performance.now()
    let endedMs: number | undefined
    try {
      return await this.#fetcher.read({ topic, partition, offset, count, deadline, trace }, page => {
        endedMs = performance.now()
        this.#meter.consumed(topic, page.count, page.payloadBytes)
        return use(page)
      })
    } finally {
      this.#meter.read(((endedMs ?? performance.now()) - startedMs) / 1000)
    }
  }

  async #bound(call: Call, { topic, partition }: ReadRequest, which: 'earliest' | 'latest'): Promise<number> {
    const found = await this.#offsets.offsetOf(topic, partition, which, call.deadline)
    if (found === null)
      throw new GatewayError('LEADER_NOT_AVAILABLE', `Partition ${partition} of topic '${topic}' has no leader.`)
    return found
  }
}
