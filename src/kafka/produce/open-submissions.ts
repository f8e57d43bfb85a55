import { Bag } from '../../core/lib/bag.ts'
import type { Submission } from './submission.ts'

/** Before its answer is due a request takes back what can still be taken back, so that it can say "not stored". */
const LEAD_MS = 150
/** In an outage all callers may be due together: others get their turn in between. */
const DUE_AT_ONCE = 1000

/** The submissions of which something is not settled yet. */
export class OpenSubmissions {
  readonly #open = new Bag<Submission>()
  #left = false

  get size(): number {
    return this.#open.size
  }

  /** Whether {@link due} left some out the last time. */
  get left(): boolean {
    return this.#left
  }

  add(submission: Submission): void {
    this.#open.add(submission)
  }

  delete(submission: Submission): void {
    this.#open.delete(submission)
  }

  /** Those whose answer is due now or soon; of those that were not among them before, as many as one turn should settle. */
  due(nowMs: number): Set<Submission> {
    const due = new Set<Submission>()
    let fresh = 0
    for (const submission of this.#open.members()) {
      const leftMs = submission.times.answerAtMs - nowMs
      if (submission.answered || leftMs > LEAD_MS) continue
      if ((!submission.due || leftMs <= 0) && ++fresh > DUE_AT_ONCE) continue
      submission.due = true
      due.add(submission)
    }
    this.#left = fresh > DUE_AT_ONCE
    return due
  }
}
