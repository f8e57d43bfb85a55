import { setTimeout as sleep } from 'node:timers/promises'
import type { Balancer } from './balancer.ts'
import type { GroupJournal } from './group-journal.ts'
import { call, type PlainAnswer } from './plain-client.ts'
import type { Timeline } from './timeline.ts'

export interface ConsumerClientOptions {
  readonly balancer: Balancer
  readonly journal: GroupJournal
  readonly timeline: Timeline
  readonly group: string
  readonly name: string
  readonly subscription: { readonly topics: readonly string[] } | { readonly topic_pattern: string }
  readonly autoCommit: boolean
  /** Part of its polls that it does not wait for: the next call comes while they are under way. */
  readonly vanishes?: number
}

/** 0 is a connection that broke. */
const STATUSES = [0, 404, 409, 503]
/** A poll that was overtaken, or waited in vain, has no records; it is no failure. */
const POLL_STATUSES = [0, 404]
const POLL_MS = 500
const MAX_BYTES = 200_000
const PAUSE_MS = 20
const VANISH_MS = 200

/** A client with one consumer instance: makes it, reads it, makes it again where it was lost, and writes all that down. */
export class ConsumerClient {
  readonly #options: ConsumerClientOptions
  readonly #stopped = new AbortController()
  readonly #base: string
  readonly #running: Promise<void>
  readonly #vanished = new Set<Promise<unknown>>()
  /** It was given records once, so its first SyncGroup is over: from now on it must be found. */
  #lives = false
  #mustCreate = true
  /** Which gateway answered last. */
  #server = ''

  constructor(options: ConsumerClientOptions) {
    this.#options = options
    this.#base = `/consumers/${options.group}/instances/${options.name}`
    this.#running = this.#run()
  }

  /** Resolves when its last call is over. The instance stays. */
  async stop(): Promise<void> {
    this.#stopped.abort()
    await this.#running
    await Promise.all(this.#vanished)
  }

  /** Ends it together with its instance. */
  async leave(): Promise<void> {
    await this.stop()
    for (;;) {
      const { status } = await this.#call('DELETE', this.#base)
      if (status === 204 || status === 404) return
      await sleep(PAUSE_MS)
    }
  }

  get #isStopped(): boolean {
    return this.#stopped.signal.aborted
  }

  async #run(): Promise<void> {
    while (!this.#isStopped) {
      if (this.#mustCreate) await this.#create()
      else await this.#poll()
    }
  }

  async #create(): Promise<void> {
    const { group, name, autoCommit, subscription } = this.#options
    const made = await this.#call('POST', `/consumers/${group}`, {
      name,
      format: 'json',
      'auto.offset.reset': 'earliest',
      'auto.commit.enable': String(autoCommit)
    })
    // An answer that was lost may have made it.
    if (made.status !== 200 && made.status !== 409) return this.#pause(made)
    const subscribed = await this.#call('POST', `${this.#base}/subscription`, subscription)
    if (subscribed.status !== 204) return this.#pause(subscribed)
    this.#mustCreate = false
    this.#lives = false
  }

  async #poll(): Promise<void> {
    const { journal, name, vanishes = 0 } = this.#options
    const path = `${this.#base}/records?timeout=${POLL_MS}&max_bytes=${MAX_BYTES}`
    const polling = this.#call('GET', path).then(answer => this.#take(answer))
    if (Math.random() >= vanishes) await polling
    else {
      let givenUpMs = Infinity
      const over = polling.finally(() => {
        this.#vanished.delete(over)
        const untilMs = performance.now()
        if (givenUpMs < untilMs) journal.overlaps.push({ member: name, atMs: givenUpMs, untilMs })
      })
      this.#vanished.add(over)
      await sleep(Math.random() * VANISH_MS)
      givenUpMs = performance.now()
    }
  }

  async #take(answer: PlainAnswer): Promise<void> {
    const { journal, name, autoCommit } = this.#options
    if (answer.status !== 200) {
      if (answer.status === 404) this.#lost(answer)
      const isStopping = answer.status === 503 && answer.json.message.includes('stopped')
      return this.#pause(answer, isStopping ? STATUSES : POLL_STATUSES)
    }
    if (answer.json.length === 0) return
    this.#lives = true
    journal.given(name, answer.json, answer.askedMs, answer.answeredMs)
    if (autoCommit) return
    await this.#call('POST', `${this.#base}/offsets`)
  }

  #lost({ answeredMs, port }: PlainAnswer): void {
    const { journal, group, name, balancer } = this.#options
    this.#mustCreate = true
    if (this.#isStopped) return
    if (this.#lives) journal.problem(`${group}/${name} was not found by ${balancer.servedBy(port)}`, answeredMs)
    else journal.count('not found before it lived')
  }

  /** What may pass is tried again; any other answer is a problem. */
  async #pause({ status, headers, json, answeredMs, port }: PlainAnswer, expected = STATUSES): Promise<void> {
    const { journal, balancer, group, name } = this.#options
    if (!expected.includes(status)) {
      const text = `${group}/${name} was answered ${status} ${JSON.stringify(json)} by ${balancer.servedBy(port)}`
      journal.problem(text, answeredMs)
    }
    const pauseMs = status === 503 ? Number(headers['retry-after'] ?? 1) * 1000 : PAUSE_MS
    await sleep(pauseMs, null, { signal: this.#stopped.signal }).catch(() => undefined)
  }

  async #call(method: string, path: string, body?: object): Promise<PlainAnswer> {
    const { balancer, timeline, journal, group, name } = this.#options
    const answer = await call(method, balancer.url + path, body)
    const { status, port, askedMs, answeredMs, json } = answer
    journal.count(`${status}`)
    const server = balancer.servedBy(port)
    if (this.#lives && status === 200 && server !== this.#server) journal.count('takeovers')
    this.#server = server
    const what = Array.isArray(json) ? `${json.length} records` : JSON.stringify(json ?? '').slice(0, 200)
    const tookMs = Math.round(answeredMs - askedMs)
    timeline.note(
      `${group}/${name} ${method} ${path.slice(this.#base.length)} by ${server}: ${status} ${what}, ${tookMs} ms`,
      answeredMs
    )
    return answer
  }
}
