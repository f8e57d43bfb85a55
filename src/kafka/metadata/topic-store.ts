import { type Recent, recent } from '../../core/lib/recent.ts'
import type { CurrentLeader } from './leader-hints.ts'
import type { PartitionMetadata, TopicMetadata } from './topic-metadata.ts'

interface Entry {
  topic: TopicMetadata
  usedAtMs: number
  /** When a Metadata answer last agreed with all of it. */
  confirmedAtMs: number
  /** When a leader was taken up that no Metadata answer has confirmed since; Infinity if there is none. */
  hintedAtMs: number
}

/** Topics that nobody asked for in this time are no longer refreshed. */
const FORGET_AFTER_MS = 600_000
/** Longer than a broker's metadata lags behind that of others. */
const LAG_LIMIT_MS = 10_000

export type TopicListener = (name: string, topic: TopicMetadata | null) => void

/** The topics in use, as last described. Drops the least recently used beyond a limit. Tells listeners of each change. */
export class TopicStore {
  readonly #entries: Recent<string, Entry>
  readonly #listeners: TopicListener[] = []

  constructor(maxTopics: number) {
    this.#entries = recent(maxTopics)
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

  /** Stores a topic, with the later leader of each partition. Returns what is stored. */
  put(topic: TopicMetadata): TopicMetadata {
    const nowMs = Date.now()
    const entry = this.#entries.peek(topic.name)
    const merged = entry === undefined || isReplaced(entry, topic, nowMs) ? topic : newest(entry.topic, topic)
    if (entry === undefined) {
      this.#entries.set(topic.name, { topic: merged, usedAtMs: nowMs, confirmedAtMs: nowMs, hintedAtMs: Infinity })
    } else {
      entry.topic = merged
      if (merged.partitions.every((partition, number) => partition === topic.partitions[number])) {
        entry.confirmedAtMs = nowMs
        entry.hintedAtMs = Infinity
      }
    }
    this.#tell(topic.name, merged)
    return merged
  }

  /** Stores leaders of later epochs, by partition, that a broker named which was asked about the topic of this id. */
  lead(name: string, id: Buffer | null, leaders: ReadonlyMap<number, CurrentLeader>): void {
    const entry = this.#entries.peek(name)
    if (entry === undefined || !isSameId(entry.topic.id, id)) return
    const partitions = entry.topic.partitions.map(known => {
      const named = leaders.get(known.partition)
      if (named === undefined || named.epoch <= known.leaderEpoch) return known
      return { ...known, leader: named.id, leaderEpoch: named.epoch }
    })
    if (partitions.every((partition, number) => partition === entry.topic.partitions[number])) return
    entry.topic = { ...entry.topic, partitions }
    entry.hintedAtMs = Math.min(entry.hintedAtMs, Date.now())
    this.#tell(name, entry.topic)
  }

  remove(name: string): void {
    this.#entries.delete(name)
    this.#tell(name, null)
  }

  /** Drops topics out of use. Listeners are not told, because nothing is known to have changed. */
  sweep(): void {
    const oldestMs = Date.now() - FORGET_AFTER_MS
    for (const [name, { usedAtMs }] of this.#entries) if (usedAtMs < oldestMs) this.#entries.delete(name)
  }

  #tell(name: string, topic: TopicMetadata | null): void {
    for (const listener of this.#listeners) listener(name, topic)
  }
}

/**
 * Returns whether the answer counts even if its epochs are lower: it describes another topic of the same name. If the
 * cluster has no topic ids, that is so once the known epochs have not been confirmed for longer than a broker lags behind.
 * The same holds for a leader from a hint: before Produce 13 a broker that lags may speak of an earlier topic of that name.
 * A leader that is wrong after all says so itself.
 */
function isReplaced({ topic: known, confirmedAtMs, hintedAtMs }: Entry, fresh: TopicMetadata, nowMs: number): boolean {
  if (!isSameId(known.id, fresh.id)) return true
  return nowMs - (known.id === null ? confirmedAtMs : hintedAtMs) > LAG_LIMIT_MS
}

function isSameId(one: Buffer | null, other: Buffer | null): boolean {
  return one === null || other === null ? one === other : one.equals(other)
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
