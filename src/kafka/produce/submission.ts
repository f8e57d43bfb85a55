import type { Bagged } from '../../core/lib/bag.ts'
import type { ProduceOutcome, RecordFailure } from '../../core/produce-outcome.ts'
import type { RecordTable } from '../../core/record-table.ts'
import type { RequestTrace } from '../../core/tracing.ts'

export interface SubmissionTimes {
  /** Milliseconds since 1970: the timestamp of records that bring none. */
  readonly arrivedAtMs: number
  /** `performance.now()` at which the HTTP answer is due. */
  readonly answerAtMs: number
  /** `performance.now()` at which a batch of doubtful fate is given up. */
  readonly giveUpAtMs: number
}

/**
 * One produce request on its way through the accumulator: collects what became of each record, answers once, and
 * tells when nobody needs the bytes of the request any more (a batch may outlive the answer).
 */
export class Submission implements Bagged {
  place = -1
  /** Its answer is due soon: what can be taken back was. */
  due = false
  /** Where requests are traced. */
  trace: RequestTrace | undefined
  readonly arrivedMs = performance.now()
  readonly topic: string
  readonly table: RecordTable
  readonly times: SubmissionTimes
  readonly partitions: Int32Array
  readonly #offsets: Float64Array
  #failures: Map<number, RecordFailure> | undefined
  #unsettled: number
  #answered = false
  readonly #answer: (outcome: ProduceOutcome) => void
  readonly #released: (submission: Submission) => void

  constructor(
    topic: string,
    table: RecordTable,
    partitions: Int32Array,
    times: SubmissionTimes,
    answer: (outcome: ProduceOutcome) => void,
    released: (submission: Submission) => void
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
  failed(rows: Int32Array, from: number, to: number, failure: RecordFailure): void {
    if (!this.#answered) {
      this.#failures ??= new Map()
      for (let at = from; at < to; at++) this.#failures.set(rows[at], failure)
    }
    this.#settle(to - from)
  }

  /** Answers now: every record not yet settled gets `failure`. What is still on its way goes on unwatched. */
  answerNow(failure: RecordFailure): void {
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

/** Records of one submission for one partition, in the order of the request: what a batch is made of. */
export interface Slice {
  readonly submission: Submission
  readonly table: RecordTable
  readonly rows: Int32Array
  readonly from: number
  readonly to: number
  readonly timestampMs: number
  /** Upper bound of the encoded size. */
  readonly bytes: number
  /** A batch that held it was rejected: it shares no batch with other callers again. */
  readonly alone: boolean
}

/** All records of a submission for one partition. */
export function wholeSlice(submission: Submission, rows: Int32Array, bytes: number): Slice {
  const { table, times } = submission
  const timestampMs = times.arrivedAtMs
  return { submission, table, rows, from: 0, to: rows.length, timestampMs, bytes, alone: false }
}

export function storeSlice(slice: Slice, baseOffset: number): void {
  slice.submission.stored(slice.rows, slice.from, slice.to, baseOffset)
}

export function failSlice(slice: Slice, failure: RecordFailure): void {
  slice.submission.failed(slice.rows, slice.from, slice.to, failure)
}
