import type { Deadline } from '../../core/deadline.ts'
import { MergedQuestions } from '../../core/lib/merged-questions.ts'
import { recent } from '../../core/lib/recent.ts'
import { within } from '../../core/lib/within.ts'
import type { Log } from '../../core/log.ts'
import { LEADER_NOT_AVAILABLE, TOPIC_AUTHORIZATION_FAILED } from '../kafka-errors.ts'
import { KafkaFailure } from '../kafka-failure.ts'
import { AnyBroker } from '../transport/any-broker.ts'
import type { BrokerChannel } from '../transport/broker-channel.ts'
import type { Brokers } from '../transport/brokers.ts'
import { causeText, TransportError } from '../transport/transport-error.ts'
import { unreachable } from '../transport/unavailable.ts'
import type { LeaderHint } from './leader-hints.ts'
import { askMetadata, type MetadataAnswer } from './metadata-message.ts'
import { MissBucket } from './miss-bucket.ts'
import type { TopicMetadata } from './topic-metadata.ts'
import { TopicStore, type TopicListener } from './topic-store.ts'

/** Kafka describes a topic with error 5 too: it has just been created, or its partitions have no leader yet. */
const DESCRIBED_ERRORS: ReadonlySet<number> = new Set([0, LEADER_NOT_AVAILABLE])
const REFRESH_GAP_MS = 100
const MISS_BELIEVED_MS = 1000
const MISSES_LIMIT = 10_000
/** Names of the questions that are about no topic. */
const EVERYTHING = ' everything'
const CLUSTER = ' cluster'

/** What Kafka says of a topic; null if it does not exist. */
interface Verdict {
  readonly topic: TopicMetadata | null
}

/**
 * Metadata of topics. Cached topics are returned at once and refreshed in the background. For any other one broker is asked,
 * and a second one before the topic is said not to exist: a broker may lag behind.
 */
export class MetadataCache {
  readonly #brokers: Brokers
  readonly #anyBroker: AnyBroker
  readonly #log: Log
  readonly #store: TopicStore
  readonly #bucket = new MissBucket()
  /** Topics that two brokers did not know. A request that failed proves nothing, so its names are not here. */
  readonly #missed = recent<string, true>(MISSES_LIMIT, { ttl: MISS_BELIEVED_MS })
  readonly #fresh: MergedQuestions<Verdict>
  readonly #misses: MergedQuestions<Verdict>
  readonly #whole: MergedQuestions<MetadataAnswer>
  #clusterId: string | null = null

  constructor(brokers: Brokers, log: Log, maxTopics = 10_000) {
    this.#brokers = brokers
    this.#anyBroker = new AnyBroker(brokers)
    this.#log = log
    this.#store = new TopicStore(maxTopics)
    const ask = (names: readonly string[], deadline: Deadline) => this.#askTopics(names, deadline)
    this.#fresh = new MergedQuestions({ ask, gapMs: REFRESH_GAP_MS, overloaded })
    this.#misses = new MergedQuestions({ ask, holdMs: () => this.#bucket.waitMs, overloaded })
    this.#whole = new MergedQuestions({ ask: (names, deadline) => this.#askWhole(names, deadline), overloaded })
  }

  /** The cluster's id, as last answered; null before, and for clusters without one. */
  get clusterId(): string | null {
    return this.#clusterId
  }

  /** The topics that are refreshed in the background. */
  get names(): string[] {
    return this.#store.names
  }

  onTopicChange(listener: TopicListener): void {
    this.#store.onChange(listener)
  }

  /** Returns the cached topic; undefined if it is not cached, though Kafka may have it. */
  peek(name: string): TopicMetadata | undefined {
    return this.#store.peek(name)
  }

