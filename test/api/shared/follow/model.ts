import type { Convoys } from '../../../../src/api/shared/follow/convoy.ts'
import { followStream, type FollowOptions } from '../../../../src/api/shared/follow/follow-stream.ts'
import { jsonLines, LINE_FORM } from '../../../../src/api/shared/follow/json-lines.ts'
import { pageWriters } from '../../../../src/api/v1/record-form.ts'
import type { Deadline } from '../../../../src/core/deadline.ts'
import type { GatewayError } from '../../../../src/core/errors.ts'
import type { RecordPage } from '../../../../src/core/record-page.ts'
import type { FollowRead, PageLimits, Position, TopicFollower, WaitLimits } from '../../../../src/gateway/gateway.ts'
import type { HttpCall } from '../../../../src/http/call.ts'
import { ClientGone } from '../../../../src/http/client-gone.ts'
import { emptyPage } from '../../../http/support/front.ts'

const writer = pageWriters(LINE_FORM).auto.auto

/** A topic of one partition whose records are their own offsets. */
export class Log {
  end = 0
  /** What the next reads reject with. */
  failure: GatewayError | undefined
  reads = 0
  waiting = 0
  /** Records that reads have handed out. */
  handedOut = 0
  readonly #waits = new Set<() => void>()

  append(records = 1): void {
    this.end += records
    this.wake()
  }

  wake(): void {
    for (const wake of this.#waits) wake()
  }

  async wait(isReady: () => boolean, { deadline, signal }: WaitLimits): Promise<void> {
    this.waiting++
    await new Promise<void>(resolve => {
      const check = () => {
        if (!isReady() && !signal.aborted && this.failure === undefined) return
        clearTimeout(timer)
        this.#waits.delete(check)
        signal.removeEventListener('abort', check)
        resolve()
      }
      const timer = setTimeout(resolve, deadline.remainingMs).unref()
      this.#waits.add(check)
      signal.addEventListener('abort', check)
      check()
    })
    this.waiting--
  }
}

export class LogFollower implements TopicFollower {
  readonly #log: Log
  #offset: number
  hasMore = true
  readonly isComplete = false

  constructor(log: Log, offset: number) {
    this.#log = log
    this.#offset = offset
  }

  get position(): Position {
    return { topicId: null, starts: new Map([[0, this.#offset]]) }
  }

  async read(_deadline: Deadline, { records }: PageLimits, use: (page: RecordPage) => void): Promise<FollowRead> {
    const log = this.#log
    log.reads++
    await new Promise(resolve => setImmediate(resolve))
    if (log.failure !== undefined) throw log.failure
    const page = pageFrom(this.#offset, Math.min(log.end - this.#offset, records))
    this.#offset = page.nextOffset
    this.hasMore = this.#offset < log.end
    log.handedOut += page.count
    if (page.count > 0) use(page)
    return { count: page.count, scanned: page.count, scannedBytes: page.payloadBytes, passing: undefined }
  }

  async wait(until: WaitLimits): Promise<void> {
    const isReady = () => this.#offset < this.#log.end
    await this.#log.wait(isReady, until)
    this.hasMore = isReady() || this.#log.failure !== undefined
  }

  close(): void {}

  at({ starts }: Position): TopicFollower {
    return new LogFollower(this.#log, Number(starts.get(0)))
  }
}

function pageFrom(offset: number, count: number): RecordPage {
  const values = Array.from({ length: count }, (_, at) => Buffer.from(String(offset + at)))
  const bytes = Buffer.concat(values)
  let start = 0
  const spans = values.flatMap(({ length }) => [0, 0, -1, (start += length) - length, length, -1])
  return {
    ...emptyPage(offset + count),
    count,
    chunks: [bytes],
    spans: Int32Array.from(spans),
    offsets: Float64Array.from(values, (_, at) => offset + at),
    timestamps: new Float64Array(count),
    logAppendTime: new Uint8Array(count),
    payloadBytes: bytes.length
  }
}

/** A client that follows, and what it was sent. */
export class Follow {
  readonly sent: Buffer[] = []
  readonly over: Promise<void>
  readonly #abort = new AbortController()
  /** Resolves what the last write waits for. */
  #drain: (() => void) | undefined
  #lose: ((error: Error) => void) | undefined
  /** It reads nothing. */
  stalls = false

  constructor(log: Log, convoys: Convoys, from: number, options: Partial<FollowOptions> & { debtMs?: number } = {}) {
    const { debtMs = 0 } = options
    const call = { signal: this.#abort.signal, chargeAfter: () => debtMs } as unknown as HttpCall
    const whole = {
      topic: 'a',
      convoys,
      name: 'lines',
      count: Infinity,
      idleMs: Infinity,
      limits: {},
      isSearch: false,
      errorText,
      ...options
    }
    const form = jsonLines(() => writer.begin())
    const sink = { write: (bytes: Buffer) => this.#write(bytes) }
    this.over = followStream(call, new LogFollower(log, from), form, sink, whole)
    this.over.catch(() => undefined)
  }

  #write(bytes: Buffer): void | Promise<void> {
    this.sent.push(bytes)
    if (!this.stalls) return
    return new Promise((resolve, reject) => {
      this.#drain = resolve
      this.#lose = reject
    })
  }

  /** Reads again. */
  reads(): void {
    this.stalls = false
    this.#drain?.()
  }

  stop(reason: unknown = 'stopping'): void {
    this.#abort.abort(reason)
  }

  /** Leaves while the last write waits. */
  leave(): void {
    this.#lose?.(new ClientGone())
    this.#abort.abort('gone')
  }

  // oxlint-disable-next-line typescript/no-explicit-any -- lines are compared whole
  get lines(): any[] {
    const text = Buffer.concat(this.sent).toString()
    return text.split('\n').flatMap(line => (line === '' ? [] : [JSON.parse(line)]))
  }

  get offsets(): number[] {
    return this.lines.flatMap(({ offset }) => (offset === undefined ? [] : [offset]))
  }

  /** Where the client would resume. */
  get next(): string {
    return this.lines.findLast(({ next }) => next !== undefined).next
  }
}

function errorText({ code }: GatewayError): string {
  return JSON.stringify({ code })
}

export const range = (from: number, end: number): number[] => Array.from({ length: end - from }, (_, at) => from + at)
