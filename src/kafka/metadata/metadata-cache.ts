import { performance } from 'node:perf_hooks'
import { setTimeout as sleep } from 'node:timers/promises'
import { Deadline } from '../../core/deadline.ts'
import { GatewayError } from '../../core/errors.ts'
import { within } from '../../core/lib/within.ts'
import type { Log } from '../../core/log.ts'
import type { BrokerChannel } from '../transport/broker-channel.ts'
import type { Brokers } from '../transport/brokers.ts'
import { causeText, TransportError } from '../transport/transport-error.ts'
import { askMetadata, type MetadataAnswer } from './metadata-message.ts'
import type { TopicMetadata } from './topic-metadata.ts'
import { TopicStore, type TopicListener } from './topic-store.ts'

const TOPIC_AUTHORIZATION_FAILED = 29
/** A topic that has just been created, or whose partitions have no leader yet, is described all the same. */
const DESCRIBED_ERRORS: ReadonlySet<number> = new Set([0, 5])
const REFRESH_GAP_MS = 100
const MISSES_PER_SECOND = 20
const MISS_BELIEVED_MS = 1000
const LIMIT_QUESTIONS = 10_000
const RETRY_PAUSE_MS = 100
/** A broker that does not answer for so long is passed over for another (it may be frozen, its connections open); doubled each round. */
const PATIENCE_MS = 1000

/**
 * What the gateway knows of topics. Hits are answered at once and kept fresh in the background; a miss asks one broker,
 * and a second one before a topic is said not to exist.
 */
export class MetadataCache {
  readonly #brokers: Brokers
  readonly #log: Log
  readonly #store = new TopicStore()
  readonly #asking = new Map<string, Promise<TopicMetadata | null>>()
  readonly #askedAtMs = new Map<string, number>()
  /** Only what two brokers did not know: a question that failed says nothing. */
  readonly #missedAtMs = new Map<string, number>()
  #missesInSecond = 0
  #missSecond = 0

  constructor(brokers: Brokers, log: Log) {
    this.#brokers = brokers
    this.#log = log
  }

  /** The names that are kept fresh. */
  get names(): string[] {
    return this.#store.names
  }

  onTopicChange(listener: TopicListener): void {
    this.#store.onChange(listener)
  }

  /** The cached topic; undefined where it is not known here, which says nothing of Kafka. */
  peek(name: string): TopicMetadata | undefined {
    return this.#store.peek(name)
  }

