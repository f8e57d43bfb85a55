import type { Place } from '../../kafka/fetch/place.ts'
import type { Commit } from '../../kafka/groups/offset-messages.ts'
import { topicKey, writeMetadata } from './position-entry.ts'
import type { Resumed } from './resume.ts'

/** Who writes a position down. */
export interface Writer {
  readonly instance: string
  readonly generation: number
  readonly version: number
}

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

  constructor(topic: string, partition: number, topicId: Buffer | null, resumed: Resumed, isOwn: boolean) {
    this.topic = topic
    this.partition = partition
    this.topicId = topicId
    this.position = resumed.position
    this.committed = resumed.committed
    this.leaderEpoch = resumed.leaderEpoch
    this.metadata = resumed.metadata
    this.start = resumed.start
    this.isOwn = isOwn
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

  setCommitted(offset: number, metadata: string, leaderEpoch: number): void {
    this.committed = offset
    this.metadata = metadata
    this.leaderEpoch = leaderEpoch
    this.start = null
  }

  /** Returns the commit that holds all of this. */
  written({ instance, generation, version }: Writer): Commit {
    const { partition, committed, leaderEpoch, metadata, start, position, openFrom } = this
    const delivered =
      position === null || !this.isOwn ? null : { instance, generation, version, to: position, openFrom }
    const entry = { topic: topicKey(this.topicId), start, delivered }
    return { partition, offset: committed, leaderEpoch, metadata: writeMetadata({ metadata, entry }) }
  }

  /** Where to read on; null while that is not known. */
  get place(): Place | null {
    const { topic, partition, topicId, position } = this
    return position === null ? null : { topic, partition, offset: position, topicId }
  }
}
