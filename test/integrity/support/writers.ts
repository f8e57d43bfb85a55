import { setTimeout as sleep } from 'node:timers/promises'
import { Client, type Answer, type Target } from './client.ts'
import { Ledger } from './ledger.ts'

export interface WriterKind {
  readonly keyed: boolean
  readonly recordsPerRequest: number
}

export interface WritersOptions {
  readonly target: Target
  readonly topic: string
  readonly count?: number
  readonly kinds?: readonly WriterKind[]
  /** Of a writer, between an answer and the next request. */
  readonly pauseMs?: number
  /** Codes of errors, beside those of 503 and 504, that this test may meet. */
  readonly expected?: readonly string[]
  /** Adds to each value. */
  readonly padding?: string
}

interface Draft {
  readonly key: string | null
  readonly value: string
}

interface RecordFate {
  readonly partition: number
  readonly offset?: number
  readonly stored?: 'no' | 'unknown'
  readonly retriable?: boolean
}

const KINDS: readonly WriterKind[] = [
  { keyed: true, recordsPerRequest: 1 },
  { keyed: false, recordsPerRequest: 1 },
  { keyed: true, recordsPerRequest: 20 },
  { keyed: false, recordsPerRequest: 50 }
]
const KEYS = 7
/** Requests in a row without an answer: the gateway was stopped, because the test failed. */
const GONE_AFTER = 100

/**
 * Clients that send numbered records, each over its own connection and one request after the other, and send again what
 * was answered as retriable, when the answer says so. What they were told is in the ledger.
 */
export class Writers {
  readonly ledger = new Ledger()
  readonly count: number
  /** Longest time in which none of them heard of a stored record. */
  longestStallMs = 0
  readonly #options: Required<WritersOptions>
  readonly #stopped = new AbortController()
  readonly #running: Promise<unknown>
  #lastStoredMs = performance.now()

  constructor({ count = 8, kinds = KINDS, pauseMs = 5, expected = [], padding = '', ...rest }: WritersOptions) {
    this.count = count
    this.#options = { count, kinds, pauseMs, expected, padding, ...rest }
    this.#running = Promise.all(
      Array.from({ length: count }, (_, writer) => this.#write(writer, kinds[writer % kinds.length]))
    )
  }

  /** Of records answered as stored. */
  get acknowledged(): number {
    return this.ledger.withFate('stored')
  }

  /** Resolves when every request under way is answered; what would have been sent again is not. */
  async stop(): Promise<Ledger> {
    this.#stopped.abort()
    await this.#running
    return this.ledger
  }

  async #write(writer: number, { keyed, recordsPerRequest }: WriterKind): Promise<void> {
    const { target, topic, pauseMs, padding } = this.#options
    const client = new Client(target)
    let again: readonly (string | null)[] = []
    let unanswered = 0
    for (let request = 0; !this.#stopped.signal.aborted && unanswered < GONE_AFTER; request++) {
      const fresh = () =>
        Array.from({ length: recordsPerRequest }, (_, at) => (keyed ? `${writer}:${(request + at) % KEYS}` : null))
      const keys = again.length > 0 ? again : fresh()
      const drafts = keys.map((key, at): Draft => ({ key, value: `${writer}/${request}/${at}${padding}` }))
      const answer = await client.request('POST', `/v1/producer/topics/${topic}`, JSON.stringify({ records: drafts }))
      this.ledger.count(answer.status, answer.tookMs)
      unanswered = answer.status === 0 ? unanswered + 1 : 0
      again = this.#note(writer, request, drafts, answer)
      await sleep(again.length > 0 ? Number(answer.headers['retry-after'] ?? 1) * 1000 : pauseMs, null, {
        signal: this.#stopped.signal
      }).catch(() => undefined)
    }
    client.close()
  }

  /** Writes down the fate of each record; returns the keys of those to send again. */
  #note(writer: number, request: number, drafts: readonly Draft[], answer: Answer): (string | null)[] {
    const { status, json } = answer
    if (
      status !== 200 &&
      status !== 503 &&
      status !== 504 &&
      status !== 0 &&
      !this.#options.expected.includes(json.code)
    ) {
      this.ledger.surprises.push(`${status} ${JSON.stringify(json).slice(0, 300)}`)
    }
    const answeredAtMs = performance.now()
    const sentAtMs = answeredAtMs - answer.tookMs
    const fates: readonly RecordFate[] | undefined = json?.offsets
    const again: (string | null)[] = []
    let unknown = false
    for (const [at, { key, value }] of drafts.entries()) {
      const told = fates?.[at]
      const fate = told === undefined ? (status === 0 ? 'unknown' : 'no') : (told.stored ?? 'stored')
      unknown ||= fate === 'unknown'
      if (fate === 'stored') this.#heard()
      if (fate === 'no' && (told?.retriable ?? json.retriable) === true) again.push(key)
      this.ledger.entries.push({
        value,
        key,
        writer,
        request,
        fate,
        partition: told?.partition ?? -1,
        offset: told?.offset ?? -1,
        sentAtMs,
        answeredAtMs
      })
    }
    if (unknown) this.ledger.unknownRequests++
    return again
  }

  #heard(): void {
    const nowMs = performance.now()
    this.longestStallMs = Math.max(this.longestStallMs, nowMs - this.#lastStoredMs)
    this.#lastStoredMs = nowMs
  }
}
