import { setTimeout as sleep } from 'node:timers/promises'
import { Deadline } from '../../../core/deadline.ts'
import type { PageLimits, Position, TopicFollower } from '../../../gateway/gateway.ts'
import type { Lent } from '../../../http/answer.ts'
import { formatPosition } from '../position.ts'
import { PAGE_FRONT_BYTES, type PageText } from '../records/page-writer.ts'
import { OVERSHOOT_BYTES, recycleText } from '../records/text-writer.ts'
import type { StreamForm } from './stream-form.ts'

/** What was read for all members of a convoy, as each of them sends it. */
export interface Burst {
  readonly text: Buffer
  readonly lent: Lent
  /** Where it ends. */
  readonly position: string
  readonly records: number
  readonly payloadBytes: number
}

/** A stream among those that travel together. */
export interface Member {
  /** How many records it still takes. */
  readonly left: number
  /** Its client has not taken yet what was sent, or must not have more now. */
  readonly isBehind: boolean
  joined(convoy: Convoy): void
  take(burst: Burst): void
  /** The convoy went on without the member; the follower stands where the member does. */
  leftBehind(follower: TopicFollower): void
  failed(error: unknown): void
  /** The follower has come to where it is to stop. */
  completed(): void
}

/** Of a stream of less than everything. */
export type SelectedLimits = Pick<PageLimits, 'keyBytes' | 'valueBytes' | 'scanBytes'>

/** How the members of a convoy follow. */
export interface Course {
  /** The same for those that may get the same bytes if they stand at the same place; undefined for one that goes alone. */
  readonly name: string | undefined
  readonly topic: string
  readonly form: Pick<StreamForm, 'text' | 'tail'>
  readonly limits: SelectedLimits
  /** Told how many records were looked at; of one that goes alone. */
  readonly looked?: (records: number) => void
}

/** A burst makes some 256 KiB of text at most, or is one record: that is what a client that does not read holds here. */
const BURST = { records: 800, bytes: 80 * 1024 }
/** Between two looks at what a search has come to. */
const SCAN_BYTES = 16 * 1024 * 1024
/** Between two bursts, unless more could be read at once: what arrives meanwhile is one write. */
const PACE_MS = 5
/** Added for each member: a write takes some 10 µs, and others are to have as much of the processor as a large convoy. */
const PACE_PER_MEMBER_MS = 0.02
/** Partitions that were added to the topic are noticed between two waits. */
const WAIT_MS = 30_000
/** Of one read. The others wait for a partition that does not answer for no longer. */
const READ_MS = 2000

/** All convoys of a gateway. Those that come to the same place, with the same course, become one. */
export class Convoys {
  readonly #byPlace = new Map<string, Convoy>()

  /** Has the member follow from where the follower stands, together with those that stand there already. */
  join(member: Member, follower: TopicFollower, course: Course): void {
    const known = this.#byPlace.get(placeOf(course, formatPosition(follower.position)) ?? '')
    const convoy = known ?? new Convoy(this, follower, course)
    convoy.add(member)
    if (known === undefined) void convoy.run()
  }

  /** Returns who stands at the place already; nobody else does from now on. */
  arrive(place: string, convoy: Convoy): Convoy {
    const known = this.#byPlace.get(place)
    if (known === undefined) this.#byPlace.set(place, convoy)
    return known ?? convoy
  }

  leave(place: string): void {
    this.#byPlace.delete(place)
  }
}

/**
 * Streams that stand at one place: each burst is read once, written as text once, and sent to all of them. Whoever is behind when
 * the next one comes is left behind, and goes on alone from there until it meets others; it holds up nobody.
 */
export class Convoy {
  readonly #convoys: Convoys
  readonly #follower: TopicFollower
  readonly #course: Course
  readonly #members = new Set<Member>()
  readonly #empty = new AbortController()
  #position: Position
  #positionText: string
  /** Where others find it. */
  #place: string | undefined
  #sentAtMs = -Infinity
  #onFree: (() => void) | undefined

  constructor(convoys: Convoys, follower: TopicFollower, course: Course) {
    this.#convoys = convoys
    this.#follower = follower
    this.#course = course
    this.#position = follower.position
    this.#positionText = formatPosition(this.#position)
  }

  /** Where its members stand. */
  get position(): string {
    return this.#positionText
  }

  add(member: Member): void {
    this.#members.add(member)
    member.joined(this)
    this.#onFree?.()
  }

