import type { Committed, PartitionMap } from '../../kafka/groups/offset-messages.ts'
import { type Delivered, entryOf, type PositionEntry, readMetadata } from './position-entry.ts'

/** Whoever is about to read a partition. */
export interface Reader {
  readonly instance: string
  readonly generation: number
  /**
   * Since which version of the settings the client has assigned the partition itself: no rebalance takes it away. Null if the
   * group assigned it.
   */
  readonly assignedSince: number | null
}

/** What the group has of a partition. */
export interface Kept {
  readonly committed: number
  readonly entry: PositionEntry | null
}

/** What is known of a partition before it is read. */
export interface Resumed {
  /** Where to go on; null if `auto.offset.reset` has to decide. */
  readonly position: number | null
  /** The position is the reader's own, not the commit. */
  readonly isOwn: boolean
  /** What is committed, or has to be; −1 for nothing. */
  readonly committed: number
  readonly leaderEpoch: number
  /** The client's own. */
  readonly metadata: string
  /** What was chosen once, by any instance. */
  readonly start: number | null
  readonly kept: Kept
}

export const NOTHING: Resumed = {
  position: null,
  isOwn: false,
  committed: -1,
  leaderEpoch: -1,
  metadata: '',
  start: null,
  kept: { committed: -1, entry: null }
}

/** Returns where to go on with a partition, from what the group has for it. `topic`: key of the topic of this name now. */
export function resume(stored: Committed | undefined, topic: string, reader: Reader): Resumed {
  if (stored === undefined) return NOTHING
  const { metadata, entry } = readMetadata(stored.metadata)
  // Deleted and created anew: neither the commit nor the position is about this topic.
  if (entry !== null && entry.topic !== '' && topic !== '' && entry.topic !== topic) return NOTHING
  const { offset: committed, leaderEpoch } = stored
  const known = { committed, leaderEpoch, metadata, start: entry?.start ?? null, kept: { committed, entry } }
  const delivered = entry?.delivered ?? null
  if (delivered !== null && belongsTo(delivered, reader))
    return { ...known, position: receivedTo(delivered), isOwn: true }
  if (delivered !== null && isLeftBy(delivered, reader)) {
    const received = receivedTo(delivered)
    return { ...known, committed: received, leaderEpoch: -1, start: null, position: received, isOwn: false }
  }
  const position = committed >= 0 ? committed : (entry?.start ?? null)
  return { ...known, position, isOwn: false }
}

/** Whether the position is the reader's own, and nobody else can have read from it since. */
export function belongsTo(delivered: Delivered, { instance, generation, assignedSince }: Reader): boolean {
  if (delivered.instance !== instance) return false
  if (assignedSince !== null) return delivered.version >= assignedSince
  // It had the partition in the generation before, and has it now: nobody can have had it between the two.
  return delivered.generation === generation || delivered.generation === generation - 1
}

/**
 * Whether another instance, which commits by itself, had the partition in the generation before. What its client received it
 * would have committed before it joined again; but it cannot if it dies, or is taken over in the moment that the rebalance begins.
 */
function isLeftBy({ generation, autoCommit }: Delivered, reader: Reader): boolean {
  return autoCommit && reader.assignedSince === null && generation === reader.generation - 1
}

/** A batch that may be on its way is not received. */
export function receivedTo({ openFrom, to }: Delivered): number {
  return openFrom ?? to
}

/** Returns the newest version of the settings under which each instance has delivered, by its key. */
export function newestVersions(stored: PartitionMap<Committed | number>): Map<string, number> {
  const newest = new Map<string, number>()
  for (const { instance, version } of deliveredIn(stored))
    newest.set(instance, Math.max(newest.get(instance) ?? 0, version))
  return newest
}

/** Returns the newest generation in which anything was delivered; −1 if nothing was. */
export function newestGeneration(stored: PartitionMap<Committed | number>): number {
  return deliveredIn(stored).reduce((newest, { generation }) => Math.max(newest, generation), -1)
}

function deliveredIn(stored: PartitionMap<Committed | number>): Delivered[] {
  return Array.from(stored.values(), ofTopic => [...ofTopic.values()])
    .flat()
    .flatMap(told => entryOf(told)?.delivered ?? [])
}

/** Whether this instance's last batch may still be on its way to the client. */
export function isOpenFor(instance: string, entry: PositionEntry | null): boolean {
  return entry?.delivered?.instance === instance && entry.delivered.openFrom !== null
}