  /** Returns the cached topic, else asks Kafka; null if two brokers do not know it. Throws KafkaFailure. */
  async topic(name: string, deadline: Deadline): Promise<TopicMetadata | null> {
    const cached = this.#store.peek(name)
    if (cached !== undefined) return cached
    if (this.#bucket.waitMs > 0 && this.#missed.has(name)) return null
    return (await this.#inTime(deadline, this.#misses.ask(name, deadline))).topic
  }

  /**
   * Asks Kafka, at most ten times a second for each topic, in one request with other topics. Returns null if the topic does
   * not exist; if it is cached, only once a second broker does not know it either.
   */
  async refresh(name: string, deadline: Deadline): Promise<TopicMetadata | null> {
    return (await this.#inTime(deadline, this.#fresh.ask(name, deadline))).topic
  }

  /** Asks for all topics and brokers. */
  everything(deadline: Deadline): Promise<MetadataAnswer> {
    return this.#inTime(deadline, this.#whole.ask(EVERYTHING, deadline))
  }

  /** Asks for the brokers and the controller. */
  cluster(deadline: Deadline): Promise<MetadataAnswer> {
    return this.#inTime(deadline, this.#whole.ask(CLUSTER, deadline))
  }

  /** Asks one broker about all cached topics, and a second one about those that the first does not know. */
  async refreshAll(deadline: Deadline): Promise<void> {
    this.#store.sweep()
    const { names } = this.#store
    const answer = await this.#anyBroker.ask(deadline, channel => this.#metadata(channel, names))
    const missing: string[] = []
    for (const name of names) {
      const described = answer.topics.get(name)
      if (described !== undefined && DESCRIBED_ERRORS.has(described.errorCode)) this.#store.put(described.topic)
      // Reported to callers of this topic only: it says nothing about the cluster's health.
      else if (described?.errorCode !== TOPIC_AUTHORIZATION_FAILED) missing.push(name)
    }
    await Promise.all(missing.map(name => this.refresh(name, deadline)))
  }

  /**
   * Takes up the leaders of later epochs that a broker names (KIP-951), as far as their addresses are known. Leaves a topic
   * as it is that is not cached, or under another id. Returns whether brokers other than that one lead the partitions now.
   */
  learnLeaders(name: string, { topicId, leaders, nodes, from }: LeaderHint): boolean {
    this.#brokers.learn(nodes, `an answer of broker ${from}`)
    const reachable = [...leaders].filter(([, { id }]) => this.#brokers.nodes.has(id))
    this.#store.lead(name, topicId, new Map(reachable))
    const { partitions = [] } = this.#store.peek(name) ?? {}
    return [...leaders.keys()].every(partition => {
      const leader = partitions[partition]?.leader ?? -1
      return leader >= 0 && leader !== from
    })
  }

  /** Drops a topic that was deleted through this gateway, and tells listeners that it is gone. */
  forget(name: string): void {
    this.#store.remove(name)
  }

  #inTime<T>(deadline: Deadline, answer: Promise<T>): Promise<T> {
    return within(deadline, answer, () => unreachable(new TransportError('No broker answered in time', true)))
  }

  async #metadata(channel: BrokerChannel, names: readonly string[] | null): Promise<MetadataAnswer> {
    const answer = await askMetadata(channel, names)
    this.#brokers.update(answer.brokers, channel.endpoint.address)
    this.#clusterId = answer.clusterId ?? this.#clusterId
    return answer
  }

  async #askWhole(names: readonly string[], deadline: Deadline): Promise<Map<string, MetadataAnswer>> {
    const wanted = names.includes(EVERYTHING) ? null : []
    const answer = await this.#anyBroker.ask(deadline, channel => this.#metadata(channel, wanted))
    return new Map(names.map(name => [name, answer]))
  }

  async #askTopics(names: readonly string[], deadline: Deadline): Promise<Map<string, Verdict | Error>> {
    const { channel: first, answer } = await this.#anyBroker.ask(deadline, async channel => {
      return { channel, answer: await this.#metadata(channel, names) }
    })
    const verdicts = new Map<string, Verdict | Error>()
    let unknown = this.#judge(names, answer, verdicts)
    if (unknown.length === 0) return verdicts
    this.#bucket.take()
    const askers = new Set([first.endpoint.brokerId])
    askers.delete(undefined)
    for (const channel of this.#otherBrokers(first)) {
      if (unknown.length === 0 || this.#agree(askers)) break
      try {
        const second = await this.#anyBroker.askOne(channel, deadline, other => this.#metadata(other, unknown))
        unknown = this.#judge(unknown, second, verdicts)
        askers.add(channel.endpoint.brokerId)
      } catch (error) {
        this.#log.debug({ cause: causeText(error) }, 'A second broker could not be asked for metadata')
      }
    }
    const certain = this.#agree(askers)
    for (const name of unknown) verdicts.set(name, this.#unknown(name, certain))
    return verdicts
  }

  /** Returns the brokers that can give a second opinion. A bootstrap address may be another name of the first: it cannot. */
  #otherBrokers(first: BrokerChannel): BrokerChannel[] {
    return this.#brokers.anyChannels().filter(({ resting, endpoint: { brokerId } }) => {
      return !resting && brokerId !== undefined && brokerId !== first.endpoint.brokerId
    })
  }

  /** Returns whether two different brokers have answered, or the only one. */
  #agree(askers: ReadonlySet<unknown>): boolean {
    return askers.size >= Math.min(2, this.#brokers.nodes.size) || this.#brokers.nodes.size <= 1
  }

  /** Adds a verdict for each topic that the answer describes or refuses. Returns the names that the broker does not know. */
  #judge(names: readonly string[], answer: MetadataAnswer, verdicts: Map<string, Verdict | Error>): string[] {
    return names.filter(name => {
      const described = answer.topics.get(name)
      if (described?.errorCode === TOPIC_AUTHORIZATION_FAILED) {
        const options = { kafkaCode: TOPIC_AUTHORIZATION_FAILED }
        verdicts.set(name, new KafkaFailure('refused', `Kafka does not permit describing topic '${name}'.`, options))
      } else if (described !== undefined && DESCRIBED_ERRORS.has(described.errorCode)) {
        verdicts.set(name, { topic: this.#store.put(described.topic) })
      } else return true
      return false
    })
  }

  /** Returns the verdict on a topic that no broker knew. A cached one stays unless two brokers have answered. */
  #unknown(name: string, certain: boolean): Verdict {
    const cached = this.#store.peek(name)
    if (!certain) return { topic: cached ?? null }
    this.#missed.set(name, true)
    if (cached !== undefined) this.#store.remove(name)
    return { topic: null }
  }
}

function overloaded(): KafkaFailure {
  return new KafkaFailure('busy', 'Too many questions wait for Kafka.')
}
