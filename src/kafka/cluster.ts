import type { KafkaConfig } from '../config/schema.ts'
import type { Log } from '../core/log.ts'
import { type Meter, noMeter } from '../core/meter.ts'
import { OffsetLookup } from './admin/list-offsets.ts'
import { TopicAdmin } from './admin/topic-admin.ts'
import { Fetcher } from './fetch/fetcher.ts'
import { MetadataCache } from './metadata/metadata-cache.ts'
import { MetadataRefresher } from './metadata/metadata-refresher.ts'
import { Accumulator } from './produce/accumulator.ts'
import { askProducerId } from './produce/init-producer-id.ts'
import { MessageLimits } from './produce/message-limits.ts'
import { Brokers } from './transport/brokers.ts'

/** Everything that talks to one Kafka cluster under one identity, wired up. */
export class Cluster {
  readonly metadata: MetadataCache
  readonly offsets: OffsetLookup
  readonly topics: TopicAdmin
  readonly fetcher: Fetcher
  readonly accumulator: Accumulator
  readonly #brokers: Brokers
  readonly #refresher: MetadataRefresher

  constructor(config: KafkaConfig, log: Log, meter: Meter = noMeter) {
    const brokers = new Brokers(config, meter)
    const limits = new MessageLimits(brokers)
    this.#brokers = brokers
    this.metadata = new MetadataCache(brokers, log)
    this.#refresher = new MetadataRefresher(this.metadata, config.metadataMaxAgeMs, log)
    this.offsets = new OffsetLookup(brokers, this.metadata)
    this.topics = new TopicAdmin(brokers, this.metadata, this.offsets, log)
    const reading = { connectionsPerBroker: config.fetchConnectionsPerBroker, cacheBytes: config.fetchCacheBytes }
    this.fetcher = new Fetcher(brokers, this.metadata, this.offsets, reading, log, meter)
    this.accumulator = new Accumulator(
      {
        channel: (brokerId, index) => brokers.channel(brokerId, 'produce', index),
        peek: topic => this.metadata.peek(topic),
        refresh: (topic, deadline) => this.metadata.refresh(topic, deadline),
        maxMessageBytes: topic => limits.of(topic),
        initProducerId: () => askProducerId(brokers.anyChannels()[0]),
        meter,
        onTopicChange: listener => this.metadata.onTopicChange(listener)
      },
      { ...config, connectionsPerBroker: config.produceConnectionsPerBroker },
      log
    )
  }

  /** Kafka has answered within the last seconds. */
  get ready(): boolean {
    return this.#refresher.ready
  }

  /** Resolves after the first attempt to reach Kafka; a cluster that is down is tried again until it is there. */
  async start(): Promise<void> {
    await this.#refresher.start()
    this.accumulator.warm()
  }

  /** Resolves once every record under way has met its fate and the connections are closed. */
  async close(): Promise<void> {
    await this.accumulator.close()
    this.#refresher.close()
    await this.#brokers.close()
  }
}
