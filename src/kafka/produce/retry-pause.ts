const FIRST_MS = 25
const LIMIT_MS = 400
const SETBACKS_LIMIT = 10

/** How long a partition rests after a setback: longer with each, with some chance in it so that not all come back at once. */
export class RetryPause {
  #untilMs = 0
  #setbacks = 0

  over(nowMs: number): boolean {
    return nowMs >= this.#untilMs
  }

  setback(nowMs: number): void {
    const pauseMs = Math.min(LIMIT_MS, FIRST_MS * 2 ** this.#setbacks)
    this.#setbacks = Math.min(this.#setbacks + 1, SETBACKS_LIMIT)
    this.#untilMs = nowMs + pauseMs * (0.8 + Math.random() * 0.4)
  }

  end(): void {
    this.#setbacks = 0
    this.#untilMs = 0
  }
}
