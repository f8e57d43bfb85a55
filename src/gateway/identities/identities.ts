import { performance } from 'node:perf_hooks'
import { GatewayError } from '../../core/errors.ts'
import type { CallerIdentity } from '../../core/kafka-identity.ts'
import type { Principal } from '../../core/principal.ts'
import type { BrokerAddress } from '../../kafka/transport/broker-connection.ts'
import type { Identity } from './identity.ts'

export interface IdentitiesOptions {
  /** Limit of identities, those included that are being let go. */
  readonly most: number
  /** An identity that nobody uses for so long is let go. */
  readonly idleMs: number
}

/** Makes an identity. `onRefused` is called when Kafka no longer takes its credentials. */
export type MakeIdentity = (identity: CallerIdentity, onRefused: () => void) => Identity

/** Sum and largest of something that identities have; no identity is named. */
export interface Spread {
  readonly sum: number
  readonly largest: number
}

const SWEEP_MS = 5000

/** The identities in use, each made by its first use. Bounded: the one that is idle for longest makes room. */
export class Identities {
  readonly #options: IdentitiesOptions
  readonly #make: MakeIdentity
  readonly #onEnded: (key: string) => void
  readonly #held = new Map<string, Identity>()
  readonly #closing = new Set<Promise<void>>()
  readonly #sweep: NodeJS.Timeout

  /** `onEnded` is told the key of an identity that Kafka has refused. */
  constructor(options: IdentitiesOptions, make: MakeIdentity, onEnded: (key: string) => void) {
    this.#options = options
    this.#make = make
    this.#onEnded = onEnded
    this.#sweep = setInterval(() => this.#sweepNow(), SWEEP_MS).unref()
  }

  /** How many there are, those included that are being let go. */
  get size(): number {
    return this.#held.size + this.#closing.size
  }

  /** Brokers at the addresses that they advertise; empty while no identity knows them. */
  get brokers(): readonly BrokerAddress[] {
    for (const { cluster } of this.#held.values()) {
      const { brokers } = cluster
      if (brokers.length > 0) return brokers
    }
    return []
  }

  spread(of: (identity: Identity) => number): Spread {
    let sum = 0
    let largest = 0
    for (const identity of this.#held.values()) {
      const value = of(identity)
      sum += value
      largest = Math.max(largest, value)
    }
    return { sum, largest }
  }

  /** Returns the caller's identity if it is in use. */
  known({ kafka }: Principal): Identity | undefined {
    return kafka === undefined ? undefined : this.#held.get(kafka.key)
  }

  /** Returns the caller's identity. Throws NO_KAFKA_IDENTITY, or OVERLOADED if there are too many and none is idle. */
  of({ id, kafka }: Principal): Identity {
    if (kafka === undefined) {
      throw new GatewayError(
        'NO_KAFKA_IDENTITY',
        'The caller has no identity in Kafka, and the gateway has none to lend.',
        {
          detail: `principal ${id}`
        }
      )
    }
    return this.#held.get(kafka.key) ?? this.#added(kafka)
  }

  /** Ends an identity that Kafka does not accept any more: its connections close at once. */
  refuse(key: string): void {
    const identity = this.#held.get(key)
    if (identity !== undefined) this.#refused(identity)
  }

  /** Lets all go. Resolves when what they have under way has ended. */
  async close(): Promise<void> {
    clearInterval(this.#sweep)
    for (const identity of this.#held.values()) this.#letGo(identity)
    await Promise.all(this.#closing)
  }

  #added(kafka: CallerIdentity): Identity {
    if (this.size >= this.#options.most) this.#makeRoom()
    const identity = this.#make(kafka, () => this.#refused(identity))
    this.#held.set(kafka.key, identity)
    return identity
  }

  /** Lets the identity go that is idle for longest. Nothing of it is under way, so it makes room at once. */
  #makeRoom(): void {
    let oldest: Identity | undefined
    for (const identity of this.#held.values()) {
      if (identity.isIdle && (oldest === undefined || identity.usedAtMs < oldest.usedAtMs)) oldest = identity
    }
    if (oldest === undefined)
      throw new GatewayError('OVERLOADED', `${this.#options.most} identities are in use here; try again later.`)
    this.#held.delete(oldest.key)
    void oldest.close()
  }

  #refused(identity: Identity): void {
    if (identity.isRefused) return
    identity.isRefused = true
    this.#onEnded(identity.key)
    this.#letGo(identity)
  }

  #letGo(identity: Identity): void {
    if (this.#held.get(identity.key) === identity) this.#held.delete(identity.key)
    const closing = identity.close().finally(() => this.#closing.delete(closing))
    this.#closing.add(closing)
  }

  #sweepNow(): void {
    const nowMs = performance.now()
    for (const identity of this.#held.values()) {
      // A stream may go on for hours without a call that would do it.
      if (!identity.isIdle) identity.cluster.used()
      else if (nowMs - identity.usedAtMs >= this.#options.idleMs) this.#letGo(identity)
    }
  }
}
