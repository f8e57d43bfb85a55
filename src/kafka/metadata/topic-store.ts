import type { PartitionMetadata, TopicMetadata } from './topic-metadata.ts'

interface Entry {
  topic: TopicMetadata
  usedAtMs: number
}

/** Topics that nobody asked for in this time are no longer refreshed. */
const FORGET_AFTER_MS = 600_000
const LIMIT_TOPICS = 10_000

export type TopicListener = (name: string, topic: TopicMetadata | null) => void

/** The topics that callers use, as last described. Tells listeners what changed. */
export class TopicStore {
  readonly #entries = new Map<string, Entry>()
  readonly #listeners: TopicListener[] = []

  get names(): string[] {
    return [...this.#entries.keys()]
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
    const entry = this.#entries.get(topic.name)
    const merged = entry === undefined ? topic : newest(entry.topic, topic)
    if (entry === undefined) {
      this.#makeRoom()
      this.#entries.set(topic.name, { topic: merged, usedAtMs: Date.now() })
    } else entry.topic = merged
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

  #makeRoom(): void {
    if (this.#entries.size < LIMIT_TOPICS) return
    let oldest: [string, number] | undefined
    for (const [name, { usedAtMs }] of this.#entries)
      if (oldest === undefined || usedAtMs < oldest[1]) oldest = [name, usedAtMs]
    if (oldest !== undefined) this.#entries.delete(oldest[0])
  }
}

/** A broker that lags behind may name a leader of an older epoch: per partition the higher epoch wins (KIP-320). */
function newest(known: TopicMetadata, fresh: TopicMetadata): TopicMetadata {
  const sameTopic = known.id === null || fresh.id === null ? known.id === fresh.id : known.id.equals(fresh.id)
  if (!sameTopic) return fresh
  const partitions = fresh.partitions.map((partition): PartitionMetadata => {
    const before = known.partitions[partition.partition]
    return before !== undefined && before.leaderEpoch > partition.leaderEpoch && partition.leaderEpoch >= 0
      ? before
      : partition
  })
  return { ...fresh, partitions }
}
