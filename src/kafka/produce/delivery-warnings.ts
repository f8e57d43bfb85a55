import { RepeatedWarnings } from '../../core/lib/repeated-warnings.ts'
import type { Log } from '../../core/log.ts'

/** Logs that a broker takes no batches: when that begins, once a minute while it lasts, and when it is over. */
export class DeliveryWarnings {
  readonly #warnings: RepeatedWarnings
  readonly #failing = new Set<number>()

  constructor(log: Log) {
    this.#warnings = new RepeatedWarnings(log)
  }

  /** A batch was sent, and no answer came. */
  lost(brokerId: number, fields: object): void {
    this.#failing.add(brokerId)
    this.#warnings.warn(`lost/${brokerId}`, { brokerId, ...fields }, 'No answer to a record batch')
  }

  unreachable(brokerId: number, fields: object): void {
    this.#failing.add(brokerId)
    this.#warnings.warn(`unreachable/${brokerId}`, { brokerId, ...fields }, 'A broker cannot be reached')
  }

  answered(brokerId: number): void {
    if (this.#failing.size === 0 || !this.#failing.delete(brokerId)) return
    this.#warnings.over(`lost/${brokerId}`, { brokerId }, 'Record batches are answered again')
    this.#warnings.over(`unreachable/${brokerId}`, { brokerId }, 'A broker can be reached again')
  }
}
