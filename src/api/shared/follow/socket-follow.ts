import { setTimeout as sleep } from 'node:timers/promises'
import { Deadline } from '../../../core/deadline.ts'
import { GatewayError } from '../../../core/errors.ts'
import type { PageLimits, TopicFollower } from '../../../gateway/gateway.ts'
import type { Channel } from '../../../http/answer.ts'
import type { HttpCall, MessageTaker } from '../../../http/call.ts'
import { lastWords } from '../../../http/last-words.ts'
import { formatPosition } from '../position.ts'
import type { PageText } from '../records/page-writer.ts'
import { recycleText } from '../records/text-writer.ts'
import { readControl } from './socket-control.ts'

export interface SocketFollowOptions {
  readonly topic: string
  /** Ends after so many records. */
  readonly count: number
  readonly limits: Pick<PageLimits, 'keyBytes' | 'valueBytes' | 'scanBytes'>
  /** Records are looked at that may not be brought: the client is told how many. */
  readonly isSearch: boolean
  /** Of a message of the client. */
  readonly messageBytes: number
  /** Begins to write records: `{"records":[`, and `]` behind the last one. */
  text(): PageText
  /** Begins to follow at another place, as the client names it. Throws INVALID_OFFSET and what else a start may throw. */
  seek(from: string): Promise<TopicFollower>
  /** Writes an error in the form of the dialect, as JSON on one line. */
  errorText(error: GatewayError): string
}

/** A message makes some 256 KiB of text at most, or is one record: that is what a client that does not read holds here. */
const BURST: PageLimits = { records: 400, bytes: 96 * 1024 }
/** Partitions that were added to the topic are noticed between two waits. */
const WAIT_MS = 30_000
/** Of one read. The others wait for a partition that does not answer for no longer. */
const READ_MS = 2000
const DEBT_MS = 15_000
/** Between two looks at what the client says. */
const SCAN_BYTES = 16 * 1024 * 1024
/** A search that finds nothing tells where it is. */
const TELL_MS = 15_000

/**
 * Sends what a follower brings as messages, `{"records":[…],"next":"…"}`, the first one without records, and does what the client
 * says meanwhile. Resolves with the error that it ends with, which the client was told.
 */
export function followBySocket(
  call: HttpCall,
  follower: TopicFollower,
  channel: Channel,
  options: SocketFollowOptions
): Promise<GatewayError | undefined> {
  return new SocketFollow(call, follower, channel, options).run()
}

class SocketFollow implements MessageTaker {
  readonly #call: HttpCall
  readonly #channel: Channel
  readonly #options: SocketFollowOptions
  #follower: TopicFollower
  #left: number
  /** Records that the client is ready for; infinite until it says so. */
  #credit = Infinity
  #isPaused = false
  #seek: string | undefined
  #refused: GatewayError | undefined
  #scanned = 0
  #toldAtMs = 0
  /** Aborted by what the client says. */
  #heard = new AbortController()

  constructor(call: HttpCall, follower: TopicFollower, channel: Channel, options: SocketFollowOptions) {
    this.#call = call
    this.#follower = follower
    this.#channel = channel
    this.#options = options
    this.#left = options.count
  }

  async run(): Promise<GatewayError | undefined> {
    this.#channel.receive(this)
    try {
      await this.#follow()
      return undefined
    } catch (error) {
      if (!(error instanceof GatewayError)) throw error
      await this.#send(`{"error":${this.#options.errorText(error)},"next":"${this.#position}"}`)
      return error
    }
  }

  message(text: Buffer): void {
    try {
      const control = readControl(text, this.#options.messageBytes)
      if ('seek' in control) this.#seek = control.seek
      else if ('pause' in control) this.#isPaused = control.pause
      else this.#credit = (this.#credit === Infinity ? 0 : this.#credit) + control.credit
    } catch (error) {
      if (!(error instanceof GatewayError)) throw error
      this.#refused = error
    }
    this.#heard.abort()
    this.#heard = new AbortController()
  }

  async #follow(): Promise<void> {
    const { signal } = this.#call
    await this.#tell()
    for (let isNew = true; !signal.aborted && this.#left > 0 && !this.#follower.isComplete;) {
      if (this.#refused !== undefined) throw this.#refused
      if (this.#seek !== undefined) {
        await this.#jump(this.#seek)
        isNew = true
      } else if (this.#isPaused || this.#credit === 0) await this.#listen()
      else if (isNew || !this.#follower.hasMore) {
        // What is there already comes at once, and a partition without a leader does not hold it up.
        await this.#follower.wait({ deadline: Deadline.after(WAIT_MS), signal: this.#interruption })
        isNew = false
      } else await this.#burst()
    }
    if (!signal.aborted && this.#follower.isComplete) await this.#tell(',"complete":true')
    const error = signal.aborted ? lastWords(signal.reason) : undefined
    if (error !== undefined) throw error
  }

  async #jump(from: string): Promise<void> {
    this.#seek = undefined
    this.#follower = await this.#options.seek(from)
    await this.#tell()
  }

  /** Waits until the client says something, or the call ends. */
  async #listen(): Promise<void> {
    const signal = this.#interruption
    if (!signal.aborted) await new Promise<void>(resolve => signal.addEventListener('abort', () => resolve()))
  }

  /** Sends what can be read now, also if a partition fails. */
  async #burst(): Promise<void> {
    const text = this.#options.text()
    let bytes = 0
    let failure: unknown
    const { topic, limits } = this.#options
    const records = Math.min(BURST.records, this.#left, this.#credit)
    const scanBytes = limits.scanBytes === undefined ? undefined : Math.min(limits.scanBytes, SCAN_BYTES)
    try {
      const most = { ...BURST, ...limits, records, scanBytes }
      const { scanned } = await this.#follower.read(Deadline.after(READ_MS), most, page => {
        bytes += page.payloadBytes
        text.add(page, topic)
      })
      this.#scanned += scanned
    } catch (error) {
      failure = error
    }
    const { count } = text
    const written = text.finish(this.#tail())
    // The memory of a text is lent: Node may hold a written buffer for as long as the client reads nothing.
    const copy = count === 0 ? undefined : Buffer.from(written)
    recycleText(written)
    if (copy !== undefined) {
      this.#left -= count
      this.#credit -= count
      this.#toldAtMs = performance.now()
      await this.#channel.send(copy)
      await this.#pay(count, bytes)
    } else if (this.#options.isSearch && performance.now() - this.#toldAtMs >= TELL_MS) await this.#tell()
    if (failure !== undefined) throw failure
  }

  /** Holds the stream back while the caller's quota is overdrawn. */
  async #pay(count: number, bytes: number): Promise<void> {
    const debtMs = this.#call.chargeAfter(count, bytes)
    const { signal } = this.#call
    if (debtMs > 0) await sleep(Math.min(debtMs, DEBT_MS), undefined, { signal }).catch(() => undefined)
  }

  /** Tells where it is. @param more further members */
  async #tell(more = ''): Promise<void> {
    this.#toldAtMs = performance.now()
    await this.#send(`{"records":[]${this.#tail(more)}`)
  }

  async #send(text: string): Promise<void> {
    await this.#channel.send(Buffer.from(text))
  }

  get #position(): string {
    return formatPosition(this.#follower.position)
  }

  #tail(more = ''): string {
    const scanned = this.#options.isSearch ? `,"scanned":${this.#scanned}` : ''
    return `,"next":"${this.#position}"${more}${scanned}}`
  }

  get #interruption(): AbortSignal {
    return AbortSignal.any([this.#call.signal, this.#heard.signal])
  }
}
