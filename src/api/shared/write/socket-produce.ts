import { Deadline } from '../../../core/deadline.ts'
import { GatewayError } from '../../../core/errors.ts'
import { within } from '../../../core/lib/within.ts'
import type { RecordTable } from '../../../core/record-table.ts'
import type { Gateway, ProduceOutcome } from '../../../gateway/gateway.ts'
import type { Channel } from '../../../http/answer.ts'
import type { BodyFlow, HttpCall, MessageTaker } from '../../../http/call.ts'
import { lastWords } from '../../../http/last-words.ts'
import { Deliveries } from './deliveries.ts'
import { streamStalled } from './stalled.ts'

export interface SocketProduceOptions {
  readonly topic: string
  readonly streamStallMs: number
  /** Reads the records of a message. Throws as for the body of a request. */
  read(text: Buffer): RecordTable
  /** Writes the answer to a message in the form of the dialect; an error is that of the whole message. */
  answer(outcome: ProduceOutcome | GatewayError): Buffer
  /** Writes an error in the form of the dialect, as JSON on one line. */
  errorText(error: GatewayError): string
}

/** Answers that wait for the client before it is held back. */
const MOST_ANSWERS = 64
/** Budget bytes for each byte of a message: one for the message, one for the records made of it. */
const BUDGET_FACTOR = 2
/** After an error, for what is under way to come back. */
const LAST_MS = 10_000

/**
 * Stores the records of each message, and answers messages in their order. Holds the client back while too much is under way or not
 * taken. Resolves with the error that it ends with, which the client was told.
 */
export function produceBySocket(
  call: HttpCall,
  gateway: Pick<Gateway, 'produce'>,
  channel: Channel,
  options: SocketProduceOptions
): Promise<GatewayError | undefined> {
  return new SocketProduce(call, gateway, channel, options).run()
}

class SocketProduce implements MessageTaker {
  readonly #call: HttpCall
  readonly #channel: Channel
  readonly #options: SocketProduceOptions
  readonly #deliveries: Deliveries<undefined>
  readonly #answers: Buffer[] = []
  /** They had come before the client was held back. */
  readonly #waiting: Buffer[] = []
  readonly #broken = Promise.withResolvers<never>()
  #flow: BodyFlow | undefined
  #error: GatewayError | undefined
  #isGone = false
  #last: NodeJS.Timeout | undefined
  #onChange: () => void = () => undefined

  constructor(call: HttpCall, gateway: Pick<Gateway, 'produce'>, channel: Channel, options: SocketProduceOptions) {
    this.#call = call
    this.#channel = channel
    this.#options = options
    this.#deliveries = new Deliveries(call, gateway, {
      topic: options.topic,
      isHeld: () => this.#answers.length >= MOST_ANSWERS,
      onSettled: (_, outcome) => void this.#answers.push(options.answer(outcome)),
      onChange: () => this.#changed(),
      onBroken: error => this.#broken.reject(error)
    })
  }

  async run(): Promise<GatewayError | undefined> {
    const { signal } = this.#call
    const onAbort = () => this.#stop(signal.reason)
    signal.addEventListener('abort', onAbort)
    if (signal.aborted) onAbort()
    this.#flow = this.#channel.receive(this)
    try {
      await Promise.race([this.#talk(), this.#broken.promise])
    } finally {
      signal.removeEventListener('abort', onAbort)
      clearTimeout(this.#last)
      this.#deliveries.end()
    }
    return this.#error
  }

  message(text: Buffer): void {
    if (this.#error !== undefined) return
    this.#waiting.push(text)
    try {
      this.#changed()
    } catch (error) {
      this.#broken.reject(error)
    }
  }

  #stop(reason: unknown): void {
    const error = lastWords(reason)
    if (error !== undefined) return this.#fail(error)
    this.#isGone = true
    this.#onChange()
  }

  /** Takes no more messages. Those under way are still answered, then comes the error. */
  #fail(error: GatewayError): void {
    if (this.#error !== undefined) return
    this.#error = error
    this.#waiting.length = 0
    this.#last = setTimeout(() => this.#broken.reject(error), LAST_MS)
    this.#onChange()
  }

  #changed(): void {
    while (!this.#deliveries.isFull) {
      const text = this.#waiting.shift()
      if (text === undefined) break
      this.#store(text)
    }
    if (this.#deliveries.isFull) this.#flow?.pause()
    else this.#flow?.resume()
    this.#onChange()
  }

  #store(text: Buffer): void {
    const share = this.#call.setAside()
    try {
      share.raiseTo(text.length * BUDGET_FACTOR)
      const records = this.#options.read(text)
      this.#deliveries.add(undefined, records, text.length, () => share.release())
    } catch (error) {
      share.release()
      if (!(error instanceof GatewayError)) throw error
      this.#deliveries.refuse(undefined, error)
    }
  }

  async #talk(): Promise<void> {
    while (!this.#isGone) {
      const answer = this.#answers.shift()
      if (answer !== undefined) {
        await this.#send(answer)
        this.#changed()
      } else if (this.#error !== undefined && this.#deliveries.isEmpty) {
        return this.#send(Buffer.from(`{"error":${this.#options.errorText(this.#error)}}`))
      } else await new Promise<void>(resolve => (this.#onChange = resolve))
    }
  }

  async #send(text: Buffer): Promise<void> {
    const sending = this.#channel.send(text)
    if (sending === undefined) return
    const { streamStallMs } = this.#options
    await within(Deadline.after(streamStallMs), sending, () => streamStalled(streamStallMs))
  }
}
