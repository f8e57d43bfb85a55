import { Deadline } from '../../core/deadline.ts'
import type { Log } from '../../core/log.ts'
import type { CurrentLeader } from '../metadata/leader-hints.ts'
import type { TopicMetadata } from '../metadata/topic-metadata.ts'
import type { BrokerNode } from '../transport/broker-node.ts'
import type { BatchSource } from './batch-source.ts'
import type { Sent } from './broker-sender.ts'
import type { ProducePorts } from './ports.ts'

const REFRESH_LIMIT_MS = 5000
/** Most answers come sooner. A broker that takes longer may be frozen, and others may lead its partitions by now. */
const SUSPICIOUS_MS = 1000

type WatchPorts = Pick<ProducePorts, 'refresh' | 'learnLeaders'>

/** Finds new leaders: when an answer proves that metadata is stale, and once a second while there is no answer. */
export class LeaderWatch {
  readonly #ports: WatchPorts
  readonly #log: Log
  readonly #changed: (topic: string, metadata: TopicMetadata | null) => void
  readonly #refreshing = new Set<string>()
  readonly #suspectedAtMs = new Map<string, number>()

  constructor(ports: WatchPorts, log: Log, changed: (topic: string, metadata: TopicMetadata | null) => void) {
    this.#ports = ports
    this.#log = log
    this.#changed = changed
  }

  /** Asks for metadata of the topic unless a request for it is under way. */
  refresh(topic: string): void {
    if (this.#refreshing.has(topic)) return
    this.#refreshing.add(topic)
    this.#ports
      .refresh(topic, Deadline.after(REFRESH_LIMIT_MS))
      .then(
        metadata => this.#changed(topic, metadata),
        (error: unknown) => this.#log.debug({ topic, cause: String(error) }, 'Metadata could not be refreshed')
      )
      .finally(() => this.#refreshing.delete(topic))
  }

  /**
   * Goes on after answers that prove metadata stale: to the leaders that the broker names, without a question (KIP-951);
   * asks about topics of which it does not name them all.
   */
  stale(batches: readonly Sent<BatchSource>[], from: number, nodes: readonly BrokerNode[]): void {
    for (const [topic, ofTopic] of Map.groupBy(batches, ({ source }) => source.topic)) {
      const leaders = new Map<number, CurrentLeader>()
      for (const { source, leader } of ofTopic) if (leader !== undefined) leaders.set(source.partition, leader)
      const hint = { topicId: ofTopic[0].batch.topicId, leaders, nodes, from }
      const areLedElsewhere = leaders.size > 0 && this.#ports.learnLeaders(topic, hint)
      if (!areLedElsewhere || ofTopic.some(({ leader }) => leader === undefined)) this.refresh(topic)
    }
  }

  /** Call while records of the topic are in flight, the oldest since `sinceMs`: asks who leads it, once a second from the first on. */
  unanswered(topic: string, sinceMs: number, nowMs: number): void {
    if (nowMs - Math.max(sinceMs, this.#suspectedAtMs.get(topic) ?? 0) < SUSPICIOUS_MS) return
    this.#suspectedAtMs.set(topic, nowMs)
    this.refresh(topic)
  }

  /** Call when nothing is in flight any more. */
  rest(): void {
    this.#suspectedAtMs.clear()
  }
}
