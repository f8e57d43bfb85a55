import type { Place } from './place.ts'
import type { Isolation } from './read-request.ts'

/** A wait for one or more places. */
export interface Waiter {
  /** One a place. */
  readonly wants: Want[]
  /** Ends the wait, with the places that can be read. */
  finish(ready: readonly Place[]): void
}

/** A place that somebody waits for. */
export interface Want {
  readonly waiter: Waiter
  readonly place: Place
  readonly partition: WaitedPartition
}

/** What is ready to be read, by whoever waits for it. */
export type Ready = Map<Waiter, Place[]>

/** The leader's log that a partition is polled from. */
export interface PolledLog {
  readonly leader: number
  readonly leaderEpoch: number
  /** Null if the cluster has no topic ids. */
  readonly topicId: Buffer | null
}

/** Returns whether both are the same log at the same leader. */
export function isSameLog(one: PolledLog, other: PolledLog): boolean {
  return one.leader === other.leader && one.leaderEpoch === other.leaderEpoch && isSameTopic(one, other)
}

export function isSameTopic({ topicId }: PolledLog, other: PolledLog): boolean {
  if (topicId === null || other.topicId === null) return topicId === other.topicId
  return topicId.equals(other.topicId)
}

/** A partition that somebody waits for, with all who do: they share its polls. */
export class WaitedPartition {
  readonly topic: string
  readonly partition: number
  readonly isolation: Isolation
  /** Names the partition among those of all topics. */
  readonly name: string
  /** Undefined while no leader is known. */
  log: PolledLog | undefined
  readonly #wants = new Set<Want>()
  /** Offsets that hold nothing to read. */
  #passed = { from: 0, end: 0 }
  #lowest = Infinity
  /** How many stand there; 0 if that has to be found out anew. */
  #atLowest = 0

  constructor(topic: string, partition: number, isolation: Isolation) {
    this.topic = topic
    this.partition = partition
    this.isolation = isolation
    this.name = `${topic}/${partition}`
  }

  get isWanted(): boolean {
    return this.#wants.size > 0
  }

  /** Where a poll has to begin, so that nobody misses a record; Infinity if nobody waits. */
  get lowestOffset(): number {
    this.#findLowest()
    return this.#lowest
  }

  /** Whether somebody waits further on than where polls begin: they do not tell that an offset is beyond the end. */
  get isSpread(): boolean {
    for (const { place } of this.#wants) if (this.beyondPassed(place.offset) > this.lowestOffset) return true
    return false
  }

  add(want: Want): void {
    this.#findLowest()
    this.#wants.add(want)
    this.#count(want.place)
  }

  delete(want: Want): void {
    if (this.#wants.delete(want) && this.beyondPassed(want.place.offset) === this.#lowest) this.#atLowest--
  }

  /** Returns the offset, or where what holds nothing to read ends. */
  beyondPassed(offset: number): number {
    const { from, end } = this.#passed
    return offset >= from && offset < end ? end : offset
  }

  /** Call when the offsets hold nothing to read. */
  pass(from: number, end: number): void {
    if (end <= from) return
    const before = this.#passed
    this.#passed = from === before.end ? { from: before.from, end } : { from, end }
    this.#atLowest = 0
  }

  /** Forgets what was found in the log of an earlier leader, or of an earlier topic of that name. */
  forgetPassed(): void {
    this.#passed = { from: 0, end: 0 }
    this.#atLowest = 0
  }

  /** Adds the places that pass the test. */
  collect(ready: Ready, isReady: (offset: number, place: Place) => boolean): void {
    for (const { waiter, place } of this.#wants) {
      const offset = this.beyondPassed(place.offset)
      if (!isReady(offset, place)) continue
      const known = ready.get(waiter)
      const found = offset === place.offset ? place : { ...place, offset }
      if (known === undefined) ready.set(waiter, [found])
      else known.push(found)
    }
  }

  #findLowest(): void {
    if (this.#atLowest > 0) return
    this.#lowest = Infinity
    for (const { place } of this.#wants) this.#count(place)
  }

  #count({ offset: place }: Place): void {
    const offset = this.beyondPassed(place)
    if (offset > this.#lowest) return
    this.#atLowest = offset === this.#lowest ? this.#atLowest + 1 : 1
    this.#lowest = offset
  }
}