  /** Lets a member go. */
  leave(member: Member): void {
    this.#members.delete(member)
    if (this.#members.size > 0) return
    this.#depart()
    this.#empty.abort()
    this.#onFree?.()
  }

  /** Call when a member is no longer behind. */
  freed(): void {
    this.#onFree?.()
  }

  /** Goes on until nobody is left, or all have gone over to those that were met. */
  async run(): Promise<void> {
    try {
      // What is there already comes at once, and a partition without a leader does not hold it up.
      for (let isFirst = true; this.#members.size > 0; isFirst = false) {
        if (this.#meetsOthers()) return
        if (this.#follower.isComplete) return this.#complete()
        if (!this.#hasFree) await this.#untilFree()
        else if (isFirst || !this.#follower.hasMore) await this.#wait()
        else await this.#burst()
      }
    } catch (error) {
      for (const member of this.#members) member.failed(error)
    } finally {
      this.#depart()
    }
  }

  /** Returns true if others stand here: all members are with them now. */
  #meetsOthers(): boolean {
    this.#depart()
    this.#position = this.#follower.position
    this.#positionText = formatPosition(this.#position)
    const place = placeOf(this.#course, this.#positionText)
    if (place === undefined) return false
    const others = this.#convoys.arrive(place, this)
    if (others === this) {
      this.#place = place
      return false
    }
    for (const member of this.#members) others.add(member)
    return true
  }

  #complete(): void {
    for (const member of this.#members) member.completed()
  }

  #depart(): void {
    if (this.#place === undefined) return
    this.#convoys.leave(this.#place)
    this.#place = undefined
  }

  get #hasFree(): boolean {
    for (const { isBehind } of this.#members) if (!isBehind) return true
    return false
  }

  async #untilFree(): Promise<void> {
    await new Promise<void>(resolve => {
      this.#onFree = resolve
    })
    this.#onFree = undefined
  }

  async #wait(): Promise<void> {
    const { signal } = this.#empty
    const paceMs = PACE_MS + PACE_PER_MEMBER_MS * this.#members.size
    const pauseMs = this.#sentAtMs + paceMs - performance.now()
    if (pauseMs > 0) await sleep(pauseMs)
    await this.#follower.wait({ deadline: Deadline.after(WAIT_MS), signal })
  }

  /** Sends what can be read now, also if a partition fails. */
  async #burst(): Promise<void> {
    const { form, topic, looked } = this.#course
    const text = form.text()
    let payloadBytes = 0
    let failure: unknown
    try {
      const { scanned } = await this.#follower.read(Deadline.after(READ_MS), this.#limits, page => {
        payloadBytes += page.payloadBytes
        text.add(page, topic)
      })
      looked?.(scanned)
    } catch (error) {
      failure = error
    }
    this.#deliver(text, payloadBytes)
    if (failure !== undefined) throw failure
  }

  /** One that takes few records only goes alone. */
  get #limits(): PageLimits {
    const { name, limits } = this.#course
    const { scanBytes } = limits
    const [{ left } = { left: Infinity }] = name === undefined ? this.#members : []
    return {
      ...limits,
      records: Math.min(BURST.records, left),
      bytes: BURST.bytes,
      scanBytes: scanBytes === undefined ? undefined : Math.min(scanBytes, SCAN_BYTES)
    }
  }

  #deliver(text: PageText, payloadBytes: number): void {
    const { count: records } = text
    if (records === 0) return recycleText(text.finish())
    const before = this.#position
    const position = formatPosition(this.#follower.position)
    const written = text.finish(this.#course.form.tail(position))
    let takers = 1
    const taken = () => --takers === 0 && recycleText(written)
    const lent = { frontBytes: PAGE_FRONT_BYTES, backBytes: OVERSHOOT_BYTES, taken }
    const burst = { text: written, lent, position, records, payloadBytes }
    this.#depart()
    this.#position = this.#follower.position
    this.#positionText = position
    for (const member of this.#members) {
      if (member.isBehind) {
        this.#members.delete(member)
        member.leftBehind(this.#follower.at(before))
      } else {
        takers++
        member.take(burst)
      }
    }
    taken()
    this.#sentAtMs = performance.now()
  }
}

function placeOf({ name }: Course, position: string): string | undefined {
  return name === undefined ? undefined : `${name} ${position}`
}
