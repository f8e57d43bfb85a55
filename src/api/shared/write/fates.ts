import { GatewayError } from '../../../core/errors.ts'
import type { ProduceOutcome, RecordFailure } from '../../../gateway/gateway.ts'
import type { ReadLines } from './line-intake.ts'
import { Receipts } from './receipts.ts'

/** Why a record is not stored, or not known to be. */
export type Failure = Pick<RecordFailure, 'code' | 'message' | 'retriable' | 'stored'>

/** Writes the error of a record in the form of a dialect: its members on one line, without braces. */
export type FailureText = (failure: Failure) => string

/** What became of the records of a stream: counted, and as answers to be sent. */
export class Fates {
  readonly receipts = new Receipts()
  readonly #errorsOnly: boolean
  readonly #failureText: FailureText
  #stored = 0
  #notStored = 0
  #unknown = 0

  /** @param errorsOnly makes no answers for stored records */
  constructor(errorsOnly: boolean, failureText: FailureText) {
    this.#errorsOnly = errorsOnly
    this.#failureText = failureText
  }

  /** Members of a JSON object. */
  get counts(): string {
    return `"stored":${this.#stored},"not_stored":${this.#notStored},"unknown":${this.#unknown}`
  }

  /** Adds what became of the lines behind those before. An error is that of all records. */
  add({ read: { table, lineOf, refused }, firstLine }: ReadLines, outcome: ProduceOutcome | GatewayError): void {
    const lineBy = (record: number) => firstLine + (lineOf === undefined ? record : lineOf[record])
    const texts = new Map<object, Buffer>()
    const fail = (key: object, failure: Failure, line: number, partition: number) => {
      const text = texts.get(key) ?? Buffer.from(`${this.#failureText(failure)}}\n`)
      texts.set(key, text)
      if (failure.stored === 'no') this.#notStored++
      else this.#unknown++
      this.receipts.failed(line, partition, text)
    }
    let next = 0
    for (let record = 0; record <= table.count; record++) {
      for (; next < refused.length && refused[next].record === record; next++) {
        const { line, error } = refused[next]
        fail(error, notStored(error), firstLine + line, -1)
      }
      if (record === table.count) return
      if (outcome instanceof GatewayError) fail(outcome, notStored(outcome), lineBy(record), -1)
      else {
        const failure = outcome.failures?.get(record)
        if (failure !== undefined) fail(failure, failure, lineBy(record), outcome.partitions[record])
        else {
          this.#stored++
          if (!this.#errorsOnly) this.receipts.stored(outcome.partitions[record], outcome.offsets[record])
        }
      }
    }
  }
}

function notStored({ code, message, retriable }: GatewayError): Failure {
  return { code, message, retriable, stored: 'no' }
}
