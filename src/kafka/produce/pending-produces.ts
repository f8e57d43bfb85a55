import { Bag } from '../../core/lib/bag.ts'
import type { PendingProduce } from './pending-produce.ts'

/** Before its answer is due a request takes back what can still be taken back, so that it can say "not stored". */
const LEAD_MS = 150
/** In an outage all callers may be due together: others get their turn in between. */
const DUE_AT_ONCE = 1000

/** The produce requests of which some record is not settled yet. */
export class PendingProduces {
  readonly #open = new Bag<PendingProduce>()
  #left = false

  get size(): number {
    return this.#open.size
  }

  /** Whether {@link due} left some out the last time. */
  get left(): boolean {
    return this.#left
  }

  add(pending: PendingProduce): void {
    this.#open.add(pending)
  }

  delete(pending: PendingProduce): void {
    this.#open.delete(pending)
  }

  /** Those whose answer is due now or soon; of those that were not among them before, as many as one turn should settle. */
  due(nowMs: number): Set<PendingProduce> {
    const due = new Set<PendingProduce>()
    let fresh = 0
    for (const pending of this.#open.members()) {
      const leftMs = pending.times.answerAtMs - nowMs
      if (pending.answered || leftMs > LEAD_MS) continue
      if ((!pending.due || leftMs <= 0) && ++fresh > DUE_AT_ONCE) continue
      pending.due = true
      due.add(pending)
    }
    this.#left = fresh > DUE_AT_ONCE
    return due
  }
}
