import { GatewayError } from '../../../core/errors.ts'
import type { BudgetReservation } from '../../../http/budget-reservation.ts'
import type { BodyFlow, HttpCall, PieceTaker } from '../../../http/call.ts'
import type { LineReader, LineTable } from '../records/line-reader.ts'
import type { Deliveries } from './deliveries.ts'
import { LineBuffer } from './line-buffer.ts'

export interface IntakeOptions {
  readonly reader: LineReader
  readonly limits: {
    readonly jsonDepth: number
    readonly bodyBytes: number
    readonly bodyTimeoutMs: number
    readonly streamStallMs: number
  }
  /** Called at the end of the body. */
  onEnd(): void
  onFailure(error: GatewayError): void
  /** Called with a defect. */
  onBroken(error: unknown): void
}

/** Lines that were read, and the number of the first one, from 1. */
export interface ReadLines {
  readonly read: LineTable
  readonly firstLine: number
}

/** Lines become a batch as soon as there are so many bytes of them; fewer do when all that has arrived is read. */
const BATCH_BYTES = 64 * 1024
/** Budget bytes for each byte of a line: one for the line, one for the records made of it. */
const BUDGET_FACTOR = 2
/** An unfinished line counts in the budget from so many bytes on. */
const UNCOUNTED_BYTES = 64 * 1024
const RETRY_MS = 20

/** Makes batches of the lines of a body as they arrive, and holds the client back while there is no place for more. */
export class LineIntake implements PieceTaker {
  readonly #call: HttpCall
  readonly #deliveries: Deliveries<ReadLines>
  readonly #options: IntakeOptions
  readonly #lines: LineBuffer
  #flow: BodyFlow | undefined
  #nextLine = 1
  #isComplete = false
  #isStopped = false
  /** A batch is being made, or will be later in this turn. */
  #isBusy = false
  #isDue = false
  /** What is set aside of the budget for the lines that are no batch yet. */
  #share: BudgetReservation | undefined
  #starvedSinceMs: number | undefined
  #retry: NodeJS.Timeout | undefined
  #lineLimit: NodeJS.Timeout | undefined

  constructor(call: HttpCall, deliveries: Deliveries<ReadLines>, options: IntakeOptions) {
    this.#call = call
    this.#deliveries = deliveries
    this.#options = options
    this.#lines = new LineBuffer(options.limits.bodyBytes)
  }

  start(): void {
    this.#flow = this.#call.receive(this)
  }

  /** Whether no further batch comes. */
  get isOver(): boolean {
    return this.#isStopped || (this.#isComplete && this.#lines.wholeBytes === 0)
  }

  piece(bytes: Buffer): void {
    if (this.#isStopped) return
    this.#lines.append(bytes)
    if (this.#lines.wholeBytes >= BATCH_BYTES) this.goOn()
    else this.#goOnSoon()
  }

  end(): void {
    this.#isComplete = true
    if (!this.#isStopped) this.#lines.end()
    this.goOn()
    this.#options.onEnd()
  }

  /** Makes no more batches. What the client goes on to send is dropped, so that it comes to read its answers. */
  stop(): void {
    this.#isStopped = true
    clearTimeout(this.#retry)
    clearTimeout(this.#lineLimit)
    this.#lines.release()
    this.#share?.release()
    this.#flow?.resume()
  }

  /** Makes batches of the lines that are there, as far as there is place for them. */
  goOn(): void {
    try {
      this.#makeBatches()
    } catch (error) {
      this.#options.onBroken(error)
    }
  }

  #makeBatches(): void {
    if (this.#isBusy || this.#isStopped) return
    this.#isBusy = true
    while (this.#lines.wholeBytes > 0 && !this.#deliveries.isFull && this.#reserve()) {
      if (this.#makeBatch()) continue
      this.#goOnSoon()
      break
    }
    this.#isBusy = false
    const isHeld = this.#deliveries.isFull || !this.#reserve()
    this.#limitLine(isHeld)
    if (isHeld) this.#flow?.pause()
    else this.#flow?.resume()
  }

  /** What else is read from the socket in this turn joins the batch. */
  #goOnSoon(): void {
    if (this.#isDue) return
    this.#isDue = true
    setImmediate(() => {
      this.#isDue = false
      this.goOn()
    })
  }

  /** Returns false if lines are left for a later turn. */
  #makeBatch(): boolean {
    const share = this.#share
    this.#share = undefined
    clearTimeout(this.#lineLimit)
    this.#lineLimit = undefined
    const lines = this.#lines.take()
    const read = this.#options.reader.read(lines, this.#options.limits)
    const isWhole = read.readBytes === lines.bytes.length
    if (!isWhole) this.#lines.putBack(lines, read.readBytes)
    const batch = { read, firstLine: this.#nextLine }
    this.#nextLine += read.lines
    this.#deliveries.add(batch, read.table, read.readBytes, () => {
      lines.release()
      share?.release()
    })
    return isWhole
  }

  /** Sets budget aside for the lines that are here. Returns false if there is too little, and tries again later. */
  #reserve(): boolean {
    if (this.#retry !== undefined) return false
    const { length, wholeBytes } = this.#lines
    const isUncounted = wholeBytes === 0 && length <= UNCOUNTED_BYTES
    this.#share ??= isUncounted ? undefined : this.#call.setAside()
    if (isUncounted || this.#share?.tryRaiseTo(length * BUDGET_FACTOR) === true) {
      this.#starvedSinceMs = undefined
      return true
    }
    const nowMs = performance.now()
    this.#starvedSinceMs ??= nowMs
    if (nowMs - this.#starvedSinceMs >= this.#options.limits.streamStallMs)
      this.#options.onFailure(new GatewayError('OVERLOADED', 'The gateway has too much in hand; try again shortly.'))
    else
      this.#retry = setTimeout(() => {
        this.#retry = undefined
        this.goOn()
      }, RETRY_MS)
    return false
  }

  /** Bounds the time for which an unfinished line is held. */
  #limitLine(isHeld: boolean): void {
    if (isHeld || !this.#lines.endsInLine) {
      clearTimeout(this.#lineLimit)
      this.#lineLimit = undefined
    } else
      this.#lineLimit ??= setTimeout(
        () => this.#options.onFailure(new GatewayError('REQUEST_TIMEOUT', 'A line did not arrive in time.')),
        this.#options.limits.bodyTimeoutMs
      )
  }
}
