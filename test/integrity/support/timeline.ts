interface Note {
  readonly atMs: number
  readonly text: string
}

const LIMIT = 100_000

/** What happened when, to be read where a promise was broken. Times are `performance.now()`. */
export class Timeline {
  readonly #startedMs = performance.now()
  #notes: Note[] = []

  note(text: string, atMs = performance.now()): void {
    this.#notes.push({ atMs, text })
    if (this.#notes.length > LIMIT) this.#notes = this.#notes.slice(LIMIT / 2)
  }

  /** What happened in those milliseconds, in order, that has one of these words in it. */
  between(fromMs: number, toMs: number, ...words: readonly string[]): string[] {
    return this.#notes
      .filter(({ atMs, text }) => atMs >= fromMs && atMs <= toMs && words.some(word => text.includes(word)))
      .sort((one, other) => one.atMs - other.atMs)
      .map(({ atMs, text }) => `${this.at(atMs)} ${text}`)
  }

  /** A time as seconds since the start. */
  at(atMs: number): string {
    return ((atMs - this.#startedMs) / 1000).toFixed(3)
  }
}
