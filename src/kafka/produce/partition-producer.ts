import type { BatchFormer } from './batch-former.ts'
import type { BatchSource } from './batch-source.ts'
import { failBatch, isInFlight, sequenceAfter, storeBatch, withoutFault, type Batch } from './batch.ts'
import { decide, eventOf, type BatchEvent, type Before } from './decide.ts'
import { notSentInTime, outcomeUnknown, type ProduceFailure } from './failures.ts'
import { Pace } from './pace.ts'
import { failRange, type PendingProduce, type RecordRange } from './pending-produce.ts'
import { failureOf } from './produce-errors.ts'
import type { ProduceResult } from './produce-message.ts'
import type { ProducerSession, ProducerSessions } from './producer-sessions.ts'

/**
 * What a partition may send. `open`: everything. `repairing`: batches that were taken back left a gap in the sequence; what
 * is in doubt goes again, then all is batched again from the first number not used. `sessionOver`: the same, in the next session.
 */
type Phase = 'open' | 'repairing' | 'sessionOver'

/**
 * The idempotent producer of one partition: which batch goes next, under which sequence, and what an answer does to
 * those behind it. Knows neither connections nor time-outs of its own; the accumulator and the sender call it.
 *
 * Rules (KIP-98, KIP-360): at most two batches in flight; one after anything but success, and until the broker has
 * acknowledged the first of a session: a broker without state of a producer takes any sequence number as its first
 * (KAFKA-15591), so the second of two batches could be stored in front of the first. A batch that may have been appended
 * is only ever sent as the same bytes. What an event does to a batch is decided in `decide.ts`.
 */
export class PartitionProducer implements BatchSource {
  readonly topic: string
  readonly partition: number
  /** Why nothing moves, for those whose deadline passes while they wait. */
  trouble: ProduceFailure = notSentInTime
  /** Null until the accumulator has one to give. */
  session: ProducerSession | null = null
  readonly #former: Pick<BatchFormer, 'next'>
  readonly #sessions: Pick<ProducerSessions, 'after'>
  readonly #pace = new Pace()
  #phase: Phase = 'open'
  #nextSequence = 0
  #waiting: RecordRange[] = []
  /** By sequence; none of them is settled. */
  #batches: Batch[] = []
  #inFlight = 0
  #leader = -1
  #topicId: Buffer | null = null

  constructor(
    topic: string,
    partition: number,
    former: Pick<BatchFormer, 'next'>,
    sessions: Pick<ProducerSessions, 'after'>
  ) {
    this.topic = topic
    this.partition = partition
    this.#former = former
    this.#sessions = sessions
  }

  get idle(): boolean {
    return this.#waiting.length === 0 && this.#batches.length === 0
  }

