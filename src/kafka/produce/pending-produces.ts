import { SwapRemoveSet } from '../../core/lib/swap-remove-set.ts'
import type { PendingProduce } from './pending-produce.ts'

/** So long before its answer is due a request withdraws what it can, so that it can say "not stored". */
const LEAD_MS = 150
/** In an outage all requests may be due together: the event loop serves others in between. */
const DUE_AT_ONCE = 1000

/** The produce requests with records whose fate is not known yet. */
export class PendingProduces {
  readonly #open = new SwapRemoveSet<PendingProduce>()
  #hasMore = false

  get size(): number {
    return this.#open.size
  }

  /** Whether more were due at the last call of {@link due} than it returned. */
  get hasMore(): boolean {
    return this.#hasMore
  }

  add(pending: PendingProduce): void {
    this.#open.add(pending)
  }

  delete(pending: PendingProduce): void {
    this.#open.delete(pending)
  }

  /** Returns the requests whose answer is due now or soon; of those not returned before, as many as one turn may settle. */
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
    this.#hasMore = fresh > DUE_AT_ONCE
    return due
  }
}
