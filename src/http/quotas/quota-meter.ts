import type { QuotaConfig } from '../../config/schema.ts'
import { TokenBucket } from './token-bucket.ts'

export type Unit = 'requests' | 'records' | 'bytes'

/** A cost in each unit; 0 if left out. */
export type Cost = Readonly<Partial<Record<Unit, number>>>

interface Entry {
  readonly unit: Unit
  readonly bucket: TokenBucket
}

/** What an open request counts as: one at work, one that waits for records, or a stream. */
export type Occupation = 'requests' | 'waits' | 'streams'

export interface Shortage {
  readonly unit: Unit | `concurrent ${Occupation}`
  readonly waitMs: number
}

const ONE_REQUEST: Cost = { requests: 1 }
/** `Retry-After` for a slot: nobody knows when one becomes free. */
const SLOT_WAIT_MS = 1000

/** The quotas of one holder, a principal or the listener, and what remains of them. */
export class QuotaMeter {
  /** The holder in messages: `the caller's` or `the gateway's`. */
  readonly holder: string
  /** Cost of the last page that was read. */
  lastPage: Cost = {}
  readonly #buckets: Entry[] = []
  readonly #burstSeconds: number
  readonly #slots: Readonly<Record<Occupation, number>>
  readonly #open: Record<Occupation, number> = { requests: 0, waits: 0, streams: 0 }

  constructor(quota: QuotaConfig, holder: string, nowMs: number) {
    this.holder = holder
    this.#burstSeconds = quota.burstSeconds
    this.#slots = {
      requests: quota.concurrentRequests ?? Infinity,
      waits: quota.concurrentWaits ?? Infinity,
      streams: quota.concurrentStreams ?? Infinity
    }
    const rates = { requests: quota.requestsPerSecond, records: quota.recordsPerSecond, bytes: quota.bytesPerSecond }
    for (const unit of ['requests', 'records', 'bytes'] as const) {
      const perSecond = rates[unit]
      if (perSecond !== undefined)
        this.#buckets.push({ unit, bucket: new TokenBucket(perSecond, this.#burstSeconds, nowMs) })
    }
  }

  /** Returns why a further request must wait: no slot, no request left, or a debt of records or bytes. */
  refusal(nowMs: number): Shortage | undefined {
    return this.lackOfSlots('requests') ?? this.#worst(nowMs, unit => (unit === 'requests' ? 1 : 0))
  }

  /** Returns a shortage if all slots of that kind are taken. */
  lackOfSlots(kind: Occupation): Shortage | undefined {
    if (this.#open[kind] < this.#slots[kind]) return undefined
    return { unit: `concurrent ${kind}`, waitMs: SLOT_WAIT_MS }
  }

  /** Returns what is missing for `cost`. */
  shortage(cost: Cost, nowMs: number): Shortage | undefined {
    return this.#worst(nowMs, unit => cost[unit] ?? 0)
  }

  take(cost: Cost, nowMs: number): void {
    for (const { unit, bucket } of this.#buckets) bucket.take(cost[unit] ?? 0, nowMs)
  }

  giveBack(cost: Cost, nowMs: number): void {
    for (const { unit, bucket } of this.#buckets) bucket.take(-(cost[unit] ?? 0), nowMs)
  }

  /** Charges one request and its slot, until {@link leave}. */
  enter(nowMs: number): void {
    this.#open.requests++
    this.take(ONE_REQUEST, nowMs)
  }

  /** Moves a request from one kind of slot to another, whether or not one is free. */
  move(from: Occupation, to: Occupation): void {
    this.#open[from]--
    this.#open[to]++
  }

  leave(kind: Occupation): void {
    this.#open[kind]--
  }

  /** True while a request is open. */
  get inUse(): boolean {
    return this.#open.requests + this.#open.waits + this.#open.streams > 0
  }

  /** Returns `RateLimit-Policy` and `RateLimit` (draft-ietf-httpapi-ratelimit-headers-10). */
  headers(nowMs: number): Record<string, string> {
    if (this.#buckets.length === 0) return {}
    const policy = this.#buckets.map(
      ({ unit, bucket }) => `"${unit}";q=${bucket.capacity};w=${this.#burstSeconds}${UNIT_PARAMETERS[unit]}`
    )
    const left = this.#buckets.map(({ unit, bucket }) => {
      const remaining = Math.max(Math.floor(bucket.tokens(nowMs)), 0)
      return `"${unit}";r=${remaining};t=${Math.ceil(bucket.fullMs(nowMs) / 1000)}`
    })
    return { 'RateLimit-Policy': policy.join(', '), RateLimit: left.join(', ') }
  }

  #worst(nowMs: number, costOf: (unit: Unit) => number): Shortage | undefined {
    let worst: Shortage | undefined
    for (const { unit, bucket } of this.#buckets) {
      const waitMs = bucket.waitMs(costOf(unit), nowMs)
      if (waitMs > (worst?.waitMs ?? 0)) worst = { unit, waitMs }
    }
    return worst
  }
}

/** The draft's parameter for a unit; its default is requests. */
const UNIT_PARAMETERS: Readonly<Record<Unit, string>> = {
  requests: '',
  records: ';qu="records"',
  bytes: ';qu="content-bytes"'
}
