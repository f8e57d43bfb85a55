import type { Log } from '../core/log.ts'

const PAUSE_MS = 60_000

interface Silence {
  readonly untilMs: number
  suppressed: number
}

/** Says the first warning of each kind, then nothing of it for a minute; the next one tells how many were left out. */
export class RepeatedWarnings {
  readonly #log: Log
  readonly #now: () => number
  readonly #silences = new Map<string, Silence>()

  constructor(log: Log, now: () => number = () => performance.now()) {
    this.#log = log
    this.#now = now
  }

  /** `kind` is from a closed list: one is kept for each. */
  warn(kind: string, fields: object, message: string): void {
    const nowMs = this.#now()
    const silence = this.#silences.get(kind)
    if (silence !== undefined && nowMs < silence.untilMs) {
      silence.suppressed++
      return
    }
    this.#silences.set(kind, { untilMs: nowMs + PAUSE_MS, suppressed: 0 })
    const suppressed = silence?.suppressed ?? 0
    this.#log.warn(suppressed === 0 ? fields : { ...fields, suppressed }, message)
  }
}
