import { setTimeout as sleep } from 'node:timers/promises'
import { Client, type Target } from './client.ts'

export interface ReadRecord {
  readonly offset: number
  readonly value: string
}

interface Page {
  readonly records: readonly ReadRecord[]
}

const PAGE = 500
const IDLE_MS = 50
/** Requests in a row without an answer: the gateway was stopped, because the test failed. */
const GONE_AFTER = 100
const CATCH_UP_LIMIT_MS = 60_000

/** A client that follows NextOffset through one partition, from its beginning. */
export class Reader {
  readonly partition: number
  readonly seen: ReadRecord[] = []
  /** What it should not have been answered. */
  readonly surprises: string[] = []
  /** By status; 0: the connection ended without an answer. */
  readonly answers = new Map<number, number>()
  /** Longest time without a single answer of 200. */
  longestStallMs = 0
  readonly #client: Client
  readonly #topic: string
  readonly #running: Promise<void>
  #offset = 0
  #end = Infinity
  #stopped = false

  constructor(target: Target, topic: string, partition: number) {
    this.partition = partition
    this.#client = new Client(target)
    this.#topic = topic
    this.#running = this.#follow()
  }

  /** Reads on up to `end`; throws when it does not come there. */
  async readTo(end: number): Promise<void> {
    this.#end = end
    const limit = sleep(CATCH_UP_LIMIT_MS, null, { ref: false })
    await Promise.race([this.#running, limit])
    this.stop()
    if (this.#offset < end)
      throw new Error(`The reader of ${this.#topic}/${this.partition} stands still at ${this.#offset} before ${end}.`)
  }

  stop(): void {
    this.#stopped = true
  }

  async #follow(): Promise<void> {
    let lastMs = performance.now()
    let unanswered = 0
    while (this.#offset < this.#end && !this.#stopped && unanswered < GONE_AFTER) {
      const path = `/v1/consumer/topics/${this.#topic}/partitions/${this.partition}/offsets/${this.#offset}?count=${PAGE}`
      const { status, headers, json } = await this.#client.request('GET', path)
      this.answers.set(status, (this.answers.get(status) ?? 0) + 1)
      unanswered = status === 0 ? unanswered + 1 : 0
      const next = headers.nextoffset === undefined ? Number.NaN : Number(headers.nextoffset)
      if (status === 200) {
        this.longestStallMs = Math.max(this.longestStallMs, performance.now() - lastMs)
        lastMs = performance.now()
        this.#take((json as Page).records, next)
        if ((json as Page).records.length > 0) continue
      } else if (status === 504 && next > this.#offset) this.#offset = next
      else if (status !== 503 && status !== 504 && status !== 0)
        this.surprises.push(`${status} ${JSON.stringify(json)}`)
      await sleep(IDLE_MS)
    }
    this.#client.close()
  }

  #take(records: readonly ReadRecord[], next: number): void {
    for (const { offset, value } of records) this.seen.push({ offset, value })
    const last = records.at(-1)
    if (last !== undefined && next <= last.offset)
      this.surprises.push(`NextOffset ${next} behind a record at ${last.offset}`)
    if (next < this.#offset) this.surprises.push(`NextOffset went back from ${this.#offset} to ${next}`)
    this.#offset = next
  }
}
