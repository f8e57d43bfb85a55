import type { RecordFailure } from '../../core/produce-outcome.ts'
import { failBatch, sequenceAfter, storeBatch, withoutFault, type Batch } from './batch.ts'
import { notSentInTime, outcomeUnknown } from './failures.ts'
import { Pace } from './pace.ts'
import type { ProducerSession } from './producer-sessions.ts'
import type { QueueHooks } from './queue-hooks.ts'
import { failSlice, type Slice, type Submission } from './submission.ts'

/**
 * The idempotent producer of one partition: which batch goes next, under which sequence, and what an answer does to
 * those behind it. Knows neither connections nor time-outs of its own; the accumulator calls it.
 *
 * Rules (KIP-98, KIP-360): at most two batches in flight; one after anything but success, and until the broker has
 * acknowledged the first of a session: a broker without state of a producer takes any sequence number as its first
 * (KAFKA-15591), so the second of two batches could be stored in front of the first. A batch of open fate is only
 * ever sent as the same bytes. What certainly was not appended is taken back and batched anew from its sequence on; a
 * batch of open fate that is given up ends the session, and the next begins once nothing is in flight or in doubt.
 */
export class PartitionQueue {
  readonly topic: string
  readonly partition: number
  /** Why nothing moves, for those whose deadline passes while they wait. */
  trouble: RecordFailure = notSentInTime
  /** Null until the accumulator has one to give. */
  session: ProducerSession | null = null
  readonly #pace = new Pace()
  #nextSequence = 0
  #waiting: Slice[] = []
  #batches: Batch[] = []
  #inFlight = 0
  #leader = -1
  #topicId: Buffer | null = null
  /** Rejected batches wait for those in flight or in doubt, to be batched anew from the first number not used. */
  #gap = false
  #sessionOver = false
  readonly #hooks: QueueHooks

  constructor(topic: string, partition: number, hooks: QueueHooks) {
    this.topic = topic
    this.partition = partition
    this.#hooks = hooks
  }

  get idle(): boolean {
    return this.#waiting.length === 0 && this.#batches.length === 0
  }

