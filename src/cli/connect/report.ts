import { count } from '../count.ts'
import { BROKER, type Peer, reasonOf } from './reasons.ts'

/** What to say with the reason of a failure. */
export interface Hint {
  /** A broker if left out. */
  readonly peer?: Peer
  /** Put behind the reason. */
  readonly advice?: string
}

type Outcome = 'ok' | 'warning' | 'FAILED'

/** Of the widest outcome, with a space behind it. */
const COLUMN = 9
/** What a stranger's server said must not steer a terminal. */
const CONTROLS = /\p{Cc}+/gu

/** Writes one line for each step, and counts what went wrong. */
export class Report {
  readonly #write: (text: string) => void
  readonly #secrets: readonly string[]
  readonly #failures: string[] = []
  #steps = 0
  #warnings = 0

  /** `secrets` are taken out of what the other side says. */
  constructor(write: (text: string) => void, secrets: readonly string[]) {
    this.#write = write
    this.#secrets = secrets
  }

  ok(step: string): void {
    this.#add('ok', step)
  }

  /** For a step that failed, though the gateway can do a part of its work. */
  warn(step: string, cause: unknown, hint?: Hint): void {
    this.#warnings++
    this.#add('warning', `${step}: ${this.#reasonOf(cause, hint)}`)
  }

  fail(step: string, cause?: unknown, hint?: Hint): void {
    const text = cause === undefined ? step : `${step}: ${this.#reasonOf(cause, hint)}`
    this.#failures.push(this.#add('FAILED', text))
  }

  get failed(): boolean {
    return this.#failures.length > 0
  }

  /** What the steps mean together, in one line. */
  get verdict(): string {
    const [first] = this.#failures
    if (first !== undefined) return `${this.#failures.length} of ${count(this.#steps, 'step')} failed. First: ${first}`
    const within = this.#warnings === 0 ? '' : `, with ${count(this.#warnings, 'warning')}`
    return `All that the configuration names can be reached and used${within}.`
  }

  #add(outcome: Outcome, text: string): string {
    this.#steps++
    const line = text.replaceAll(CONTROLS, ' ')
    this.#write(`${outcome.padEnd(COLUMN)}${line}\n`)
    return line
  }

  #reasonOf(cause: unknown, { peer = BROKER, advice = '' }: Hint = {}): string {
    const withoutSecrets = (said: string) =>
      this.#secrets.reduce((text, secret) => text.replaceAll(secret, '(hidden)'), said)
    return reasonOf(cause, peer, withoutSecrets) + advice
  }
}
