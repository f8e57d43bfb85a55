import type { KafkaConfig } from '../config/schema.ts'
import type { ByteBudget } from '../core/byte-budget.ts'
import { Deadline } from '../core/deadline.ts'
import type { KafkaIdentity } from '../core/kafka-identity.ts'
import type { Log } from '../core/log.ts'
import { type Meter, noMeter } from '../core/meter.ts'
import { OffsetLookup } from './admin/list-offsets.ts'
import { TopicAdmin } from './admin/topic-admin.ts'
import { TopicConfigs } from './admin/topic-configs.ts'
import { Reads } from './fetch/reads.ts'
import { Groups, type GroupsOptions } from './groups/groups.ts'
import type { KafkaFailure } from './kafka-failure.ts'
import { MetadataCache } from './metadata/metadata-cache.ts'
import { MetadataRefresher } from './metadata/metadata-refresher.ts'
import { Accumulator } from './produce/accumulator.ts'
import { askProducerId } from './produce/init-producer-id.ts'
import { MessageLimits } from './produce/message-limits.ts'
import { AnyBroker } from './transport/any-broker.ts'
import type { BrokerAddress } from './transport/broker-connection.ts'
import { Brokers, type BrokersSettings } from './transport/brokers.ts'

/** Then the question is asked again, after a pause. */
const PRODUCER_ID_LIMIT_MS = 5000

/** To one broker, unless the settings say otherwise. */
const JOIN_CONNECTIONS = 256

/** What belongs to the cluster, whoever connects to it. */
export type ClusterSettings = BrokersSettings &
  Partial<GroupsOptions> &
  Omit<KafkaConfig, 'tls' | 'sasl' | CallerKeys> & {
    /** Kept batches come from it; other identities may share it. */
    readonly cacheBudget?: ByteBudget
  }

/** What is about identities of callers, and not about a cluster. */
type CallerKeys = 'identity' | 'callerMechanism' | 'tokenAudience' | 'credentials' | 'identityMap' | 'identities'

/**
 * Everything that talks to one Kafka cluster as one identity, wired up. There may be several in a process: they share no
 * connection, no metadata, no cached batch and no producer id, because Kafka lets each identity see something else.
 */
export class Cluster {
  readonly metadata: MetadataCache
  readonly offsets: OffsetLookup
  readonly topics: TopicAdmin
  readonly topicConfigs: TopicConfigs
  readonly reads: Reads
  readonly accumulator: Accumulator
  readonly groups: Groups
  readonly #brokers: Brokers
  readonly #refresher: MetadataRefresher

  constructor(settings: ClusterSettings, identity: KafkaIdentity, log: Log, meter: Meter = noMeter) {
    const brokers = new Brokers(settings, identity, log, meter)
    const anyBroker = new AnyBroker(brokers)
    const limits = new MessageLimits(anyBroker)
    this.#brokers = brokers
    this.metadata = new MetadataCache(brokers, log, settings.metadataMaxTopics)
    this.#refresher = new MetadataRefresher(this.metadata, brokers, settings.metadataMaxAgeMs, log)
    this.offsets = new OffsetLookup(brokers, this.metadata)
    this.topics = new TopicAdmin(brokers, this.metadata, this.offsets, log)
    this.topicConfigs = new TopicConfigs(anyBroker)
    const reading = {
      connectionsPerBroker: settings.fetchConnectionsPerBroker,
      requestTimeoutMs: settings.requestTimeoutMs,
      cacheBytes: settings.fetchCacheBytes,
      cacheBudget: settings.cacheBudget
    }
    this.reads = new Reads(brokers, this.metadata, this.offsets, reading, log, meter)
    this.groups = new Groups(brokers, anyBroker, this.metadata, log, {
      joinConnections: settings.joinConnections ?? JOIN_CONNECTIONS
    })
    this.accumulator = new Accumulator(
      {
        channel: (brokerId, index) => brokers.channel(brokerId, 'produce', index),
        peek: topic => this.metadata.peek(topic),
        refresh: (topic, deadline) => this.metadata.refresh(topic, deadline),
        learnLeaders: (topic, hint) => this.metadata.learnLeaders(topic, hint),
        maxMessageBytes: topic => limits.of(topic),
        initProducerId: () => anyBroker.ask(Deadline.after(PRODUCER_ID_LIMIT_MS), askProducerId),
        meter,
        onTopicChange: listener => this.metadata.onTopicChange(listener)
      },
      { ...settings, connectionsPerBroker: settings.produceConnectionsPerBroker },
      log
    )
  }

  /** The cluster's own id; null before Kafka has answered. */
  get id(): string | null {
    return this.metadata.clusterId
  }

  /** A broker has answered at its advertised address within the last seconds. */
  get ready(): boolean {
    return this.#refresher.ready
  }

  /** Why it is not ready, for operators, without addresses; undefined while it is. */
  get trouble(): string | undefined {
    return this.#refresher.trouble
  }

  /** The failure of requests while Kafka is known to be away: they would wait in vain. Undefined while it is not. */
  get outage(): KafkaFailure | undefined {
    return this.#refresher.outage
  }

  /** The addresses at which brokers can be asked; empty before Kafka has answered. */
  get brokers(): readonly BrokerAddress[] {
    return [...this.#brokers.nodes.values()]
  }

  /** Calls `listener` whenever a broker does not take the credentials. */
  onRefused(listener: () => void): void {
    this.#brokers.onRefused(listener)
  }

  /** Call at each use of a cluster that is not started: nothing else refreshes what it knows. */
  used(): void {
    this.#refresher.used()
  }

  /** Open connections. */
  get connections(): number {
    return this.#brokers.connections
  }

  /**
   * Begins to look after it without being asked. Resolves after the first attempt to reach Kafka; a cluster that is down is
   * tried again until it is there. `writes`: asks for a producer id before the first record needs one.
   */
  async start({ writes = true } = {}): Promise<void> {
    await this.#refresher.start()
    if (writes && !this.#brokers.closed) this.accumulator.warm()
  }

  /** Closes the connections at once, as it must not show its credentials any more. Resolves as {@link close} does. */
  async end(): Promise<void> {
    await this.#brokers.close()
    await this.close()
  }

  /** Resolves once every record under way has met its fate and the connections are closed. */
  async close(): Promise<void> {
    this.reads.close()
    await this.accumulator.close()
    this.groups.close()
    this.#refresher.close()
    await this.#brokers.close()
  }
}