  /** The cached topic, else what Kafka says; null once two brokers do not know it. Throws KAFKA_UNAVAILABLE, KAFKA_REFUSED. */
  async topic(name: string, deadline: Deadline): Promise<TopicMetadata | null> {
    const known = this.#store.peek(name)
    if (known !== undefined) return known
    if (!this.#asking.has(name) && this.#missedJustNow(name)) return null
    return this.#join(name, deadline, 0)
  }

  /** What Kafka says now; merged with a question that is under way, and not more often than ten times a second a topic. */
  async refresh(name: string, deadline: Deadline): Promise<TopicMetadata | null> {
    return this.#join(name, deadline, REFRESH_GAP_MS)
  }

  /** Every topic and broker, as Kafka says now. */
  async everything(deadline: Deadline): Promise<MetadataAnswer> {
    const answer = await this.#fromAny(deadline, channel => askMetadata(channel, null))
    this.#brokers.update(answer.brokers)
    return answer
  }

  /** The brokers and the controller, as Kafka says now. */
  async cluster(deadline: Deadline): Promise<MetadataAnswer> {
    const answer = await this.#fromAny(deadline, channel => askMetadata(channel, []))
    this.#brokers.update(answer.brokers)
    return answer
  }

  /** Asks one broker about all topics in use; a topic that it does not know is asked for by itself. */
  async refreshAll(deadline: Deadline): Promise<void> {
    this.#store.sweep()
    this.#forgetQuestions()
    const { names } = this.#store
    const answer = await this.#fromAny(deadline, channel => askMetadata(channel, names))
    this.#brokers.update(answer.brokers)
    for (const name of names) {
      const found = answer.topics.get(name)
      if (found !== undefined && DESCRIBED_ERRORS.has(found.errorCode)) this.#store.put(found.topic)
      // Told to whoever uses the topic; to the cluster's health and to the other topics it is nothing.
      else if (found?.errorCode === TOPIC_AUTHORIZATION_FAILED) continue
      else await this.refresh(name, deadline)
    }
  }

  /** The topic is known to be gone (it was deleted through here). */
  forget(name: string): void {
    this.#store.remove(name)
  }

  #missedJustNow(name: string): boolean {
    const nowMs = performance.now()
    const second = Math.floor(nowMs / 1000)
    if (second !== this.#missSecond) {
      this.#missSecond = second
      this.#missesInSecond = 0
    }
    if (++this.#missesInSecond <= MISSES_PER_SECOND) return false
    return nowMs - (this.#missedAtMs.get(name) ?? -Infinity) < MISS_BELIEVED_MS
  }

  #forgetQuestions(): void {
    const oldestMs = performance.now() - MISS_BELIEVED_MS
    for (const times of [this.#askedAtMs, this.#missedAtMs])
      for (const [name, atMs] of times) if (atMs < oldestMs) times.delete(name)
  }

  /** The answer to the question under way, else to a new one. Another caller's deadline neither extends nor cuts ours. */
  async #join(name: string, deadline: Deadline, gapMs: number): Promise<TopicMetadata | null> {
    const asking = this.#asking.get(name)
    if (asking === undefined) return this.#ask(name, deadline, gapMs)
    try {
      return await within(deadline, asking, () => unreachable(new TransportError('No broker answered in time', true)))
    } catch (error) {
      const theirs = error instanceof GatewayError && error.code === 'KAFKA_UNAVAILABLE'
      if (!theirs || deadline.remainingMs <= RETRY_PAUSE_MS) throw error
      return this.#join(name, deadline, gapMs)
    }
  }

  #ask(name: string, deadline: Deadline, gapMs: number): Promise<TopicMetadata | null> {
    const asking = this.#askAfter(name, deadline, gapMs).finally(() => this.#asking.delete(name))
    this.#asking.set(name, asking)
    return asking
  }

  /** The pause since the last question is part of this one: whoever comes meanwhile joins it instead of asking behind it. */
  async #askAfter(name: string, deadline: Deadline, gapMs: number): Promise<TopicMetadata | null> {
    const waitMs = (this.#askedAtMs.get(name) ?? -Infinity) + gapMs - performance.now()
    if (waitMs > 0) await sleep(Math.min(waitMs, deadline.remainingMs))
    if (this.#askedAtMs.size >= LIMIT_QUESTIONS) this.#forgetQuestions()
    this.#askedAtMs.set(name, performance.now())
    return this.#twoBrokers(name, deadline)
  }

  async #twoBrokers(name: string, deadline: Deadline): Promise<TopicMetadata | null> {
    const asked = new Set<BrokerChannel>()
    const ask = async (channel: BrokerChannel) => {
      asked.add(channel)
      const answer = await askMetadata(channel, [name])
      this.#brokers.update(answer.brokers)
      return answer
    }
    const first = this.#described(name, await this.#fromAny(deadline, ask))
    if (first !== null) return first
    const others = this.#brokers.anyChannels().filter(channel => ![...asked].some(each => sameBroker(each, channel)))
    for (const channel of others) {
      if (channel.resting) continue
      try {
        const second = this.#described(name, await this.#patiently(channel, PATIENCE_MS, deadline, ask))
        if (second !== null) return second
        break
      } catch (error) {
        this.#log.debug({ cause: causeText(error) }, 'A second broker could not be asked for metadata')
      }
    }
    this.#missedAtMs.set(name, performance.now())
    if (this.#store.peek(name) !== undefined) this.#store.remove(name)
    return null
  }

  #described(name: string, answer: MetadataAnswer): TopicMetadata | null {
    const found = answer.topics.get(name)
    if (found === undefined) return null
    if (found.errorCode === TOPIC_AUTHORIZATION_FAILED) {
      throw new GatewayError('KAFKA_REFUSED', `Kafka does not let the gateway see topic '${name}'.`)
    }
    return DESCRIBED_ERRORS.has(found.errorCode) ? this.#store.put(found.topic) : null
  }

  async #patiently<T>(
    channel: BrokerChannel,
    patienceMs: number,
    deadline: Deadline,
    ask: (channel: BrokerChannel) => Promise<T>
  ): Promise<T> {
    return within(Deadline.after(Math.min(patienceMs, deadline.remainingMs)), ask(channel), () => {
      channel.avoid()
      return new LateError(`Broker ${channel.host}:${channel.port} did not answer in time`, true)
    })
  }

  /** Asks brokers one after the other until one answers; rejects with KAFKA_UNAVAILABLE at the deadline. */
  async #fromAny<T>(deadline: Deadline, ask: (channel: BrokerChannel) => Promise<T>): Promise<T> {
    let cause: unknown
    for (let patienceMs = PATIENCE_MS; ; patienceMs *= 2) {
      for (const channel of this.#brokers.anyChannels()) {
        if (deadline.passed) break
        try {
          return await this.#patiently(channel, patienceMs, deadline, ask)
        } catch (error) {
          if (error instanceof GatewayError) throw error
          // What a broker said, or did, tells more than that time ran out on the last one asked.
          if (cause === undefined || !(error instanceof LateError)) cause = error
        }
      }
      if (deadline.remainingMs <= RETRY_PAUSE_MS) {
        throw unreachable(cause)
      }
      await sleep(RETRY_PAUSE_MS)
    }
  }
}

function unreachable(cause: unknown): GatewayError {
  return new GatewayError('KAFKA_UNAVAILABLE', 'Kafka cannot be reached.', { detail: causeText(cause), cause })
}

class LateError extends TransportError {}

function sameBroker(one: BrokerChannel, other: BrokerChannel): boolean {
  return one.host === other.host && one.port === other.port
}
