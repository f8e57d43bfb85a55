import { growingPauseMs, scattered } from '../../core/lib/growing-pause.ts'

const PAUSE_FIRST_MS = 100
const PAUSE_LIMIT_MS = 1000
/** Topics that are due within it are asked about together. */
const TICK_MS = 50
/** A topic that has had a leader for so long begins with the first pause again. */
const FORGET_AFTER_MS = 5000

interface Sought {
  rounds: number
  dueMs: number
  isAsked: boolean
  isNeeded: boolean
}

/** Asks who leads the partitions of topics, at once and then less and less often, for as long as that is needed. */
export class LeaderSearch {
  readonly #ask: (topic: string) => Promise<void>
  readonly #topics = new Map<string, Sought>()
  #timer: NodeJS.Timeout | undefined

  /** `ask` never rejects; it may call {@link need} again. */
  constructor(ask: (topic: string) => Promise<void>) {
    this.#ask = ask
  }

  /** The leaders that are known do not serve. */
  need(topic: string): void {
    const nowMs = performance.now()
    const sought = this.#topics.get(topic) ?? { rounds: 0, dueMs: nowMs, isAsked: false, isNeeded: false }
    this.#topics.set(topic, sought)
    if (sought.isNeeded) return
    sought.isNeeded = true
    this.#wakeAt(sought.dueMs)
  }

  close(): void {
    clearTimeout(this.#timer)
    this.#topics.clear()
  }

  #wakeAt(dueMs: number): void {
    const waitMs = dueMs - performance.now()
    this.#timer ??= setTimeout(() => this.#run(), Math.min(Math.max(0, waitMs), TICK_MS)).unref()
  }

  #run(): void {
    this.#timer = undefined
    const nowMs = performance.now()
    for (const [topic, sought] of this.#topics) {
      if (sought.isNeeded && !sought.isAsked && sought.dueMs <= nowMs) void this.#askFor(topic, sought)
      else if (!sought.isNeeded && nowMs - sought.dueMs > FORGET_AFTER_MS) this.#topics.delete(topic)
    }
    if (this.#topics.size > 0) this.#wakeAt(nowMs + TICK_MS)
  }

  async #askFor(topic: string, sought: Sought): Promise<void> {
    sought.isAsked = true
    sought.isNeeded = false
    sought.dueMs = performance.now() + scattered(growingPauseMs(sought.rounds++, PAUSE_FIRST_MS, PAUSE_LIMIT_MS))
    await this.#ask(topic)
    sought.isAsked = false
  }
}
