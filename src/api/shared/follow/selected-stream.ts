import { setTimeout as sleep } from 'node:timers/promises'
import { Deadline } from '../../../core/deadline.ts'
import { GatewayError } from '../../../core/errors.ts'
import type { PageLimits, TopicFollower } from '../../../gateway/gateway.ts'
import type { Sink } from '../../../http/answer.ts'
import type { HttpCall } from '../../../http/call.ts'
import { formatPosition } from '../position.ts'
import { recycleText } from '../records/text-writer.ts'
import type { FollowOptions } from './follow-stream.ts'
import type { StreamForm } from './stream-form.ts'

export interface SelectedOptions extends Pick<FollowOptions, 'topic' | 'count' | 'idleMs' | 'errorText'> {
  readonly limits: Pick<PageLimits, 'keyBytes' | 'valueBytes' | 'scanBytes'>
  /** Records are looked at that may not be brought: the client is told how many. */
  readonly isSearch: boolean
}

/** What a client that does not read holds here at most, or one record. */
const BURST: PageLimits = { records: 400, bytes: 96 * 1024 }
/** Between two looks at what the clock and the client want. */
const SCAN_BYTES = 16 * 1024 * 1024
const BEAT_MS = 15_000
/** Of one wait, so that a partition that nobody led is looked for again. */
const WAIT_MS = 30_000
const READ_MS = 2000

/**
 * Writes what a follower of less than everything brings, until it has come to where it is to stop, a limit, an error, or the end
 * of the call. It goes alone: few others want the same.
 */
export async function selectedStream(
  call: HttpCall,
  follower: TopicFollower,
  form: StreamForm,
  sink: Sink,
  options: SelectedOptions
): Promise<void> {
  const stream = new SelectedStream(call, follower, form, sink, options)
  try {
    await stream.run()
  } catch (error) {
    if (!(error instanceof GatewayError)) throw error
    await sink.write(Buffer.from(form.failure(options.errorText(error), formatPosition(follower.position))))
  }
}

class SelectedStream {
  readonly #call: HttpCall
  readonly #follower: TopicFollower
  readonly #form: StreamForm
  readonly #sink: Sink
  readonly #options: SelectedOptions
  /** The position that the client knows. */
  #told: string
  #left: number
  #scanned: number | undefined
  #beatAtMs = performance.now() + BEAT_MS
  #idleAtMs: number
  #isWaiting = false

  constructor(call: HttpCall, follower: TopicFollower, form: StreamForm, sink: Sink, options: SelectedOptions) {
    this.#call = call
    this.#follower = follower
    this.#form = form
    this.#sink = sink
    this.#options = options
    this.#told = formatPosition(follower.position)
    this.#left = options.count
    this.#scanned = options.isSearch ? 0 : undefined
    this.#idleAtMs = performance.now() + options.idleMs
  }

  async run(): Promise<void> {
    // A wait goes on through its beats: to end it and to begin another costs more than all else that an idle stream does.
    const beating = setInterval(() => this.#isWaiting && void this.#beat().catch(() => undefined), BEAT_MS).unref()
    try {
      await this.#follow(this.#call.signal)
    } finally {
      clearInterval(beating)
    }
  }

  async #follow(signal: AbortSignal): Promise<void> {
    await this.#write(this.#form.begin(this.#told))
    while (!signal.aborted && this.#left > 0 && performance.now() < this.#idleAtMs && !this.#follower.isComplete) {
      if (!this.#follower.hasMore) await this.#wait()
      else {
        await this.#burst()
        // A search may go on for long without a record.
        if (performance.now() >= this.#beatAtMs) await this.#beat()
      }
    }
    await this.#end(signal.reason)
  }

  async #end(reason: unknown): Promise<void> {
    if (reason instanceof GatewayError) throw reason
    const position = formatPosition(this.#follower.position)
    if (this.#follower.isComplete) return this.#write(this.#form.complete(position, this.#scanned))
    if (reason === undefined && position !== this.#told) return this.#beat()
    if (reason !== 'stopping') return
    const error = new GatewayError('SHUTTING_DOWN', 'The gateway is being stopped.')
    await this.#write(this.#form.stopping(this.#options.errorText(error), position))
  }

  /** Writes what can be read now, also if a partition fails. */
  async #burst(): Promise<void> {
    const { topic, limits } = this.#options
    const text = this.#form.text()
    let bytes = 0
    let failure: unknown
    const scanBytes = limits.scanBytes === undefined ? undefined : Math.min(limits.scanBytes, SCAN_BYTES)
    const most = { ...BURST, ...limits, records: Math.min(BURST.records, this.#left), scanBytes }
    try {
      const { scanned } = await this.#follower.read(Deadline.after(READ_MS), most, page => {
        bytes += page.payloadBytes
        text.add(page, topic)
      })
      if (this.#scanned !== undefined) this.#scanned += scanned
    } catch (error) {
      failure = error
    }
    const { count } = text
    if (count === 0) recycleText(text.finish())
    else {
      this.#told = formatPosition(this.#follower.position)
      const written = text.finish(this.#form.tail(this.#told, this.#scanned))
      // The memory of a text is lent: Node may hold a written buffer for as long as the client reads nothing.
      const copy = Buffer.from(written)
      recycleText(written)
      await this.#sink.write(copy)
      await this.#pay(count, bytes)
    }
    if (failure !== undefined) throw failure
  }

  /** Holds the stream back while the caller's quota is overdrawn. */
  async #pay(count: number, bytes: number): Promise<void> {
    this.#left -= count
    const debtMs = this.#call.chargeAfter(count, bytes)
    if (debtMs > 0)
      await sleep(Math.min(debtMs, BEAT_MS), undefined, { signal: this.#call.signal }).catch(() => undefined)
    this.#beatAtMs = performance.now() + BEAT_MS
    this.#idleAtMs = performance.now() + this.#options.idleMs
  }

  async #beat(): Promise<void> {
    const position = formatPosition(this.#follower.position)
    await this.#write(this.#form.beat(position, position !== this.#told, this.#scanned))
    this.#told = position
    this.#beatAtMs = performance.now() + BEAT_MS
  }

  async #wait(): Promise<void> {
    const deadline = Deadline.after(Math.min(WAIT_MS, this.#idleAtMs - performance.now()))
    this.#isWaiting = true
    await this.#follower.wait({ deadline, signal: this.#call.signal })
    this.#isWaiting = false
  }

  async #write(text: string): Promise<void> {
    await this.#sink.write(Buffer.from(text))
  }
}
