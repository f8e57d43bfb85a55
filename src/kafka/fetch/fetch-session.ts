import type { FetchPartition, FetchSessionStep, ForgottenPartition } from './fetch-message.ts'
import { isSameLog, isSameTopic, type PolledLog, type WaitedPartition } from './waited-partition.ts'

/** What a partition may bring in one poll; whoever wants more reads on by itself. */
const PARTITION_BYTES = 64 * 1024
/** After the last one the epoch goes on at 1 (KIP-227). */
const LAST_EPOCH = 2 ** 31 - 1

/** How topics are named. A session cannot change that. */
export type Naming = 'ids' | 'names'

interface Sent {
  readonly partition: WaitedPartition
  readonly offset: number
  readonly log: PolledLog
}

/** What a request changes of a session. */
export interface SessionChanges {
  readonly session: FetchSessionStep
  readonly partitions: readonly FetchPartition[]
  readonly forgotten: readonly ForgottenPartition[]
}

/**
 * Mirrors a fetch session (KIP-227): the broker remembers the partitions that it was asked for, so that a request names
 * only what has changed, and the answer only what has news. Begins again when the broker has lost the session.
 */
export class FetchSession {
  /** What the broker remembers, by the partition's name. */
  readonly #sent = new Map<string, Sent>()
  /** By how answers name the partition. */
  readonly #byKey = new Map<string, WaitedPartition>()
  #step: FetchSessionStep = { id: 0, epoch: 0 }
  #naming: Naming = 'ids'

  /** Where the broker was asked to read from; undefined if the session does not have the partition. */
  offsetOf({ name }: WaitedPartition): number | undefined {
    return this.#sent.get(name)?.offset
  }

  /** Returns whether the session brings the partition's news already. Its answers are then about this object. */
  covers(each: WaitedPartition): boolean {
    const { log, name, lowestOffset } = each
    const sent = this.#sent.get(name)
    if (sent === undefined || log === undefined || !isSameLog(sent.log, log) || sent.offset > lowestOffset) return false
    this.#sent.set(name, { ...sent, partition: each })
    this.#byKey.set(this.#keyOf(each, log), each)
    return true
  }

  /** Returns what the next request has to say, given all members and the partitions that may have changed. */
  next(members: ReadonlySet<WaitedPartition>, changed: Iterable<WaitedPartition>, naming: Naming): SessionChanges {
    if (naming !== this.#naming) this.reset()
    this.#naming = naming
    const partitions: FetchPartition[] = []
    const forgotten: ForgottenPartition[] = []
    const considered = [...(this.#step.epoch === 0 ? members : changed)]
    // One that left may have come back as another object: the broker would forget it after it has added it.
    for (const each of considered) if (members.has(each)) this.#add(each, partitions, forgotten)
    for (const each of considered) if (!members.has(each)) this.#drop(each, forgotten)
    return { session: this.#step, partitions, forgotten }
  }

  /** Call after each answer. Without a session on the broker the next request names everything again. */
  answered(sessionId: number): void {
    const { epoch } = this.#step
    if (sessionId === 0) this.reset()
    else this.#step = { id: sessionId, epoch: epoch === LAST_EPOCH ? 1 : epoch + 1 }
  }

  /** Begins a new session with the next request: the broker has lost this one, or what it holds is not known. */
  reset(): void {
    this.#step = { id: 0, epoch: 0 }
    this.#sent.clear()
    this.#byKey.clear()
  }

  /** Returns the partition that a part of an answer is about; undefined if the session does not have it. */
  find(topic: string | Buffer, partition: number): WaitedPartition | undefined {
    return this.#byKey.get(keyOf(topic, partition))
  }

  #add(each: WaitedPartition, partitions: FetchPartition[], forgotten: ForgottenPartition[]): void {
    const { log, lowestOffset: offset, name } = each
    const sent = this.#sent.get(name)
    if (log === undefined) return
    if (sent !== undefined && !isSameTopic(sent.log, log)) this.#forget(sent, forgotten)
    if (sent === undefined || !isSameLog(sent.log, log) || sent.offset !== offset)
      partitions.push(polledFrom(each, log))
    this.#sent.set(name, { partition: each, offset, log })
    this.#byKey.set(this.#keyOf(each, log), each)
  }

  #drop(each: WaitedPartition, forgotten: ForgottenPartition[]): void {
    const sent = this.#sent.get(each.name)
    if (sent?.partition === each) this.#forget(sent, forgotten)
  }

  #forget({ partition: each, log }: Sent, forgotten: ForgottenPartition[]): void {
    forgotten.push({ topic: each.topic, topicId: log.topicId, partition: each.partition })
    this.#sent.delete(each.name)
    this.#byKey.delete(this.#keyOf(each, log))
  }

  #keyOf({ topic, partition }: WaitedPartition, { topicId }: PolledLog): string {
    return keyOf(this.#naming === 'ids' && topicId !== null ? topicId : topic, partition)
  }
}

/** What to ask of a partition: all that everybody who waits for it lacks. */
export function polledFrom(each: WaitedPartition, { leaderEpoch, topicId }: PolledLog): FetchPartition {
  const { topic, partition, isolation, lowestOffset: offset } = each
  return { topic, topicId, partition, leaderEpoch, offset, maxBytes: PARTITION_BYTES, isolation }
}

export function keyOf(topic: string | Buffer, partition: number): string {
  return `${typeof topic === 'string' ? topic : topic.toString('latin1')}/${partition}`
}
