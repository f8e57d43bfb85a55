import type { PartitionQueue } from './partition-queue.ts'
import { StickyPartition } from './partitioner.ts'
import type { Submission } from './submission.ts'

/** As long as metadata is kept of a topic that nobody uses. */
const UNUSED_LIMIT_MS = 600_000
const SWEEP_MS = 60_000

/** The queues of one topic, made when a record first needs one. */
export interface TopicQueues {
  readonly sticky: StickyPartition
  readonly queues: Map<number, PartitionQueue>
  usedAtMs: number
}

/** The queues of all topics that are written to. Those of a topic out of use are forgotten. */
export class QueueRegistry {
  readonly #topics = new Map<string, TopicQueues>()
  readonly #create: (topic: string, partition: number, sticky: StickyPartition) => PartitionQueue
  readonly #forgotten: (queue: PartitionQueue) => void
  #sweptAtMs = 0

  /** `forgotten` is called for each queue that is dropped: it was idle. */
  constructor(
    create: (topic: string, partition: number, sticky: StickyPartition) => PartitionQueue,
    forgotten: (queue: PartitionQueue) => void
  ) {
    this.#create = create
    this.#forgotten = forgotten
  }

  /** For records that are about to be added. */
  use(topic: string, nowMs: number): TopicQueues {
    let topicQueues = this.#topics.get(topic)
    if (topicQueues === undefined) {
      topicQueues = { sticky: new StickyPartition(), queues: new Map(), usedAtMs: nowMs }
      this.#topics.set(topic, topicQueues)
    }
    topicQueues.usedAtMs = nowMs
    return topicQueues
  }

  queueOf(topicQueues: TopicQueues, topic: string, partition: number): PartitionQueue {
    const { queues, sticky } = topicQueues
    let queue = queues.get(partition)
    if (queue === undefined) queues.set(partition, (queue = this.#create(topic, partition, sticky)))
    return queue
  }

  /** The queues in which these submissions wait. */
  of(submissions: Iterable<Submission>): Set<PartitionQueue> {
    const found = new Set<PartitionQueue>()
    for (const { topic, partitions } of submissions) {
      const queues = this.#topics.get(topic)?.queues
      let last = -1
      for (const partition of partitions) {
        if (partition === last) continue
        last = partition
        const queue = queues?.get(partition)
        if (queue !== undefined) found.add(queue)
      }
    }
    return found
  }

  queuesOf(topic: string): Iterable<PartitionQueue> {
    return this.#topics.get(topic)?.queues.values() ?? []
  }

  /** Forgets a topic that is gone, unless something of it is still unsettled. */
  forget(topic: string): void {
    const topicQueues = this.#topics.get(topic)
    if (topicQueues === undefined) return
    for (const queue of topicQueues.queues.values()) if (!queue.idle) return
    this.#topics.delete(topic)
    for (const queue of topicQueues.queues.values()) this.#forgotten(queue)
  }

  /** Forgets topics out of use; looks once a minute at most. */
  sweep(nowMs: number): void {
    if (nowMs - this.#sweptAtMs < SWEEP_MS) return
    this.#sweptAtMs = nowMs
    for (const [topic, { usedAtMs }] of this.#topics) if (nowMs - usedAtMs > UNUSED_LIMIT_MS) this.forget(topic)
  }
}
