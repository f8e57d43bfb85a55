import { LRUCache } from 'lru-cache'
import type { PartitionMetadata, TopicMetadata } from './topic-metadata.ts'

interface Entry {
  topic: TopicMetadata
  usedAtMs: number
  /** When news last contradicted nothing of it. */
  confirmedAtMs: number
}

/** Topics that nobody asked for in this time are no longer refreshed. */
const FORGET_AFTER_MS = 600_000
/** Longer than a broker lags behind the others. */
const LAG_LIMIT_MS = 10_000

export type TopicListener = (name: string, topic: TopicMetadata | null) => void

/** The topics that callers use, as last described; the least recently used makes room. Tells listeners what changed. */
export class TopicStore {
  readonly #entries: LRUCache<string, Entry>
  readonly #listeners: TopicListener[] = []

  constructor(maxTopics: number) {
    this.#entries = new LRUCache({ max: maxTopics })
  }

  get names(): string[] {
    return [...this.#entries.rkeys()]
  }

  onChange(listener: TopicListener): void {
    this.#listeners.push(listener)
  }

  peek(name: string): TopicMetadata | undefined {
    const entry = this.#entries.get(name)
    if (entry === undefined) return undefined
    entry.usedAtMs = Date.now()
    return entry.topic
  }

  /** Keeps what is newer of each partition's leader, and returns the outcome. */
  put(topic: TopicMetadata): TopicMetadata {
    const nowMs = Date.now()
    const entry = this.#entries.peek(topic.name)
    const merged = entry === undefined || createdAnew(entry, topic, nowMs) ? topic : newest(entry.topic, topic)
    if (entry === undefined) {
      this.#entries.set(topic.name, { topic: merged, usedAtMs: nowMs, confirmedAtMs: nowMs })
    } else {
      entry.topic = merged
      if (merged.partitions.every((partition, number) => partition === topic.partitions[number]))
        entry.confirmedAtMs = nowMs
    }
    for (const listener of this.#listeners) listener(topic.name, merged)
    return merged
  }

  remove(name: string): void {
    this.#entries.delete(name)
    for (const listener of this.#listeners) listener(name, null)
  }

  /** Forgets topics out of use; nobody is told, as nothing is known to have changed. */
  sweep(): void {
    const oldestMs = Date.now() - FORGET_AFTER_MS
    for (const [name, { usedAtMs }] of this.#entries) if (usedAtMs < oldestMs) this.#entries.delete(name)
  }
}

/**
 * Is this another topic under the same name? Where the cluster has no topic ids, lower epochs tell so once the known
 * ones have not been confirmed for longer than a broker lags behind; a leader that is wrong after all says so itself.
 */
function createdAnew({ topic: known, confirmedAtMs }: Entry, fresh: TopicMetadata, nowMs: number): boolean {
  if (known.id === null && fresh.id === null) return nowMs - confirmedAtMs > LAG_LIMIT_MS
  return known.id === null || fresh.id === null || !known.id.equals(fresh.id)
}

/** A broker that lags behind may name a leader of an older epoch: per partition the higher epoch wins (KIP-320). */
function newest(known: TopicMetadata, fresh: TopicMetadata): TopicMetadata {
  const partitions = fresh.partitions.map((partition): PartitionMetadata => {
    const before = known.partitions[partition.partition]
    return before !== undefined && before.leaderEpoch > partition.leaderEpoch && partition.leaderEpoch >= 0
      ? before
      : partition
  })
  return { ...fresh, partitions }
}
