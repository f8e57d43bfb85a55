import { setTimeout as sleep } from 'node:timers/promises'
import { Deadline } from '../../core/deadline.ts'
import { GatewayError } from '../../core/errors.ts'
import type { Call } from '../../core/principal.ts'
import type { RecordPage } from '../../core/record-page.ts'
import type { Place } from '../../kafka/fetch/place.ts'
import type { PageEnd } from '../../kafka/fetch/read-request.ts'
import { KafkaFailure } from '../../kafka/kafka-failure.ts'
import type { InstancesContext } from './context.ts'
import { instanceNotFound, isTrouble } from './failures.ts'
import type { HeldPartition } from './held-partition.ts'
import type { Instance } from './instance.ts'
import { mayRead } from './may-read.ts'
import { requirePositions } from './positions.ts'

/** The first record of a page that cannot be shown. */
export interface Unshowable {
  /** Number of the record in its page: those before it are added. */
  readonly record: number
  readonly member: 'key' | 'value'
  /** What the member is not: `JSON`, or `UTF-8`. */
  readonly wanted: string
}

/** Where a poll puts what it reads. */
export interface PageSink {
  /** Adds the records of a page, up to the first that cannot be shown, and returns that one. */
  add(topic: string, page: RecordPage): Unshowable | undefined
  /** Called before it is settled that what was added is delivered. What it throws withholds that. */
  settle(records: number, bytes: number): void
  /** What was added is not to be sent. */
  reset(): void
}

export interface PollRequest {
  /** For records to come, and for the group. */
  readonly waitMs: number
  /** Of keys and values. */
  readonly maxBytes: number
  readonly signal: AbortSignal
  readonly sink: PageSink
  /** Runs a wait for records or for the group, as one of the caller's. The sink holds nothing then. May reject. */
  waiting(wait: () => Promise<void>): Promise<void>
}

/** What became of a poll. Exactly one of its functions has to be called. */
export interface Polled {
  readonly records: number
  readonly bytes: number
  /** The last byte was handed over. */
  sent(): void
  /** The answer ended before its last byte. */
  lost(): void
}

const POLL_RECORDS = 100_000
/** For what is there already: joining, loading positions, reading. A short wait must not make a poll return without it. */
const LEAST_WORK_MS = 1000
/** A poll that wants more bytes than there are, or reads a topic that is not there, looks again after so long. */
const LOOK_AGAIN_MS = 50

/** The answer of a poll that brings nothing. */
export const NOTHING: Polled = { records: 0, bytes: 0, sent: () => undefined, lost: () => undefined }

/** A record that the sink cannot show. */
interface Bad extends Unshowable {
  readonly held: HeldPartition
  readonly offset: number
}

/** One call for records. */
export class Poll {
  readonly #context: InstancesContext
  readonly #instance: Instance
  readonly #call: Call
  readonly #request: PollRequest
  readonly #deadline: Deadline
  readonly #work: Deadline
  /** What the polls before delivered is committed once. */
  #commits = true
  /** What was to be read could not be: it must not be tried without end. */
  #isTroubled = false
  /** A wait has brought what there is: to ask Kafka for more would only delay that. Else a page is to be as full as it can be. */
  #atOnce = false

  constructor(context: InstancesContext, instance: Instance, call: Call, request: PollRequest) {
    this.#context = context
    this.#instance = instance
    this.#call = call
    this.#request = request
    this.#deadline = Deadline.after(request.waitMs)
    this.#work = Deadline.after(Math.max(request.waitMs, LEAST_WORK_MS))
  }

