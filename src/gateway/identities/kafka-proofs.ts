import { performance } from 'node:perf_hooks'
import { Deadline } from '../../core/deadline.ts'
import { GatewayError } from '../../core/errors.ts'
import type { CallerIdentity } from '../../core/kafka-identity.ts'
import { recent } from '../../core/lib/recent.ts'
import { RepeatedWarnings } from '../../core/lib/repeated-warnings.ts'
import { SingleFlight } from '../../core/lib/single-flight.ts'
import type { Log } from '../../core/log.ts'
import type { Verdict } from '../../kafka/transport/show-credentials.ts'
import { callerError } from '../kafka-failures.ts'
import { refusalOf } from './refusal.ts'

/** Shows an identity to one broker. Rejects with an `unreachable` KafkaFailure. */
export type Show = (identity: CallerIdentity, deadline: Deadline) => Promise<Verdict>

export interface KafkaProofsOptions {
  /** How long Kafka's word is believed. */
  readonly believeMs: number
  /** Of one attempt, its wait included. */
  readonly timeLimitMs: number
  /** Called with the key of an identity that Kafka does not accept, or no longer. */
  readonly onRefused: (key: string) => void
  /** On a monotonic clock; for tests. */
  readonly now?: () => number
}

/** What became of the attempts so far. */
export interface AttemptCounts {
  readonly accepted: number
  readonly refused: number
  /** Kafka gave no verdict, or too many waited. */
  readonly unavailable: number
}

const AT_ONCE = 8
const WAITING = 64
const REMEMBERED = 10_000
const REFUSED_MS = 60_000

/**
 * Has Kafka judge identities before anything else is done with them, over a connection of its own each, few at a time: whoever
 * guesses passwords costs neither the place of an identity nor many connections. Remembers both verdicts.
 */
export class KafkaProofs {
  readonly #show: Show
  readonly #options: KafkaProofsOptions
  readonly #now: () => number
  readonly #problems: RepeatedWarnings
  /** By the key of the identity: until when it is believed. */
  readonly #believed = recent<string, number>(REMEMBERED)
  /** By the key of the identity: until when it counts as refused, if it has no other token since. */
  readonly #refused = recent<string, { readonly untilMs: number; readonly token: string | undefined }>(REMEMBERED)
  readonly #underWay = new SingleFlight<void>()
  readonly #waiting: (() => void)[] = []
  readonly #counts = { accepted: 0, refused: 0, unavailable: 0 }
  #running = 0

  constructor(show: Show, options: KafkaProofsOptions, log: Log) {
    this.#show = show
    this.#options = options
    this.#now = options.now ?? (() => performance.now())
    this.#problems = new RepeatedWarnings(log, undefined, 'error')
  }

  get counts(): AttemptCounts {
    return this.#counts
  }

  /** Whether Kafka has accepted it a moment ago. */
  believes(key: string): boolean {
    return (this.#believed.get(key) ?? -Infinity) > this.#now()
  }

  /** Takes back what is believed: Kafka no longer accepts it. */
  forget(key: string): void {
    this.#believed.delete(key)
  }

  /**
   * Resolves once Kafka has accepted the identity. Rejects with INVALID_CREDENTIALS, OVERLOADED, or KAFKA_UNAVAILABLE, after
   * which nothing is remembered.
   */
  async prove(identity: CallerIdentity): Promise<void> {
    const { key } = identity
    if (this.believes(key)) return
    const refused = this.#refused.get(key)
    if (refused !== undefined && refused.untilMs > this.#now() && refused.token === (await identity.sasl.token?.()))
      throw refusalOf(identity, 'Kafka refused it less than a minute ago')
    await this.#underWay.of(key, () => this.#attempt(identity))
  }

  async #attempt(identity: CallerIdentity): Promise<void> {
    const deadline = Deadline.after(this.#options.timeLimitMs)
    try {
      await this.#turn()
    } catch (error) {
      this.#counts.unavailable++
      throw error
    }
    try {
      const token = await identity.sasl.token?.()
      this.#judge(identity, token, await this.#show(identity, deadline))
    } catch (error) {
      if (error instanceof GatewayError) throw error
      this.#counts.unavailable++
      throw callerError(error)
    } finally {
      this.#next()
    }
  }

  /** Resolves when there are few enough others. */
  async #turn(): Promise<void> {
    if (this.#running >= AT_ONCE) {
      if (this.#waiting.length >= WAITING)
        throw new GatewayError('OVERLOADED', 'Too many credentials wait to be shown to Kafka; try again shortly.')
      return new Promise(resolve => this.#waiting.push(resolve))
    }
    this.#running++
  }

  /** Hands the place of an attempt that has ended to one that waits. */
  #next(): void {
    const next = this.#waiting.shift()
    if (next === undefined) this.#running--
    else next()
  }

  #judge(identity: CallerIdentity, token: string | undefined, { verdict, reason }: Verdict): void {
    const { key, name } = identity
    const { mechanism } = identity.sasl
    if (verdict === 'taken') {
      this.#believed.set(key, this.#now() + this.#options.believeMs)
      this.#counts.accepted++
      this.#problems.over('mechanism', { mechanism }, 'Kafka offers the mechanism of callers again')
      this.#problems.over(`refused ${name}`, { credentials: name }, 'Kafka takes an entry of kafka.credentials again')
      return
    }
    if (verdict === 'mechanism') {
      this.#counts.unavailable++
      this.#problems.warn('mechanism', { mechanism, reason }, 'Kafka does not offer the mechanism of callers')
      throw new GatewayError('KAFKA_UNAVAILABLE', 'Kafka does not take credentials of this kind.', { detail: reason })
    }
    this.#believed.delete(key)
    this.#refused.set(key, { untilMs: this.#now() + REFUSED_MS, token })
    this.#options.onRefused(key)
    this.#counts.refused++
    if (name !== undefined)
      this.#problems.warn(
        `refused ${name}`,
        { credentials: name, reason },
        'Kafka refuses an entry of kafka.credentials'
      )
    throw refusalOf(identity, reason)
  }
}
