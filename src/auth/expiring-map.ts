interface Entry<V> {
  readonly value: V
  readonly untilMs: number
}

/** A map bounded twice: every entry has its own end, and where there are too many the one set longest ago makes room. */
export class ExpiringMap<V> {
  readonly #limit: number
  readonly #now: () => number
  readonly #entries = new Map<string, Entry<V>>()

  /** `now` answers on the same clock as `untilMs`. */
  constructor(limit: number, now: () => number) {
    this.#limit = limit
    this.#now = now
  }

  get(key: string): V | undefined {
    const entry = this.#entries.get(key)
    if (entry === undefined) return undefined
    if (this.#now() < entry.untilMs) return entry.value
    this.#entries.delete(key)
    return undefined
  }

  set(key: string, value: V, untilMs: number): void {
    // Deleted first: a key that is set again would keep its old place, and be the next to make room.
    this.#entries.delete(key)
    if (this.#entries.size >= this.#limit) {
      const oldest = this.#entries.keys().next()
      if (!oldest.done) this.#entries.delete(oldest.value)
    }
    this.#entries.set(key, { value, untilMs })
  }

  clear(): void {
    this.#entries.clear()
  }
}