  /**
   * Waits for records and hands them to the sink. Resolves without any when the wait is over, or when a newer poll has come.
   * Rejects with UNREADABLE_RECORD if it begins with a record that the sink
   * cannot show, and moves behind that; with a GroupFailure once the instance has ended.
   */
  async run(): Promise<Polled> {
    const instance = this.#instance
    const wait = instance.waiting.begin()
    for (;;) {
      const round = wait.round()
      try {
        await instance.previousAnswer()
        const isReady = await this.#isReady(wait.signal)
        const polled = isReady ? await instance.deliver(() => this.#deliver(wait.signal)) : null
        if (polled !== null) return polled
        if (isReady && !this.#isOver) await this.#wait(round)
      } catch (error) {
        this.#request.sink.reset()
        if (!this.#mayPass(error)) throw error
        // The end tells more than what was refused before it.
        if (instance.ended !== undefined) throw instance.ended
      }
      if (wait.interruption === 'deleted') throw instanceNotFound(instance.group, instance.name)
      if (wait.interruption !== undefined || this.#isOver) return this.#leave()
    }
  }

  /** The group is joined anew, or the coordinator did not answer for as long as the poll may take. */
  #mayPass(error: unknown): boolean {
    if (isTrouble(error, 'rebalancing')) return true
    return error instanceof KafkaFailure && error.kind === 'unreachable' && this.#work.passed
  }

  get #isOver(): boolean {
    return this.#deadline.passed || this.#request.signal.aborted
  }

  /** Without records; but what the polls before delivered is committed all the same. */
  async #leave(): Promise<Polled> {
    await this.#commit().catch(() => undefined)
    await this.#instance.handedOver
    return NOTHING
  }

  /** Null if there is nothing to be had now. */
  async #deliver(signal: AbortSignal): Promise<Polled | null> {
    const instance = this.#instance
    if (signal.aborted || this.#request.signal.aborted || instance.member.state !== 'stable') return null
    const before = new Map(instance.positions.all.map(each => [each, each.position]))
    try {
      this.#takeCommits()
      const held = this.#readable()
      await instance.positions.resolve(held, instance.settings, this.#work)
      requirePositions(held, instance.settings)
      const batch = await this.#read(held)
      if (batch === null) return null
      const { parts, records, bytes } = batch
      this.#request.sink.settle(records, bytes)
      for (const [part, to] of parts) part.deliver(to)
      await this.#write(parts.keys())
      const sending = instance.sending([...parts.keys()])
      return { records, bytes, sent: () => sending.sent(), lost: () => sending.lost() }
    } catch (error) {
      if (!(error instanceof GatewayError)) for (const [each, position] of before) each.withdraw(position)
      throw error
    }
  }

  /** Whether it has its partitions; false at the deadline, or when the wait is interrupted. */
  async #isReady(signal: AbortSignal): Promise<boolean> {
    if (this.#instance.isReady) return true
    const interrupted = Promise.withResolvers<false>()
    const end = () => interrupted.resolve(false)
    const either = AbortSignal.any([signal, this.#request.signal])
    either.addEventListener('abort', end)
    let isReady = false
    try {
      await this.#request.waiting(async () => {
        isReady = await Promise.race([this.#instance.ready(this.#work), interrupted.promise])
      })
    } finally {
      either.removeEventListener('abort', end)
    }
    return isReady
  }

  /** What was delivered before this poll counts as received. */
  #takeCommits(): void {
    const { positions, settings } = this.#instance
    if (!this.#commits) return
    this.#commits = false
    if (!settings.autoCommit) return
    for (const held of positions.all) held.commitDelivered()
  }

  async #commit(): Promise<void> {
    if (this.#instance.ended === undefined) await this.#write([])
  }

  #write(partitions: Iterable<HeldPartition>): Promise<unknown> {
    return this.#instance.write(partitions, this.#work)
  }

  /** Nothing of a topic that the caller may not read, or not any more. */
  #readable(): readonly HeldPartition[] {
    const { principal } = this.#call
    return this.#instance.positions.all.filter(({ topic }) => mayRead(principal, topic))
  }

  async #read(held: readonly HeldPartition[]) {
    const { sink, maxBytes } = this.#request
    const { isolation, fetchMinBytes } = this.#instance.settings
    const byKey = new Map<Place, HeldPartition>()
    for (const each of held) if (each.place !== null) byKey.set(each.place, each)
    if (byKey.size === 0) return null
    const parts = new Map<HeldPartition, number>()
    let [records, bytes] = [0, 0]
    let bad: Bad | undefined
    const troubled: [HeldPartition, PageEnd][] = []
    const limits = { records: POLL_RECORDS, bytes: maxBytes }
    const { trace } = this.#call
    const options = { isolation, limits, deadline: this.#work, atOnce: this.#atOnce, trace }
    await this.#context.reads.readMany([...byKey.keys()], options, (page, end, place) => {
      const part = byKey.get(place)
      if (part === undefined) return
      if (end.failure !== undefined) troubled.push([part, end])
      // What was passed holds nothing to read.
      if (page.count === 0 && part.openFrom === null) part.position = page.nextOffset
      const unshowable = page.count === 0 ? undefined : sink.add(part.topic, page)
      const shown = unshowable?.record ?? page.count
      if (unshowable !== undefined && !(bad?.record === 0))
        bad = { ...unshowable, held: part, offset: page.offsets[shown] }
      if (shown === 0) return
      parts.set(part, unshowable === undefined ? page.nextOffset : page.offsets[shown])
      records += shown
      bytes += page.payloadBytes
    })
    // At once, though there may be records of other partitions: these may never end.
    const isStuck = bad?.record === 0
    const isEnough = bytes >= fetchMinBytes || this.#isOver || bad !== undefined
    if (records > 0 && isEnough && !isStuck) return { parts, records, bytes }
    sink.reset()
    if (bad !== undefined && isStuck) await this.#skip(bad)
    for (const [part, end] of troubled) this.#recover(part, end)
    this.#isTroubled = troubled.length > 0
    return null
  }

