import { ByteBudget } from '../core/byte-budget.ts'
import type { Principal } from '../core/principal.ts'
import type { BodyLimits } from './body.ts'
import { StreamSlots } from './stream-slots.ts'

/** What a request takes from: all that the process has, or a part of it. */
export interface Resources extends BodyLimits {
  readonly streams: StreamSlots
}

interface Limits {
  readonly inFlightBytes: number
  readonly streams: number
}

/** Bounds what one Kafka identity takes of what all share. */
export class Shares {
  readonly #whole: Resources
  readonly #limits: Limits
  readonly #parts = new Map<string, Part>()

  /** `limits`: of one identity. */
  constructor(whole: Resources, limits: Limits) {
    this.#whole = whole
    this.#limits = limits
  }

  /** How many identities hold something. */
  get size(): number {
    return this.#parts.size
  }

  /** Returns what a request of the caller takes from. Call {@link leave} with it when the request is over. */
  enter({ kafka }: Principal): Resources {
    if (kafka === undefined) return this.#whole
    const { key } = kafka
    let part = this.#parts.get(key)
    if (part === undefined) {
      const streams = new StreamSlots(this.#limits.streams, this.#whole.streams)
      const made = new Part(this.#whole, this.#limits.inFlightBytes, streams, () => this.#parts.delete(key))
      this.#parts.set(key, (part = made))
    }
    part.requests++
    return part
  }

  leave(resources: Resources): void {
    if (resources instanceof Part) resources.leave()
  }
}

class Part implements Resources {
  readonly limits: BodyLimits['limits']
  readonly budget: BudgetPart
  readonly streams: StreamSlots
  requests = 0
  readonly #onUnused: () => void

  constructor({ limits, budget }: Resources, limitBytes: number, streams: StreamSlots, onUnused: () => void) {
    this.limits = limits
    this.streams = streams
    this.#onUnused = onUnused
    this.budget = new BudgetPart(limitBytes, budget, () => this.#unlessUsed())
  }

  leave(): void {
    this.requests--
    this.#unlessUsed()
  }

  /** A batch may hold bytes after its request is over. */
  #unlessUsed(): void {
    if (this.requests === 0 && this.budget.usedBytes === 0) this.#onUnused()
  }
}

/** Counts the bytes of one identity, which the whole counts too. */
class BudgetPart extends ByteBudget {
  readonly #whole: ByteBudget
  readonly #onReleased: () => void

  constructor(limitBytes: number, whole: ByteBudget, onReleased: () => void) {
    super(limitBytes)
    this.#whole = whole
    this.#onReleased = onReleased
  }

  override add(bytes: number): void {
    super.add(bytes)
    this.#whole.add(bytes)
  }

  override tryGrow(heldBytes: number, bytes: number): boolean {
    if (!this.#whole.tryGrow(heldBytes, bytes)) return false
    if (super.tryGrow(heldBytes, bytes)) return true
    this.#whole.release(bytes)
    return false
  }

  override release(bytes: number): void {
    super.release(bytes)
    this.#whole.release(bytes)
    this.#onReleased()
  }
}
