import { performance } from 'node:perf_hooks'

/** A time on the monotonic clock by which an answer is due. */
export class Deadline {
  /** Milliseconds of `performance.now()`. */
  readonly atMs: number

  private constructor(atMs: number) {
    this.atMs = atMs
  }

  static after(durationMs: number): Deadline {
    return new Deadline(performance.now() + durationMs)
  }

  /** Milliseconds left, never below 0. */
  get remainingMs(): number {
    return Math.max(0, this.atMs - performance.now())
  }

  get passed(): boolean {
    return performance.now() >= this.atMs
  }
}
