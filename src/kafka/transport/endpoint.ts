import { performance } from 'node:perf_hooks'
import { type IdentityOwner, ownerText } from '../../core/kafka-identity.ts'
import { growingPauseMs } from '../../core/lib/growing-pause.ts'
import type { RepeatedWarnings } from '../../core/lib/repeated-warnings.ts'
import { refusalOf } from './refused-credentials.ts'
import { causeText } from './transport-error.ts'

const REFUSED_FIRST_MS = 1000
const REFUSED_LIMIT_MS = 60_000

/**
 * One address of a broker, shared by all connections of an identity to it: whether it can be reached, and since when it
 * refuses the credentials. Logs both when they begin and when they end, but not that a caller's password is refused: who
 * judges callers logs that.
 */
export class Endpoint {
  readonly host: string
  readonly port: number
  readonly #warnings: RepeatedWarnings
  readonly #owner: IdentityOwner
  /** Undefined for a bootstrap address that is not known as a broker's. */
  brokerId: number | undefined
  /** Where the address comes from: the setting, or the metadata of a broker. */
  source: string
  /** When the broker last answered a request; −Infinity before. */
  answeredAtMs = -Infinity
  #everReached = false
  #failure = ''
  #refusals = 0
  #refusedUntilMs = -Infinity

  constructor(
    host: string,
    port: number,
    source: string,
    warnings: RepeatedWarnings,
    owner: IdentityOwner = 'gateway'
  ) {
    this.host = host
    this.port = port
    this.source = source
    this.#warnings = warnings
    this.#owner = owner
  }

  get address(): string {
    return `${this.host.includes(':') ? `[${this.host}]` : this.host}:${this.port}`
  }

  /** The last attempt to connect failed, and why; empty while the last one succeeded, and before the first. */
  get failure(): string {
    return this.#failure
  }

  get refusesCredentials(): boolean {
    return this.#refusals > 0
  }

  /** Milliseconds until the credentials may be tried again. */
  get refusedForMs(): number {
    return Math.max(0, this.#refusedUntilMs - performance.now())
  }

  /** Credentials that were refused are tried by one connection at a time: the others wait for its outcome. */
  claimAttempt(timeoutMs: number): void {
    if (this.#refusals > 0) this.#refusedUntilMs = performance.now() + timeoutMs
  }

  reached(): void {
    this.answeredAtMs = performance.now()
    this.#everReached = true
    this.#failure = ''
    this.#refusals = 0
    this.#refusedUntilMs = -Infinity
    const fields = this.#fields()
    this.#warnings.over(
      `refused ${this.address}`,
      fields,
      `The broker takes ${ownerText(this.#owner)} credentials again`
    )
    this.#warnings.over(`unreachable ${this.address}`, fields, 'The broker can be reached again')
  }

  failed(error: unknown): void {
    const cause = causeText(error)
    this.#failure = cause
    const refusal = refusalOf(error)
    if (refusal !== null) {
      const earlier = refusal === 'password' ? this.#refusals : 0
      const pauseMs = growingPauseMs(earlier, REFUSED_FIRST_MS, REFUSED_LIMIT_MS)
      this.#refusals++
      this.#refusedUntilMs = performance.now() + pauseMs
      this.#warnRefused(refusal, cause, pauseMs)
      return
    }
    this.#refusals = 0
    this.#refusedUntilMs = -Infinity
    const hint = this.#everReached || this.brokerId === undefined ? '' : ' Check advertised.listeners of the broker.'
    const text = `Cannot reach ${this.#name()} (from ${this.source}): ${cause}.${hint}`
    this.#warnings.warn(`unreachable ${this.address}`, { ...this.#fields(), cause }, text)
  }

  #warnRefused(refusal: 'password' | 'certificate', cause: string, nextAttemptMs: number): void {
    const isCaller = this.#owner === 'caller'
    if (isCaller && refusal === 'password') return
    const fields = { ...this.#fields(), cause, nextAttemptMs }
    const check = isCaller ? 'Check kafka.tls.' : 'Check kafka.sasl and kafka.tls.'
    const text = `Credentials are refused between the gateway and ${this.#name()}: ${cause}. ${check}`
    this.#warnings.warn(`refused ${this.address}`, fields, text)
  }

  #name(): string {
    return this.brokerId === undefined ? this.address : `broker ${this.brokerId} at ${this.address}`
  }

  #fields(): object {
    const { address, source, brokerId } = this
    return brokerId === undefined ? { address, source } : { broker: brokerId, address, source }
  }
}