  /** When the oldest batch in flight was sent; Infinity if none is. */
  get oldestInFlightMs(): number {
    let oldestMs = Infinity
    for (const { inFlight, sentAtMs } of this.#batches) if (inFlight && sentAtMs < oldestMs) oldestMs = sentAtMs
    return oldestMs
  }

  add(slice: Slice): void {
    this.#waiting.push(slice)
  }

  /** Could {@link take} hand out a batch now? */
  ready(nowMs: number): boolean {
    if (!this.#pace.allows(this.#inFlight, nowMs)) return false
    return this.#candidate() !== undefined || (this.#mayForm() && this.#waiting.length > 0)
  }

  /** The batch to send next, marked as in flight; null when there is none. */
  take(nowMs: number): Batch | null {
    if (!this.ready(nowMs)) return null
    if (this.#inFlight === 0) this.#pace.awake(nowMs)
    const batch = this.#candidate() ?? this.#form()
    if (batch === null) return null
    batch.inFlight = true
    batch.attempt++
    batch.sentAtMs = nowMs
    this.#inFlight++
    return batch
  }

  /** Nothing can be sent for now, for a reason that lies outside the partition. */
  hold(trouble: RecordFailure, nowMs: number): void {
    this.trouble = trouble
    this.#pace.setback(nowMs)
  }

  /** What is on its way to a leader of the past, which may be frozen, goes to the new one at once, as the same bytes. */
  ledBy(leader: number, nowMs: number): void {
    if (leader < 0 || leader === this.#leader) return
    this.#leader = leader
    for (const batch of this.#batches.filter(each => each.inFlight)) this.doubtful(batch, 'open', this.trouble, nowMs)
    this.#pace.endPause()
  }

  /** `baseOffset` is null after DUPLICATE_SEQUENCE_NUMBER: an earlier attempt was appended, the broker forgot where. */
  stored(batch: Batch, baseOffset: number | null): void {
    storeBatch(batch, baseOffset)
    this.#landed(batch)
    this.#batches = this.#batches.filter(each => each !== batch)
    this.trouble = notSentInTime
    const settled = this.#batches.every(({ inFlight }) => inFlight)
    this.#pace.acknowledged(batch.sentAtMs, settled)
    this.repair()
  }

  /** Certainly not appended by this attempt; the same batch goes again after a pause. */
  notAppended(batch: Batch, trouble: RecordFailure, nowMs: number): void {
    this.#landed(batch)
    this.trouble = trouble
    if (batch.abandoned) this.#drop(batch)
    else this.#pace.setback(nowMs)
    this.repair()
  }

  /** The answer says nothing certain, or there was none; the same bytes go again after a pause. */
  doubtful(batch: Batch, doubt: 'missing' | 'open', trouble: RecordFailure, nowMs: number): void {
    if (batch.doubt !== 'open') batch.doubt = doubt
    this.notAppended(batch, trouble, nowMs)
  }

  /** Rejected whole, before it was appended, for a fault of some record: `invalid` names them where Kafka did. */
  rejected(batch: Batch, failure: RecordFailure, invalid: ReadonlyMap<number, string | null> | undefined): void {
    this.#landed(batch)
    if (batch.doubt !== 'none' || batch.abandoned) this.#drop(batch)
    else this.#reclaim(batch, withoutFault(batch, failure, invalid))
    this.repair()
  }

  /** Rejected whole, before it was appended, for a reason that no retry and no split mends. */
  refused(batch: Batch, failure: RecordFailure): void {
    this.#landed(batch)
    if (batch.doubt === 'none' && !batch.abandoned) this.#fail(batch, failure)
    else this.#drop(batch)
    this.repair()
  }

  /**
   * OUT_OF_ORDER_SEQUENCE_NUMBER. In front of all: the broker's state and ours have parted. Behind a batch that may still be
   * appended: it waits for that one. Behind rejected ones alone: their numbers were never used, so this was never appended.
   */
  outOfOrder(batch: Batch, nowMs: number): void {
    if (this.#batches[0] === batch) return this.sessionLost(batch)
    this.#landed(batch)
    if (batch.abandoned) this.#drop(batch)
    else if (this.#batches.find(({ reclaimed }) => reclaimed === null) !== batch) this.#pace.setback(nowMs)
    else this.#takeBack(batch)
    this.repair()
  }

  /** The broker no longer takes this producer id and epoch; it did not append this attempt. */
  sessionLost(batch: Batch): void {
    this.#landed(batch)
    if (batch.doubt === 'none' && !batch.abandoned) this.#reclaim(batch, batch.slices)
    else this.#drop(batch)
    this.#endSession()
    this.repair()
  }

  /** Two brokers no longer know the topic: what was not appended for certain fails as such, the rest stays unknown. */
  topicGone(failure: RecordFailure): void {
    this.failWaiting(failure)
    for (const batch of this.#batches) {
      if (batch.inFlight) continue
      this.#batches = this.#batches.filter(each => each !== batch)
      failBatch(batch, batch.doubt === 'open' ? outcomeUnknown : failure)
    }
    if (this.session !== null) this.#endSession()
    this.repair()
  }

  failWaiting(failure: RecordFailure): void {
    for (const slice of this.#waiting.splice(0)) failSlice(slice, failure)
  }

  /**
   * The topic of that name was created anew if the id differs. What the old one certainly refused goes to the new one, in
   * a session that its brokers have not seen; what it may have taken stays of unknown fate.
   */
  topicReplaced(topicId: Buffer | null): void {
    if (topicId === null) return
    if (isAnother(this.#topicId, topicId)) this.#endSession()
    this.#topicId = topicId
    for (const batch of this.#batches) {
      if (batch.inFlight || !isAnother(batch.topicId, topicId)) continue
      if (batch.doubt === 'open') this.#giveUp(batch)
      else this.#takeBack(batch)
    }
    this.repair()
  }

  /** Gives up what passed its delivery time-out. */
  expire(nowMs: number): void {
    for (const batch of this.#batches.filter(each => each.giveUpAtMs <= nowMs)) {
      if (batch.inFlight) batch.abandoned = true
      else if (batch.doubt !== 'none') this.#giveUp(batch)
    }
    this.repair()
  }

  /** Takes back what the callers can still be told was not stored: slices that were not sent, or surely not appended. */
  withdraw(due: ReadonlySet<Submission>): void {
    const others = (slices: readonly Slice[]) => {
      for (const slice of slices) if (due.has(slice.submission)) failSlice(slice, this.trouble)
      return slices.filter(slice => !due.has(slice.submission))
    }
    this.#waiting = others(this.#waiting)
    const doubtBehind = this.#batches.findLastIndex(batch => batch.doubt !== 'none')
    for (const batch of this.#batches.slice(doubtBehind + 1)) {
      const slices = batch.reclaimed ?? batch.slices
      if (!batch.inFlight && slices.some(({ submission }) => due.has(submission))) this.#reclaim(batch, others(slices))
    }
    this.repair()
  }

  #candidate(): Batch | undefined {
    const repairing = this.#gap || this.#sessionOver
    return this.#batches.find(
      batch => !batch.inFlight && batch.reclaimed === null && (!repairing || batch.doubt !== 'none')
    )
  }

  #mayForm(): boolean {
    if (this.session === null || this.#gap || this.#sessionOver) return false
    return !this.#pace.cautious || this.#batches.length === 0
  }

  #form(): Batch | null {
    const session = this.session
    if (session === null) return null
    while (this.#waiting.length > 0) {
      const batch = this.#hooks.form(this.#hooks.cut(this.#waiting), session, this.#nextSequence)
      if (batch === null) continue
      this.#nextSequence = sequenceAfter(batch)
      this.#topicId = batch.topicId
      this.#batches.push(batch)
      return batch
    }
    return null
  }

  #landed(batch: Batch): void {
    batch.inFlight = false
    this.#inFlight--
  }

  #endSession(): void {
    this.#sessionOver = true
    this.#pace.slowDown()
  }

  #fail(batch: Batch, failure: RecordFailure): void {
    failBatch(batch, failure)
    this.#reclaim(batch, [])
  }

  #reclaim(batch: Batch, slices: readonly Slice[]): void {
    batch.reclaimed = slices
    this.#gap = true
  }

  /** No attempt was appended, nor can one be once the session is over: it goes again in the next one. */
  #takeBack(batch: Batch): void {
    batch.doubt = 'none'
    this.#reclaim(batch, batch.reclaimed ?? batch.slices)
    this.#endSession()
  }

  /** This attempt was not appended, and there will be no other; whether an earlier one was, its doubt tells. */
  #drop(batch: Batch): void {
    if (batch.doubt === 'none') this.#fail(batch, outcomeUnknown)
    else this.#giveUp(batch)
  }

  /** Never again sent; may be stored. Its sequence number cannot be used again in this session. */
  #giveUp(batch: Batch): void {
    this.#batches = this.#batches.filter(each => each !== batch)
    failBatch(batch, outcomeUnknown)
    this.#endSession()
  }

  /**
   * Once nothing is in flight or in doubt, batches anew what was rejected, in a new session if the old one is over.
   */
  repair(): void {
    if (!this.#gap && !this.#sessionOver) return
    if (this.#inFlight > 0 || this.#batches.some(batch => batch.doubt !== 'none')) return
    if (this.#sessionOver) {
      const renewed = this.session === null ? null : this.#hooks.renew(this.session)
      if (renewed === null) return
      this.session = renewed
      this.#nextSequence = 0
      this.#pace.slowDown()
    } else this.#nextSequence = this.#batches[0].sequence
    this.#gap = false
    this.#sessionOver = false
    this.#waiting.unshift(...this.#batches.flatMap(batch => batch.reclaimed ?? batch.slices))
    this.#batches = []
  }
}

function isAnother(id: Buffer | null, topicId: Buffer): boolean {
  return id !== null && id !== topicId && !id.equals(topicId)
}
