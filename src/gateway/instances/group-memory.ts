import { performance } from 'node:perf_hooks'
import { recent } from '../../core/lib/recent.ts'
import type { GroupDescription } from '../../kafka/groups/describe-messages.ts'
import { recordBytes } from './group-room.ts'
import { instanceOf, type KnownInstance } from './known-instance.ts'

const INSTANCES_LIMIT = 50_000
const GROUPS_LIMIT = 10_000
const DELETED_LIMIT = 10_000
const DELETED_MS = 60_000

/** What this process last saw of the instances of groups: Kafka shows them only while their group is Stable. */
export class GroupMemory {
  readonly #known = recent<string, KnownInstance>(INSTANCES_LIMIT)
  readonly #recordBytes = recent<string, number>(GROUPS_LIMIT)
  readonly #groups = recent<string, true>(GROUPS_LIMIT)
  /** When, on the monotonic clock. */
  readonly #deleted = recent<string, number>(DELETED_LIMIT, { ttl: DELETED_MS })

  /** Whether instances of any group are remembered. */
  get isEmpty(): boolean {
    return this.#known.size === 0
  }

  /** Whether an instance of this group was seen. */
  hasSeen(group: string): boolean {
    return this.#groups.has(group)
  }

  /** Takes up what a description shows, which is nothing unless the group is Stable. */
  learn(group: string, { kind, state, members }: GroupDescription): void {
    if (kind !== 'classic' || state !== 'Stable') return
    this.#recordBytes.set(group, recordBytes(members))
    for (const { instanceId, metadata } of members) {
      if (instanceId === null) continue
      const known = instanceOf(metadata, this.recall(group, instanceId))
      if (known !== null) this.remember(group, instanceId, known)
    }
  }

  /** Returns how large the record of a group was when it was last Stable; 0 if that is not known. */
  recordBytes(group: string): number {
    return this.#recordBytes.get(group) ?? 0
  }

  /** The higher version wins. */
  remember(group: string, name: string, instance: KnownInstance): void {
    const key = keyOf(group, name)
    this.#groups.set(group, true)
    const before = this.#known.get(key)
    if (before === undefined || before.settings.version <= instance.settings.version) this.#known.set(key, instance)
  }

  recall(group: string, name: string): KnownInstance | undefined {
    return this.#known.get(keyOf(group, name))
  }

  forget(group: string, name: string): void {
    this.#known.delete(keyOf(group, name))
  }

  /** A call that was under way when the instance was deleted must not bring it back. */
  deleted(group: string, name: string): void {
    this.forget(group, name)
    this.#deleted.set(keyOf(group, name), performance.now())
  }

  /** Whether it was deleted here at this time or later. It may have been made again since, also elsewhere. */
  wasDeletedSince(group: string, name: string, atMs: number): boolean {
    return (this.#deleted.get(keyOf(group, name)) ?? -Infinity) >= atMs
  }
}

/** Neither part can hold a line feed. */
export function keyOf(group: string, name: string): string {
  return `${group}\n${name}`
}
