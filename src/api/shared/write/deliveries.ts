import { GatewayError } from '../../../core/errors.ts'
import type { RecordTable } from '../../../core/record-table.ts'
import type { Gateway, ProduceOutcome } from '../../../gateway/gateway.ts'
import type { HttpCall } from '../../../http/call.ts'
import { withHeaders } from '../records/added-headers.ts'

export interface DeliveryOptions<T> {
  readonly topic: string
  /** Whether answers that the client has not taken forbid to add more. */
  isHeld(): boolean
  /** Called for each batch, in their order. An error is that of all its records. */
  onSettled(batch: T, outcome: ProduceOutcome | GatewayError): void
  /** Called when more may be added than before, and after batches are settled. */
  onChange(): void
  /** Called with a defect, or when the client has left. */
  onBroken(error: unknown): void
}

/** Bytes of one stream that are on their way to Kafka. */
const WINDOW_BYTES = 512 * 1024
/** A debt of the caller's quota is looked at again after so long. */
const DEBT_MS = 15_000

const NOTHING: ProduceOutcome = { count: 0, partitions: new Int32Array(0), offsets: new Float64Array(0) }

interface Batch<T> {
  readonly of: T
  readonly bytes: number
  outcome: ProduceOutcome | GatewayError | undefined
}

/** The batches of a stream on their way to Kafka, one behind the other, and their fates in the same order. */
export class Deliveries<T> {
  readonly #call: HttpCall
  readonly #gateway: Pick<Gateway, 'produce'>
  readonly #options: DeliveryOptions<T>
  readonly #batches: Batch<T>[] = []
  #bytes = 0
  /** Its records have no place in Kafka's order yet. */
  #unsent: Batch<T> | undefined
  #debt: NodeJS.Timeout | undefined

  constructor(call: HttpCall, gateway: Pick<Gateway, 'produce'>, options: DeliveryOptions<T>) {
    this.#call = call
    this.#gateway = gateway
    this.#options = options
  }

  get isEmpty(): boolean {
    return this.#batches.length === 0
  }

  /** Whether more must not be added now. */
  get isFull(): boolean {
    return (
      this.#unsent !== undefined || this.#debt !== undefined || this.#bytes >= WINDOW_BYTES || this.#options.isHeld()
    )
  }

  /** Sends records, which may be none. Calls `released` once, when nothing needs their bytes any more. */
  add(of: T, records: RecordTable, bytes: number, released: () => void): void {
    const batch = this.#enqueue(of, bytes)
    this.#charge(records.count, bytes)
    if (records.count > 0)
      this.#store(batch, records, released).catch((error: unknown) => this.#options.onBroken(error))
    else {
      released()
      this.#settle(batch, NOTHING)
    }
  }

  /** Answers, in its turn, what was refused before it was sent. */
  refuse(of: T, error: GatewayError): void {
    this.#settle(this.#enqueue(of, 0), error)
  }

  #enqueue(of: T, bytes: number): Batch<T> {
    const batch = { of, bytes, outcome: undefined }
    this.#batches.push(batch)
    this.#bytes += bytes
    return batch
  }

  /** Waits no longer for a debt to be paid. */
  end(): void {
    clearTimeout(this.#debt)
  }

  /** A debt of the caller's holds the stream back. */
  #charge(count: number, bytes: number): void {
    const debtMs = this.#call.chargeAfter(count, bytes)
    if (debtMs === 0) return
    this.#debt = setTimeout(
      () => {
        this.#debt = undefined
        this.#charge(0, 0)
        this.#options.onChange()
      },
      Math.min(debtMs, DEBT_MS)
    )
  }

  async #store(batch: Batch<T>, table: RecordTable, released: () => void): Promise<void> {
    let operation
    try {
      operation = this.#call.begin()
    } catch (error) {
      released()
      throw error
    }
    const added = this.#call.trace?.recordHeaders ?? []
    const records = added.length === 0 ? table : withHeaders(table, added)
    this.#unsent = batch
    const submitted = () => this.#sent(batch)
    let outcome: ProduceOutcome | GatewayError
    try {
      const options = { eachRecord: true, submitted }
      outcome = await this.#gateway.produce(operation, this.#options.topic, records, released, options)
    } catch (error) {
      if (!(error instanceof GatewayError)) throw error
      outcome = error
    }
    this.#sent(batch)
    this.#settle(batch, outcome)
  }

  #sent(batch: Batch<T>): void {
    if (this.#unsent !== batch) return
    this.#unsent = undefined
    this.#options.onChange()
  }

  #settle(batch: Batch<T>, outcome: ProduceOutcome | GatewayError): void {
    batch.outcome = outcome
    let first = this.#batches[0] as Batch<T> | undefined
    for (; first?.outcome !== undefined; first = this.#batches[0]) {
      this.#options.onSettled(first.of, first.outcome)
      this.#bytes -= first.bytes
      this.#batches.shift()
    }
    this.#options.onChange()
  }
}
