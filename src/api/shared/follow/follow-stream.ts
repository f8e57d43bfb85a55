import { setTimeout as sleep } from 'node:timers/promises'
import { Deadline } from '../../../core/deadline.ts'
import { GatewayError } from '../../../core/errors.ts'
import type { PageLimits, TopicFollower } from '../../../gateway/gateway.ts'
import type { Sink } from '../../../http/answer.ts'
import type { HttpCall } from '../../../http/call.ts'
import { formatPosition } from '../position.ts'
import { recycleText } from '../records/text-writer.ts'
import type { StreamForm } from './stream-form.ts'

export interface FollowOptions {
  readonly topic: string
  /** Ends the stream after so many records. */
  readonly count: number
  /** Ends the stream after so long without a record. */
  readonly idleMs: number
  /** Writes an error in the form of the dialect, as JSON on one line. */
  readonly errorText: (error: GatewayError) => string
}

/** A burst makes some 256 KiB of text at most, or is one record: that is what a client that does not read holds here. */
const BURST: PageLimits = { records: 400, bytes: 96 * 1024 }
const BEAT_MS = 15_000
/** Partitions that were added to the topic are noticed between two waits. */
const WAIT_MS = 30_000
/** Of one read. The others wait for a partition that does not answer for no longer. */
const READ_MS = 2000

/** Writes what a follower brings until a limit, an error, or the end of the call. Keeps nothing that the client has not taken but one burst. */
export async function followStream(
  call: HttpCall,
  follower: TopicFollower,
  form: StreamForm,
  sink: Sink,
  options: FollowOptions
): Promise<void> {
  const stream = new Stream(call, follower, form, sink, options)
  try {
    await stream.run()
  } catch (error) {
    if (!(error instanceof GatewayError)) throw error
    await sink.write(Buffer.from(form.failure(options.errorText(error), formatPosition(follower.position))))
  }
}

class Stream {
  readonly #call: HttpCall
  readonly #follower: TopicFollower
  readonly #form: StreamForm
  readonly #sink: Sink
  readonly #options: FollowOptions
  /** The position that the client knows. */
  #told: string
  #left: number
  #beatAtMs = performance.now() + BEAT_MS
  #idleAtMs: number
  #isWaiting = false

  constructor(call: HttpCall, follower: TopicFollower, form: StreamForm, sink: Sink, options: FollowOptions) {
    this.#call = call
    this.#follower = follower
    this.#form = form
    this.#sink = sink
    this.#options = options
    this.#told = formatPosition(follower.position)
    this.#left = options.count
    this.#idleAtMs = performance.now() + options.idleMs
  }

  async run(): Promise<void> {
    // A wait goes on through its beats: to end it and to begin another costs more than all else that an idle stream does.
    const beating = setInterval(() => this.#isWaiting && void this.#beat().catch(() => undefined), BEAT_MS).unref()
    try {
      await this.#follow()
    } finally {
      clearInterval(beating)
    }
  }

  async #follow(): Promise<void> {
    const { signal } = this.#call
    await this.#write(this.#form.begin(this.#told))
    // What is there already comes at once, and a partition without a leader does not hold it up.
    await this.#wait()
    while (!signal.aborted && this.#left > 0) {
      if (this.#follower.hasMore) await this.#burst()
      const nowMs = performance.now()
      if (this.#left === 0 || nowMs >= this.#idleAtMs) return
      if (nowMs >= this.#beatAtMs) await this.#beat()
      if (!this.#follower.hasMore) await this.#wait()
    }
    await this.#end(signal.reason)
  }

  async #end(reason: unknown): Promise<void> {
    if (reason instanceof GatewayError) throw reason
    if (reason !== 'stopping') return
    const error = new GatewayError('SHUTTING_DOWN', 'The gateway is being stopped.')
    await this.#write(this.#form.stopping(this.#options.errorText(error), formatPosition(this.#follower.position)))
  }

  /** Writes what can be read now, also if a partition fails. */
  async #burst(): Promise<void> {
    const text = this.#form.text()
    let bytes = 0
    let failure: unknown
    const limits = { ...BURST, records: Math.min(BURST.records, this.#left) }
    try {
      await this.#follower.read(Deadline.after(READ_MS), limits, page => {
        bytes += page.payloadBytes
        text.add(page, this.#options.topic)
      })
    } catch (error) {
      failure = error
    }
    const { count } = text
    if (count === 0) {
      recycleText(text.finish())
    } else {
      this.#told = formatPosition(this.#follower.position)
      await this.#send(text.finish(this.#form.tail(this.#told)))
      await this.#pay(count, bytes)
    }
    if (failure !== undefined) throw failure
  }

  /** The memory of a text is lent: Node may hold a written buffer for as long as the client reads nothing. */
  async #send(text: Buffer): Promise<void> {
    const copy = Buffer.from(text)
    recycleText(text)
    await this.#sink.write(copy)
  }

  /** Holds the stream back while the caller's quota is overdrawn. */
  async #pay(count: number, bytes: number): Promise<void> {
    this.#left -= count
    const debtMs = this.#call.chargeAfter(count, bytes)
    if (debtMs > 0)
      await sleep(Math.min(debtMs, BEAT_MS), undefined, { signal: this.#call.signal }).catch(() => undefined)
    const nowMs = performance.now()
    this.#beatAtMs = nowMs + BEAT_MS
    this.#idleAtMs = nowMs + this.#options.idleMs
  }

  async #beat(): Promise<void> {
    const position = formatPosition(this.#follower.position)
    await this.#write(this.#form.beat(position, position !== this.#told))
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
