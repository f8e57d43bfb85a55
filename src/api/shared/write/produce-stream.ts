import type { GatewayError } from '../../../core/errors.ts'
import type { Gateway } from '../../../gateway/gateway.ts'
import type { Sink } from '../../../http/answer.ts'
import type { HttpCall } from '../../../http/call.ts'
import { ClientGone } from '../../../http/client-gone.ts'
import { lastWords } from '../../../http/last-words.ts'
import type { LineReader } from '../records/line-reader.ts'
import { recycleText } from '../records/text-writer.ts'
import { Deliveries } from './deliveries.ts'
import { Fates, type FailureText } from './fates.ts'
import { LineIntake, type IntakeOptions, type ReadLines } from './line-intake.ts'
import { streamStalled } from './stalled.ts'

export interface ProduceStreamOptions {
  readonly topic: string
  readonly reader: LineReader
  readonly limits: IntakeOptions['limits'] & { readonly receiptBytes: number }
  /** Answers only what failed, and at the end how many records had which fate. */
  readonly errorsOnly: boolean
  readonly failureText: FailureText
  /** Writes an error in the form of the dialect, as JSON on one line. */
  readonly errorText: (error: GatewayError) => string
}

const WRITE_BYTES = 64 * 1024
/** After an error, for what is under way to come back and for the client to take it. */
const LAST_MS = 10_000

/**
 * Stores the lines of a body as they come, and answers each in its order, until the body or the call ends. Holds its client
 * back while too much is under way or not taken. Resolves with the error that it ends with.
 */
export function produceStream(
  call: HttpCall,
  gateway: Pick<Gateway, 'produce'>,
  sink: Sink,
  options: ProduceStreamOptions
): Promise<GatewayError | undefined> {
  return new ProduceStream(call, gateway, sink, options).run()
}

class ProduceStream {
  readonly #call: HttpCall
  readonly #sink: Sink
  readonly #options: ProduceStreamOptions
  readonly #fates: Fates
  readonly #deliveries: Deliveries<ReadLines>
  readonly #intake: LineIntake
  #error: GatewayError | undefined
  #lastLimit: NodeJS.Timeout | undefined
  #onChange: () => void = () => undefined
  /** Rejects where no answer can be written any more. */
  readonly #broken = Promise.withResolvers<never>()

  constructor(call: HttpCall, gateway: Pick<Gateway, 'produce'>, sink: Sink, options: ProduceStreamOptions) {
    const { topic, reader, limits, errorsOnly, failureText } = options
    this.#call = call
    this.#sink = sink
    this.#options = options
    this.#fates = new Fates(errorsOnly, failureText)
    this.#deliveries = new Deliveries(call, gateway, {
      topic,
      isHeld: () => this.#fates.receipts.bytes >= limits.receiptBytes,
      onSettled: (lines, outcome) => this.#fates.add(lines, outcome),
      onChange: () => this.#changed(),
      onBroken: this.#broken.reject
    })
    this.#intake = new LineIntake(call, this.#deliveries, {
      reader,
      limits,
      onEnd: () => this.#onChange(),
      onFailure: error => this.#fail(error),
      onBroken: this.#broken.reject
    })
  }

  async run(): Promise<GatewayError | undefined> {
    const { signal } = this.#call
    const onAbort = () => this.#stop(signal.reason)
    signal.addEventListener('abort', onAbort)
    if (signal.aborted) onAbort()
    this.#intake.start()
    try {
      await Promise.race([this.#answer(), this.#broken.promise])
    } finally {
      signal.removeEventListener('abort', onAbort)
      clearTimeout(this.#lastLimit)
      this.#intake.stop()
      this.#deliveries.end()
    }
    return this.#error
  }

  #stop(reason: unknown): void {
    const error = lastWords(reason)
    if (error === undefined) this.#broken.reject(new ClientGone())
    else this.#fail(error)
  }

  /** Takes no more lines. Those under way are still answered, then comes the error. */
  #fail(error: GatewayError): void {
    if (this.#error !== undefined) return
    this.#error = error
    this.#intake.stop()
    this.#lastLimit = setTimeout(() => this.#broken.reject(error), LAST_MS)
    this.#onChange()
  }

  #changed(): void {
    this.#intake.goOn()
    this.#onChange()
  }

  async #answer(): Promise<void> {
    const { receipts } = this.#fates
    while (!receipts.isEmpty || !this.#deliveries.isEmpty || !this.#intake.isOver) {
      if (receipts.isEmpty) await new Promise<void>(resolve => (this.#onChange = resolve))
      else await this.#send(receipts.take(WRITE_BYTES))
      this.#intake.goOn()
    }
    const last = this.#lastLine()
    if (last !== '') await this.#sink.write(Buffer.from(last))
  }

  #lastLine(): string {
    const { errorsOnly, errorText } = this.#options
    const error = this.#error === undefined ? [] : [`"error":${errorText(this.#error)}`]
    const members = errorsOnly ? [...error, this.#fates.counts] : error
    return members.length === 0 ? '' : `{${members.join(',')}}\n`
  }

  /** The memory of a text is lent: Node may hold a written buffer for as long as the client reads nothing. */
  async #send(text: Buffer): Promise<void> {
    const copy = Buffer.from(text)
    recycleText(text)
    const taking = this.#sink.write(copy)
    if (taking === undefined) return
    const { streamStallMs } = this.#options.limits
    const stalled = () => this.#fail(streamStalled(streamStallMs))
    const limit = setTimeout(stalled, streamStallMs)
    try {
      await taking
    } finally {
      clearTimeout(limit)
    }
  }
}
