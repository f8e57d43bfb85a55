import type { SwapRemoveMember } from '../../core/lib/swap-remove-set.ts'
import type { ProduceOutcome } from '../../core/produce-outcome.ts'
import type { RecordTable } from '../../core/record-table.ts'
import type { RequestTrace } from '../../core/tracing.ts'
import type { ProduceFailure } from './failures.ts'

export interface ProduceTimes {
  /** Milliseconds since 1970: the timestamp of records that bring none. */
  readonly arrivedAtMs: number
  /** `performance.now()` at which the HTTP answer is due. */
  readonly answerAtMs: number
  /** `performance.now()` at which a batch of doubtful fate is given up. */
  readonly giveUpAtMs: number
}

/**
 * One produce request in the accumulator: collects the fate of each record, answers once, and calls `released` when nothing
 * needs the bytes of the request any more (a batch may outlive the answer).
 */
export class PendingProduce implements SwapRemoveMember {
  indexInSet = -1
  /** Its answer is due soon, so what could be withdrawn has been. */
  due = false
  /** Set if the request is traced. */
  trace: RequestTrace | undefined
  readonly arrivedMs = performance.now()
  readonly topic: string
  readonly table: RecordTable
  readonly times: ProduceTimes
  readonly partitions: Int32Array
  readonly #offsets: Float64Array
  #failures: Map<number, ProduceFailure> | undefined
  #unsettled: number
  #answered = false
  readonly #answer: (outcome: ProduceOutcome<ProduceFailure>) => void
  readonly #released: (pending: PendingProduce) => void

  constructor(
    topic: string,
    table: RecordTable,
    partitions: Int32Array,
    times: ProduceTimes,
    answer: (outcome: ProduceOutcome<ProduceFailure>) => void,
    released: (pending: PendingProduce) => void
  ) {
    this.topic = topic
    this.table = table
    this.partitions = partitions
    this.times = times
    this.#offsets = new Float64Array(table.count).fill(-1)
    this.#unsettled = table.count
    this.#answer = answer
    this.#released = released
  }

  get answered(): boolean {
    return this.#answered
  }

  /** The records `rows[from…to)` stand at consecutive offsets from `baseOffset`. */
  stored(rows: Int32Array, from: number, to: number, baseOffset: number): void {
    if (!this.#answered) for (let at = from; at < to; at++) this.#offsets[rows[at]] = baseOffset + at - from
    this.#settle(to - from)
  }

  /** The records `rows[from…to)` failed for good. */
  failed(rows: Int32Array, from: number, to: number, failure: ProduceFailure): void {
    if (!this.#answered) {
      this.#failures ??= new Map()
      for (let at = from; at < to; at++) this.#failures.set(rows[at], failure)
    }
    this.#settle(to - from)
  }

  /** Answers now, with `failure` for every record whose fate is not known. What is in flight goes on unobserved. */
  answerNow(failure: ProduceFailure): void {
    if (this.#answered) return
    this.#failures ??= new Map()
    for (let record = 0; record < this.table.count; record++) {
      if (this.#offsets[record] < 0 && !this.#failures.has(record)) this.#failures.set(record, failure)
    }
    this.#finish()
  }

  #settle(records: number): void {
    this.#unsettled -= records
    if (this.#unsettled > 0) return
    if (!this.#answered) this.#finish()
    this.#released(this)
  }

  #finish(): void {
    this.#answered = true
    const { partitions } = this
    const outcome = { count: this.table.count, partitions, offsets: this.#offsets }
    this.#answer(this.#failures === undefined ? outcome : { ...outcome, failures: this.#failures })
  }
}

/** Records of one request for one partition, in the order of the request: what a batch is made of. */
export interface RecordRange {
  readonly pending: PendingProduce
  readonly table: RecordTable
  readonly rows: Int32Array
  readonly from: number
  readonly to: number
  readonly timestampMs: number
  /** Upper bound of the encoded size. */
  readonly bytes: number
  /** A batch that held it was rejected: it shares no batch with other callers again. */
  readonly isolated: boolean
}

/** All records of a request for one partition. */
export function wholeRange(pending: PendingProduce, rows: Int32Array, bytes: number): RecordRange {
  const { table, times } = pending
  const timestampMs = times.arrivedAtMs
  return { pending, table, rows, from: 0, to: rows.length, timestampMs, bytes, isolated: false }
}

export function storeRange(range: RecordRange, baseOffset: number): void {
  range.pending.stored(range.rows, range.from, range.to, baseOffset)
}

export function failRange(range: RecordRange, failure: ProduceFailure): void {
  range.pending.failed(range.rows, range.from, range.to, failure)
}
