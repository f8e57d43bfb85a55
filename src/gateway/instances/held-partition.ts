import type { Place } from '../../kafka/fetch/place.ts'
import type { Commit } from '../../kafka/groups/offset-messages.ts'
import { type PositionEntry, topicKey, writeMetadata } from './position-entry.ts'
import type { Kept, Resumed } from './resume.ts'

/** Who writes a position down. */
export interface Writer {
  readonly instance: string
  readonly generation: number
  readonly version: number
  readonly autoCommit: boolean
  /** In milliseconds since 1970. */
  readonly nowMs: number
}

/** A partition as it is written down. */
export interface Written {
  readonly commit: Commit
  readonly entry: PositionEntry
}

const HOUR_MS = 3_600_000
/** Kafka forgets what was committed for topics that nobody in the group is subscribed to: seven days after the last commit. */
const ANEW_AFTER_HOURS = 24

/** A partition that an instance reads, and how far it is. */
export class HeldPartition {
  readonly topic: string
  readonly partition: number
  readonly topicId: Buffer | null
  /** Offset of the next record; null while `auto.offset.reset` has yet to decide. */
  position: number | null
  /** Where the last batch begins, while it is on its way to the client; null when the client has it. */
  openFrom: number | null = null
  /** What was committed; −1 for nothing. */
  committed: number
  leaderEpoch: number
  /** The client's own, of the commit. */
  metadata: string
  /** Where `auto.offset.reset` said to begin; null once something is committed. */
  start: number | null
  /** Whether the position says more than the commit: something was delivered, or the client sought it. */
  isOwn: boolean
  /** What the group has of it, as far as this process knows. */
  #kept: Kept

  constructor(topic: string, partition: number, topicId: Buffer | null, resumed: Resumed) {
    this.topic = topic
    this.partition = partition
    this.topicId = topicId
    this.position = resumed.position
    this.committed = resumed.committed
    this.leaderEpoch = resumed.leaderEpoch
    this.metadata = resumed.metadata
    this.start = resumed.start
    this.isOwn = resumed.isOwn
    this.#kept = resumed.kept
  }

  /** What is delivered and, as far as is known, with the client: what a commit without offsets commits. */
  get deliveredTo(): number | null {
    return this.openFrom ?? this.position
  }

  /** Takes note of a batch that is about to be sent. */
  deliver(to: number): void {
    this.openFrom ??= this.position
    this.position = to
    this.isOwn = true
  }

  /** The client has the batch. */
  close(): void {
    this.openFrom = null
  }

  /** The client does not have the batch: it is read again. */
  rewind(): void {
    this.position = this.openFrom ?? this.position
    this.openFrom = null
  }

  /** What was to be delivered is not. */
  withdraw(position: number | null): void {
    this.position = position
    this.openFrom = null
  }

  seek(offset: number): void {
    this.position = offset
    this.openFrom = null
    this.isOwn = true
  }

  /** Returns whether that changes anything. */
  commitDelivered(): boolean {
    const { deliveredTo } = this
    if (!this.isOwn || deliveredTo === null || deliveredTo === this.committed) return false
    this.setCommitted(deliveredTo, this.metadata, -1)
    return true
  }

  /** Returns a function that takes it back. */
  setCommitted(offset: number, metadata: string, leaderEpoch: number): () => void {
    const { committed, metadata: text, leaderEpoch: epoch, start } = this
    this.committed = offset
    this.metadata = metadata
    this.leaderEpoch = leaderEpoch
    this.start = null
    return () => Object.assign(this, { committed, metadata: text, leaderEpoch: epoch, start })
  }

  /** Returns the commit that holds all of this. */
  written({ instance, generation, version, autoCommit, nowMs }: Writer): Written {
    const { partition, committed, leaderEpoch, metadata, start, position, openFrom } = this
    const delivered =
      position === null || !this.isOwn ? null : { instance, generation, version, to: position, openFrom, autoCommit }
    const entry = { topic: topicKey(this.topicId), start, hour: Math.floor(nowMs / HOUR_MS), delivered }
    const commit = { partition, offset: committed, leaderEpoch, metadata: writeMetadata({ metadata, entry }) }
    return { commit, entry }
  }

  /** The group has taken it. */
  keep({ commit: { offset: committed }, entry }: Written): void {
    this.#kept = { committed, entry }
  }

  /**
   * Whether what the group has of it must be written anew: a commit, a start or the end of a batch did not get there, it is of an
   * earlier generation, or a day has passed.
   */
  isOutdated({ generation, nowMs }: Pick<Writer, 'generation' | 'nowMs'>): boolean {
    const { committed, entry } = this.#kept
    if (committed !== this.committed || (entry?.start ?? null) !== this.start) return true
    if (this.isOwn && entry?.delivered?.generation !== generation) return true
    if (this.isOwn && this.openFrom === null && (entry?.delivered?.openFrom ?? null) !== null) return true
    return entry !== null && Math.abs(Math.floor(nowMs / HOUR_MS) - entry.hour) >= ANEW_AFTER_HOURS
  }

  /** Where to read on; null while that is not known. */
  get place(): Place | null {
    const { topic, partition, topicId, position } = this
    return position === null ? null : { topic, partition, offset: position, topicId }
  }
}