  /** When the oldest batch in flight was sent; Infinity if none is. */
  get oldestInFlightMs(): number {
    let oldestMs = Infinity
    for (const batch of this.#batches) if (isInFlight(batch) && batch.sentAtMs < oldestMs) oldestMs = batch.sentAtMs
    return oldestMs
  }

  add(range: RecordRange): void {
    this.#waiting.push(range)
  }

  ready(nowMs: number): boolean {
    if (!this.#pace.allows(this.#inFlight, nowMs)) return false
    return this.#nextWaiting() !== undefined || (this.#mayForm() && this.#waiting.length > 0)
  }

  take(nowMs: number): Batch | null {
    if (!this.ready(nowMs)) return null
    if (this.#inFlight === 0) this.#pace.awake(nowMs)
    const batch = this.#nextWaiting() ?? this.#form()
    if (batch === null) return null
    batch.state = 'inFlight'
    batch.attempt++
    batch.sentAtMs = nowMs
    this.#inFlight++
    return batch
  }

  answered(batch: Batch, result: ProduceResult, nowMs: number): void {
    this.#landed(batch)
    if (result.errorCode === 0) this.#complete(batch, result.baseOffset)
    else this.#meet(eventOf(result.errorCode), batch, nowMs, result)
    this.repair()
  }

  lost(batch: Batch, mayHaveReached: boolean, nowMs: number): void {
    this.#landed(batch)
    this.#meet(mayHaveReached ? 'undecided' : 'notAppended', batch, nowMs)
    this.repair()
  }

  /** Pauses for a reason that lies outside the partition. `trouble` is what callers are told if it lasts. */
  hold(trouble: ProduceFailure, nowMs: number): void {
    this.trouble = trouble
    this.#pace.setback(nowMs)
  }

  /** Sends what is in flight to a former leader, which may be frozen, to the new one at once, as the same bytes. */
  ledBy(leader: number, nowMs: number): void {
    if (leader < 0 || leader === this.#leader) return
    this.#leader = leader
    for (const batch of this.#batches) if (isInFlight(batch)) this.lost(batch, true, nowMs)
    this.#pace.endPause()
  }

  /** Two brokers no longer know the topic, or it lacks the partition now. */
  topicGone(failure: ProduceFailure, nowMs: number): void {
    this.failWaiting(failure)
    for (const batch of this.#batches) if (!isInFlight(batch)) this.#meet('topicGone', batch, nowMs, null, failure)
    this.#endSession()
    this.repair()
  }

  failWaiting(failure: ProduceFailure): void {
    for (const range of this.#waiting.splice(0)) failRange(range, failure)
  }

  /** A topic with another id was created under the name since: its brokers do not know the session. */
  topicReplaced(topicId: Buffer | null, nowMs: number): void {
    if (topicId === null) return
    if (isAnother(this.#topicId, topicId)) this.#endSession()
    this.#topicId = topicId
    for (const batch of this.#batches)
      if (!isInFlight(batch) && isAnother(batch.topicId, topicId)) this.#meet('topicReplaced', batch, nowMs)
    this.repair()
  }

  /** Gives up what passed its delivery time-out. */
  expire(nowMs: number): void {
    for (const batch of this.#batches) {
      if (batch.giveUpAtMs > nowMs) continue
      if (isInFlight(batch)) batch.known = 'abandoned'
      else this.#meet('expired', batch, nowMs)
    }
    this.repair()
  }

  /** Takes back what the callers can still be told was not stored: ranges that were not sent, or surely not appended. */
  withdraw(due: ReadonlySet<PendingProduce>): void {
    const others = (ranges: readonly RecordRange[]) => {
      for (const range of ranges) if (due.has(range.pending)) failRange(range, this.trouble)
      return ranges.filter(range => !due.has(range.pending))
    }
    this.#waiting = others(this.#waiting)
    const doubtBehind = this.#batches.findLastIndex(({ known }) => known !== 'none')
    for (const batch of this.#batches.slice(doubtBehind + 1)) {
      if (!isInFlight(batch) && batch.ranges.some(({ pending }) => due.has(pending)))
        this.#takeBack(batch, others(batch.ranges))
    }
    this.repair()
  }

  /**
   * Once nothing is in flight or in doubt, batches again what was taken back, in a new session if the old one is over.
   * Called from outside when there is a session that was not there before.
   */
  repair(): void {
    if (this.#phase === 'open' || this.#inFlight > 0 || this.#batches.some(({ known }) => known !== 'none')) return
    if (this.#phase === 'repairing') this.#nextSequence = this.#batches[0].sequence
    else {
      const next = this.session === null ? null : this.#sessions.after(this.session)
      if (next === null) return
      this.session = next
      this.#nextSequence = 0
      this.#pace.slowDown()
    }
    this.#phase = 'open'
    this.#waiting.unshift(...this.#batches.flatMap(({ ranges }) => ranges))
    this.#batches = []
  }

  #meet(
    event: BatchEvent,
    batch: Batch,
    nowMs: number,
    result: ProduceResult | null = null,
    failure = failureOf(result)
  ): void {
    if (event === 'undecided' && batch.known !== 'abandoned') batch.known = 'open'
    else if (event === 'missing' && batch.known === 'none') batch.known = 'missing'
    const before = event === 'outOfOrder' ? this.#before(batch) : 'nothing'
    switch (decide(before, batch.known, event)) {
      case 'complete':
        return this.#complete(batch, null)
      case 'sendAgain':
        batch.state = 'waiting'
        return this.hold(failure, nowMs)
      case 'split':
        return this.#takeBack(batch, withoutFault(batch, failure, result?.recordErrors))
      case 'fail':
        failBatch(batch, failure)
        return this.#takeBack(batch, [])
      case 'renew':
        batch.known = 'none'
        this.#takeBack(batch, batch.ranges)
        return this.#endSession()
      case 'giveUp':
        this.#remove(batch)
        failBatch(batch, outcomeUnknown)
        return this.#endSession()
      case 'keep':
    }
  }

  /** `baseOffset` is null if the broker no longer knows it. */
  #complete(batch: Batch, baseOffset: number | null): void {
    storeBatch(batch, baseOffset)
    this.#remove(batch)
    this.trouble = notSentInTime
    this.#pace.acknowledged(batch.sentAtMs, this.#batches.every(isInFlight))
  }

  #takeBack(batch: Batch, ranges: readonly RecordRange[]): void {
    batch.state = 'takenBack'
    batch.ranges = ranges
    if (this.#phase === 'open') this.#phase = 'repairing'
  }

  #endSession(): void {
    if (this.session === null) return
    this.#phase = 'sessionOver'
    this.#pace.slowDown()
  }

  /** The first batch that waits to be sent, or to be sent again. */
  #nextWaiting(): Batch | undefined {
    for (const batch of this.#batches)
      if (batch.state === 'waiting' && (this.#phase === 'open' || batch.known !== 'none')) return batch
    return undefined
  }

  #mayForm(): boolean {
    if (this.session === null || this.#phase !== 'open') return false
    return !this.#pace.cautious || this.#batches.length === 0
  }

  #form(): Batch | null {
    if (this.session === null) return null
    const batch = this.#former.next(this.partition, this.#waiting, this.session, this.#nextSequence)
    if (batch === null) return null
    this.#nextSequence = sequenceAfter(batch)
    this.#topicId = batch.topicId
    this.#batches.push(batch)
    return batch
  }

  #before(batch: Batch): Before {
    if (this.#batches[0] === batch) return 'nothing'
    return this.#batches.find(({ state }) => state !== 'takenBack') === batch ? 'rejected' : 'open'
  }

  #landed(batch: Batch): void {
    if (batch.state !== 'inFlight') return
    this.#inFlight--
    batch.state = 'waiting'
  }

  #remove(batch: Batch): void {
    this.#batches = this.#batches.filter(each => each !== batch)
  }
}

function isAnother(id: Buffer | null, topicId: Buffer): boolean {
  return id !== null && id !== topicId && !id.equals(topicId)
}
