import { performance } from 'node:perf_hooks'
import { Deadline } from '../core/deadline.ts'
import type { KafkaIdentity } from '../core/kafka-identity.ts'
import { RepeatedWarnings } from '../core/lib/repeated-warnings.ts'
import type { Log } from '../core/log.ts'
import { KafkaFailure } from './kafka-failure.ts'
import type { BrokerAddress } from './transport/broker-connection.ts'
import { type BrokersSettings, parseAddress } from './transport/brokers.ts'
import { showCredentials } from './transport/show-credentials.ts'
import { causeText } from './transport/transport-error.ts'

/** Whether Kafka answers, as readiness and requests need to know it. */
export interface KafkaHealth {
  readonly ready: boolean
  /** Why it is not ready, for operators, without addresses; undefined while it is. */
  readonly trouble: string | undefined
  /** The failure of requests that would wait in vain; undefined while Kafka is not known to be away. */
  readonly outage: KafkaFailure | undefined
  /** Resolves after the first look. */
  start(): Promise<void>
  close(): void | Promise<void>
}

const LOOK_MS = 1000
const LOOK_WHEN_READY_MS = 5000
const LOOK_LIMIT_MS = 2000
/** As for a cluster that is looked after: see {@link MetadataRefresher}. */
const READY_FOR_MS = 15_000
const GIVE_UP_MS = 5000

/**
 * Looks whether any broker answers, without credentials: it tells its versions before SASL. `advertised` returns the addresses
 * of brokers as far as they are known; only the bootstrap servers are without.
 */
export class Presence implements KafkaHealth {
  readonly #settings: BrokersSettings
  readonly #certificate: KafkaIdentity
  readonly #advertised: () => readonly BrokerAddress[]
  readonly #warnings: RepeatedWarnings
  #timer: NodeJS.Timeout | undefined
  #startedAtMs = performance.now()
  #answeredAtMs = -Infinity
  #failure: KafkaFailure | undefined
  #turn = 0
  #closed = false

  constructor(
    settings: BrokersSettings,
    { certificate }: KafkaIdentity,
    advertised: () => readonly BrokerAddress[],
    log: Log
  ) {
    this.#settings = settings
    this.#certificate = certificate === undefined ? {} : { certificate }
    this.#advertised = advertised
    this.#warnings = new RepeatedWarnings(log)
  }

  get ready(): boolean {
    return performance.now() - this.#answeredAtMs < READY_FOR_MS
  }

  get trouble(): string | undefined {
    return this.ready ? undefined : 'No broker can be reached'
  }

  get outage(): KafkaFailure | undefined {
    const silentMs = performance.now() - Math.max(this.#answeredAtMs, this.#startedAtMs)
    return silentMs < GIVE_UP_MS ? undefined : this.#failure
  }

  async start(): Promise<void> {
    this.#startedAtMs = performance.now()
    await this.#look()
  }

  close(): void {
    this.#closed = true
    clearTimeout(this.#timer)
  }

  async #look(): Promise<void> {
    const advertised = this.#advertised()
    const addresses = advertised.length > 0 ? advertised : this.#settings.bootstrapServers.map(parseAddress)
    const turn = this.#turn++ % addresses.length
    const ordered = [...addresses.slice(turn), ...addresses.slice(0, turn)]
    try {
      await showCredentials(this.#settings, this.#certificate, ordered, Deadline.after(LOOK_LIMIT_MS))
      this.#answeredAtMs = performance.now()
      this.#failure = undefined
      this.#warnings.over('unreachable', {}, 'Kafka answers again')
    } catch (error) {
      if (!(error instanceof KafkaFailure)) throw error
      this.#failure = error
      this.#warnings.warn('unreachable', { cause: causeText(error) }, 'Kafka cannot be reached')
    }
    if (this.#closed) return
    const pauseMs = this.#failure === undefined ? LOOK_WHEN_READY_MS : LOOK_MS
    this.#timer = setTimeout(() => void this.#look(), pauseMs).unref()
  }
}
