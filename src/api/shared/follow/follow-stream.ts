import { setTimeout as sleep } from 'node:timers/promises'
import { GatewayError } from '../../../core/errors.ts'
import type { TopicFollower } from '../../../gateway/gateway.ts'
import type { Lent, Sink } from '../../../http/answer.ts'
import type { HttpCall } from '../../../http/call.ts'
import { shuttingDown } from '../../../http/last-words.ts'
import { formatPosition } from '../position.ts'
import type { Burst, Convoy, Convoys, Course, Member, SelectedLimits } from './convoy.ts'
import type { StreamForm } from './stream-form.ts'

export interface FollowOptions {
  readonly topic: string
  readonly convoys: Convoys
  /**
   * The same for streams that may get the same bytes if they stand at the same place: names the form, and what is followed.
   * Undefined for those that go alone, because they stop somewhere.
   */
  readonly name: string | undefined
  /** Ends the stream after so many records. */
  readonly count: number
  /** Ends the stream after so long without a record. */
  readonly idleMs: number
  readonly limits: SelectedLimits
  /** Records are looked at that may not be brought: the client is told how many, and goes alone. */
  readonly isSearch: boolean
  /** Writes an error in the form of the dialect, as JSON on one line. */
  readonly errorText: (error: GatewayError) => string
}

const BEAT_MS = 15_000

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
    await sink.write(Buffer.from(form.failure(options.errorText(error), stream.told)))
  }
}

class Stream implements Member {
  readonly #call: HttpCall
  readonly #form: StreamForm
  readonly #sink: Sink
  readonly #options: FollowOptions
  readonly #course: Course
  readonly #over = Promise.withResolvers<void>()
  /** The position that the client knows. */
  told: string
  left: number
  isBehind = false
  /** Records looked at, if the client is told. */
  #scanned: number | undefined
  #isComplete = false
  #convoy: Convoy | undefined
  /** Stands where this does, until a convoy is joined. */
  #follower: TopicFollower | undefined
  #idle: NodeJS.Timeout | undefined

  constructor(call: HttpCall, follower: TopicFollower, form: StreamForm, sink: Sink, options: FollowOptions) {
    const { topic, count, name, limits, isSearch } = options
    this.#call = call
    this.#form = form
    this.#sink = sink
    this.#options = options
    if (isSearch) this.#scanned = 0
    this.#course = isSearch
      ? { ...this.#searching(), topic, limits, name: undefined }
      : { form, topic, limits, name: count === Infinity ? name : undefined }
    this.#follower = follower
    this.told = formatPosition(follower.position)
    this.left = count
  }

  async run(): Promise<void> {
    const { signal } = this.#call
    const { idleMs } = this.#options
    const end = () => this.#over.resolve()
    const beating = setInterval(() => this.#beat(), BEAT_MS).unref()
    if (idleMs !== Infinity) this.#idle = setTimeout(() => this.isBehind || end(), idleMs).unref()
    signal.addEventListener('abort', end)
    let position = this.told
    try {
      if (signal.aborted) end()
      this.#send(Buffer.from(this.#form.begin(this.told)))
      this.#travel()
      await this.#over.promise
    } finally {
      position = this.#convoy?.position ?? this.told
      this.#convoy?.leave(this)
      clearInterval(beating)
      clearTimeout(this.#idle)
      signal.removeEventListener('abort', end)
    }
    await this.#lastWords(position, signal.reason)
  }

  joined(convoy: Convoy): void {
    this.#convoy = convoy
    this.#follower = undefined
  }

  leftBehind(follower: TopicFollower): void {
    this.#convoy = undefined
    this.#follower = follower
  }

  failed(error: unknown): void {
    this.told = this.#convoy?.position ?? this.told
    this.#over.reject(error)
  }

  completed(): void {
    this.#isComplete = true
    this.#over.resolve()
  }

  take({ text, lent, position, records, payloadBytes }: Burst): void {
    this.told = position
    this.left -= records
    const debtMs = this.#call.chargeAfter(records, payloadBytes)
    this.#send(text, lent, debtMs)
    this.#idle?.refresh()
    if (this.left <= 0) this.#over.resolve()
  }

  /** Takes nothing more while the client is behind, or the caller's quota is overdrawn. */
  #send(text: Buffer, lent?: Lent, debtMs = 0): void {
    try {
      const drained = this.#sink.write(text, lent)
      if (drained !== undefined || debtMs > 0) void this.#rest(drained, debtMs)
    } catch (error) {
      this.#over.reject(error)
    }
  }

  async #rest(drained: void | Promise<void>, debtMs: number): Promise<void> {
    this.isBehind = true
    try {
      await drained
      if (debtMs > 0) await sleep(Math.min(debtMs, BEAT_MS), undefined, { signal: this.#call.signal })
    } catch (error) {
      if (!this.#call.signal.aborted) this.#over.reject(error)
      return
    }
    this.isBehind = false
    this.#idle?.refresh()
    this.#travel()
  }

  /** Goes on, with others that stand at the same place if there are any. */
  #travel(): void {
    if (this.isBehind || this.#call.signal.aborted) return
    if (this.#follower !== undefined) this.#options.convoys.join(this, this.#follower, this.#course)
    else this.#convoy?.freed()
  }

  #beat(): void {
    if (this.isBehind) return
    const position = this.#convoy?.position ?? this.told
    this.#send(Buffer.from(this.#form.beat(position, position !== this.told, this.#scanned)))
    this.told = position
  }

  async #lastWords(position: string, reason: unknown): Promise<void> {
    if (reason instanceof GatewayError) throw reason
    const words = this.#wordsAt(position, reason)
    if (words !== undefined) await this.#sink.write(Buffer.from(words))
  }

  #wordsAt(position: string, reason: unknown): string | undefined {
    if (this.#isComplete) return this.#form.complete(position, this.#scanned)
    if (reason === undefined && position !== this.told) return this.#form.beat(position, true, this.#scanned)
    if (reason !== 'stopping') return undefined
    return this.#form.stopping(this.#options.errorText(shuttingDown()), position)
  }

  /** The parts of a course that count what was looked at. */
  #searching(): Pick<Course, 'form' | 'looked'> {
    const form = this.#form
    return {
      form: { text: () => form.text(), tail: position => form.tail(position, this.#scanned) },
      looked: records => {
        this.#scanned = (this.#scanned ?? 0) + records
      }
    }
  }
}