  async #skip({ held, offset, member, wanted }: Bad): Promise<never> {
    held.seek(offset + 1)
    await this.#write([held])
    const { topic, partition } = held
    throw new GatewayError(
      'UNREADABLE_RECORD',
      `The ${member} of the record at offset ${offset} of partition ${partition} of topic '${topic}' is not ${wanted}. The next poll begins behind it.`
    )
  }

  /** A position that leads nowhere: `auto.offset.reset` decides, at the next attempt. */
  #recover(held: HeldPartition, { failure }: PageEnd): void {
    const { metadata, log } = this.#context
    const kind = failure?.kind
    if (failure !== undefined && kind === 'refused') throw failure
    if (kind !== 'outOfRange' && kind !== 'topicRecreated') return
    const { topic, partition } = held
    log.debug({ group: this.#instance.group, topic, partition, cause: failure?.message }, 'A position is set anew')
    if (kind === 'outOfRange') held.position = held.openFrom = null
    else this.#instance.positions.replace(held, metadata.peek(topic)?.id ?? null)
  }

  async #wait(signal: AbortSignal): Promise<void> {
    const commit = this.#commit().catch(() => undefined)
    const either = AbortSignal.any([signal, this.#request.signal])
    const held = this.#readable()
    const { isolation, fetchMinBytes } = this.#instance.settings
    // Where to begin in some is not known yet: their topic does not exist, or nobody leads it.
    const limitMs = held.some(({ position }) => position === null) ? LOOK_AGAIN_MS : this.#deadline.remainingMs
    const deadline = Deadline.after(Math.min(limitMs, this.#deadline.remainingMs))
    const places = held.flatMap(({ place }) => place ?? [])
    await this.#request.waiting(async () => {
      const found = await this.#context.reads.wait(places, isolation, { deadline, signal: either })
      await commit
      this.#atOnce = found.length > 0
      const isInVain = this.#isTroubled || (found.length > 0 && fetchMinBytes > 0)
      if (isInVain) await sleep(LOOK_AGAIN_MS, undefined, { signal: either }).catch(() => undefined)
    })
  }
}
