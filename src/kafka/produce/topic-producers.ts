import type { Log } from '../../core/log.ts'
import { BatchFormer, type BatchOptions } from './batch-former.ts'
import { PartitionProducer } from './partition-producer.ts'
import { StickyPartition } from './partitioner.ts'
import type { PendingProduce } from './pending-produce.ts'
import type { ProducePorts } from './ports.ts'
import type { ProducerSessions } from './producer-sessions.ts'

/** As long as the metadata of an unused topic is kept. */
const UNUSED_LIMIT_MS = 600_000
const SWEEP_MS = 60_000

/** What the producers of all topics share. */
interface Shared {
  readonly ports: ProducePorts
  readonly options: BatchOptions
  readonly sessions: ProducerSessions
  readonly log: Log
}

/** The producers of one topic, each made when a record first needs it. */
export class TopicProducers {
  readonly topic: string
  readonly sticky = new StickyPartition()
  usedAtMs = 0
  readonly #former: BatchFormer
  readonly #sessions: ProducerSessions
  readonly #producers = new Map<number, PartitionProducer>()

  constructor(topic: string, { ports, options, sessions, log }: Shared) {
    this.topic = topic
    this.#former = new BatchFormer(topic, this.sticky, ports, options, log)
    this.#sessions = sessions
  }

  of(partition: number): PartitionProducer {
    let producer = this.#producers.get(partition)
    if (producer === undefined) {
      producer = new PartitionProducer(this.topic, partition, this.#former, this.#sessions)
      this.#producers.set(partition, producer)
    }
    return producer
  }

  peek(partition: number): PartitionProducer | undefined {
    return this.#producers.get(partition)
  }

  all(): Iterable<PartitionProducer> {
    return this.#producers.values()
  }
}

/** The producers of all topics that are written to. Those of a topic out of use are forgotten. */
export class ProducerRegistry {
  readonly #shared: Shared
  readonly #topics = new Map<string, TopicProducers>()
  #sweptAtMs = 0

  constructor(shared: Shared) {
    this.#shared = shared
  }

  /** Returns the producers of a topic, for records about to be added. */
  use(topic: string, nowMs: number): TopicProducers {
    let producers = this.#topics.get(topic)
    if (producers === undefined) this.#topics.set(topic, (producers = new TopicProducers(topic, this.#shared)))
    producers.usedAtMs = nowMs
    return producers
  }

  of(topic: string): Iterable<PartitionProducer> {
    return this.#topics.get(topic)?.all() ?? []
  }

  /** Returns the producers with records of these requests. */
  holding(requests: Iterable<PendingProduce>): Set<PartitionProducer> {
    const holding = new Set<PartitionProducer>()
    for (const { topic, partitions } of requests) {
      const producers = this.#topics.get(topic)
      let last = -1
      for (const partition of partitions) {
        if (partition === last) continue
        last = partition
        const producer = producers?.peek(partition)
        if (producer !== undefined) holding.add(producer)
      }
    }
    return holding
  }

  /** Forgets a topic that is gone, unless something of it is still unsettled. */
  forget(topic: string): void {
    for (const { idle } of this.of(topic)) if (!idle) return
    for (const { session } of this.of(topic)) if (session !== null) this.#shared.sessions.retire(session)
    this.#topics.delete(topic)
  }

  /** Forgets topics out of use; does so at most once a minute. */
  sweep(nowMs: number): void {
    if (nowMs - this.#sweptAtMs < SWEEP_MS) return
    this.#sweptAtMs = nowMs
    for (const { topic, usedAtMs } of this.#topics.values()) if (nowMs - usedAtMs > UNUSED_LIMIT_MS) this.forget(topic)
  }
}
