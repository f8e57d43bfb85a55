import type { ProduceOutcome, RecordFailure } from '../core/produce-outcome.ts'
import { headersStart, type HeaderTable, PARTITION, type RecordTable, SPAN_STRIDE } from '../core/record-table.ts'

/** Some records of a request. */
export interface Part {
  /** Of the same bytes. */
  readonly table: RecordTable
  /** Their numbers in the request, ascending. */
  readonly numbers: readonly number[]
}

/** Returns the records whose partition is taken; −1 stands for none. */
export function partOf(records: RecordTable, takes: (partition: number) => boolean): Part {
  const { bytes, spans, timestamps, headers } = records
  const numbers: number[] = []
  for (let record = 0; record < records.count; record++)
    if (takes(spans[record * SPAN_STRIDE + PARTITION])) numbers.push(record)
  const own = new Int32Array(numbers.length * SPAN_STRIDE)
  for (const [at, record] of numbers.entries())
    own.set(spans.subarray(record * SPAN_STRIDE, (record + 1) * SPAN_STRIDE), at * SPAN_STRIDE)
  const table = {
    bytes,
    count: numbers.length,
    spans: own,
    ...(timestamps === undefined ? {} : { timestamps: Float64Array.from(numbers, record => timestamps[record]) }),
    ...(headers === undefined ? {} : { headers: headersOf(headers, numbers) })
  }
  return { table, numbers }
}

function headersOf(headers: HeaderTable, numbers: readonly number[]): HeaderTable {
  const rows = numbers.map(record => headers.spans.subarray(headersStart(headers, record), headers.ends[record]))
  const spans = new Int32Array(rows.reduce((length, row) => length + row.length, 0))
  const ends = new Int32Array(rows.length)
  let end = 0
  for (const [at, row] of rows.entries()) {
    spans.set(row, end)
    ends[at] = end += row.length
  }
  return { spans, ends }
}

/** Returns the outcome of the whole request, of which only a part was sent: undefined if nothing was. */
export function wholeOutcome(
  { count, spans }: RecordTable,
  { numbers }: Part,
  outcome: ProduceOutcome | undefined,
  failureOf: (partition: number) => RecordFailure
): ProduceOutcome {
  const partitions = new Int32Array(count)
  const offsets = new Float64Array(count).fill(-1)
  const failures = new Map<number, RecordFailure>()
  const told = new Map<number, RecordFailure>()
  for (let record = 0, sent = 0; record < count; record++) {
    if (numbers[sent] === record && outcome !== undefined) {
      partitions[record] = outcome.partitions[sent]
      offsets[record] = outcome.offsets[sent]
      const failure = outcome.failures?.get(sent)
      sent++
      if (failure !== undefined) failures.set(record, failure)
      continue
    }
    const partition = (partitions[record] = spans[record * SPAN_STRIDE + PARTITION])
    let failure = told.get(partition)
    if (failure === undefined) told.set(partition, (failure = failureOf(partition)))
    failures.set(record, failure)
  }
  return { count, partitions, offsets, failures }
}
