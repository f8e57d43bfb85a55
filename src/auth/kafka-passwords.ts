import { createHmac, randomBytes } from 'node:crypto'
import { GatewayError } from '../core/errors.ts'
import type { CallerIdentity, SaslCredentials } from '../core/kafka-identity.ts'
import type { Recent } from '../core/lib/recent.ts'
import { SingleFlight } from '../core/lib/single-flight.ts'
import type { Attempts } from './attempts.ts'
import { passwordIn, type UserPassword } from './basic-field.ts'
import { type Caller, callerWithoutToken } from './caller.ts'
import type { Credentials, Scheme } from './credentials.ts'
import type { KafkaCallers } from './kafka-proof.ts'
import { remember, remembering } from './remembering.ts'

export type KafkaPasswordsOptions = Pick<KafkaCallers, 'proof' | 'believeMs'> & {
  readonly mechanism: NonNullable<KafkaCallers['mechanism']>
}

const ISSUER = 'kafka'
const REMEMBERED_LIMIT = 10_000

/** User names and passwords that Kafka judges, and that it is shown for whatever the caller does there. */
export class KafkaPasswords implements Scheme {
  readonly name = 'basic'
  readonly text = 'a user name and password'
  readonly #attempts: Attempts
  readonly #options: KafkaPasswordsOptions
  readonly #key = randomBytes(32)
  /** Callers whom Kafka has accepted, by the key of their identity. */
  readonly #callers: Recent<string, Caller>
  /** Attempts in flight: those with the same password count once. */
  readonly #proving = new SingleFlight<Caller>()

  /** `now` on a monotonic clock. */
  constructor(options: KafkaPasswordsOptions, attempts: Attempts, now: () => number) {
    this.#options = options
    this.#attempts = attempts
    this.#callers = remembering(REMEMBERED_LIMIT, now)
  }

  judge({ headers, address = '' }: Credentials): Caller | Promise<Caller> | undefined {
    const given = passwordIn(headers.authorization)
    if (given === undefined) return undefined
    const key = this.#keyOf(given)
    const known = this.#callers.get(key)
    if (known !== undefined && this.#options.proof.believes(key)) return known
    this.#attempts.check(address, given.user)
    return this.#proving.of(key, () => this.#judged(given, key, address))
  }

  async #judged(given: UserPassword, key: string, address: string): Promise<Caller> {
    const { mechanism, proof, believeMs } = this.#options
    const caller = this.#callers.get(key) ?? callerOf(given, { key, sasl: new Password(mechanism, given) })
    try {
      if (caller.kafka !== undefined) await proof.prove(caller.kafka)
    } catch (error) {
      if (error instanceof GatewayError && error.code === 'INVALID_CREDENTIALS')
        this.#attempts.failed(address, given.user)
      throw error
    }
    remember(this.#callers, key, caller, believeMs)
    this.#attempts.succeeded(address, given.user)
    return caller
  }

  #keyOf({ user, password }: UserPassword): string {
    // Neither of them holds a control character, so the parts cannot run into one another.
    const text = `${this.#options.mechanism}\n${user}\n${password}`
    return createHmac('sha256', this.#key).update(text).digest('base64')
  }
}

/** Keeps the password out of whatever prints or serializes it. */
class Password implements SaslCredentials {
  readonly mechanism: KafkaPasswordsOptions['mechanism']
  readonly username: string
  readonly #password: string

  constructor(mechanism: KafkaPasswordsOptions['mechanism'], { user, password }: UserPassword) {
    this.mechanism = mechanism
    this.username = user
    this.#password = password
  }

  get password(): string {
    return this.#password
  }
}

function callerOf({ user }: UserPassword, kafka: CallerIdentity): Caller {
  return { ...callerWithoutToken({ issuer: ISSUER, id: user, groups: [], roles: [] }, null), kafka }
}
