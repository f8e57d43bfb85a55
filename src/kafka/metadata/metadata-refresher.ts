import { performance } from 'node:perf_hooks'
import { Deadline } from '../../core/deadline.ts'
import { RepeatedWarnings } from '../../core/lib/repeated-warnings.ts'
import type { Log } from '../../core/log.ts'
import type { KafkaFailure } from '../kafka-failure.ts'
import type { Brokers } from '../transport/brokers.ts'
import { causeText } from '../transport/transport-error.ts'
import { refusedCredentials, unreachable } from '../transport/unavailable.ts'
import type { MetadataCache } from './metadata-cache.ts'

const PROBE_MS = 1000
const PROBE_WHEN_READY_MS = 5000
/** Long enough to give up a frozen broker and ask another. */
const PROBE_LIMIT_MS = 2000
const REFRESH_LIMIT_MS = 5000
/** The gateway is ready until no broker has answered for so long, or until none can be reached. */
const READY_FOR_MS = 15_000
/** Requests are refused at once when no broker has answered for so long. */
const GIVE_UP_MS = 5000

/**
 * Refreshes metadata in the background, and knows whether brokers answer at the addresses that they advertise. Kafka may be
 * down at the start: the probe goes on until it answers.
 */
export class MetadataRefresher {
  readonly #cache: MetadataCache
  readonly #brokers: Brokers
  readonly #maxAgeMs: number
  readonly #log: Log
  readonly #warnings: RepeatedWarnings
  #timer: NodeJS.Timeout | undefined
  #probing = false
  #startedAtMs = performance.now()
  #probedAtMs = -Infinity
  #refreshedAtMs = -Infinity
  /** Why the last probe failed; undefined if it did not. */
  #failure: Error | undefined
  #closed = false

  constructor(cache: MetadataCache, brokers: Brokers, maxAgeMs: number, log: Log) {
    this.#cache = cache
    this.#brokers = brokers
    this.#maxAgeMs = maxAgeMs
    this.#log = log
    this.#warnings = new RepeatedWarnings(log)
    brokers.onLost(() => this.#probeSoon())
  }

  /** A broker has answered at its advertised address within the last seconds. */
  get ready(): boolean {
    if (this.#failure !== undefined && this.#brokers.allFail) return false
    return performance.now() - this.#brokers.answeredAtMs < READY_FOR_MS
  }

  /** The failure of requests that would wait in vain, because Kafka is known to be away; undefined while it is not. */
  get outage(): KafkaFailure | undefined {
    if (this.#failure === undefined) return undefined
    const { refusing, answeredAtMs } = this.#brokers
    if (refusing !== undefined) return refusedCredentials(this.#brokers.ownerText, this.#failure, refusing.refusedForMs)
    const silentMs = performance.now() - Math.max(answeredAtMs, this.#startedAtMs)
    return silentMs < GIVE_UP_MS ? undefined : unreachable(this.#failure)
  }

  /** Why Kafka is not ready, without addresses; undefined while it is. */
  get trouble(): string | undefined {
    if (this.ready) return undefined
    if (this.#brokers.refusing !== undefined)
      return 'Credentials are refused between the gateway and Kafka: check kafka.sasl and kafka.tls'
    if (this.#failure instanceof NotAdvertised) return this.#failure.message
    return 'No broker can be reached'
  }

  /** Begins to probe. Resolves after the first attempt, whether it succeeds or fails. */
  async start(): Promise<void> {
    this.#startedAtMs = performance.now()
    await this.#round()
  }

  /**
   * Refreshes metadata that is too old, for clusters that are not started: those ask nothing unless somebody uses them. The
   * caller does not wait, and a failure shows in what is asked next.
   */
  used(): void {
    const nowMs = performance.now()
    if (nowMs - this.#refreshedAtMs < this.#maxAgeMs || this.#closed) return
    const isFirst = this.#refreshedAtMs === -Infinity
    this.#refreshedAtMs = nowMs
    if (isFirst) return
    this.#cache.refreshAll(Deadline.after(REFRESH_LIMIT_MS)).catch((error: unknown) => {
      this.#log.debug({ cause: causeText(error) }, 'Metadata could not be refreshed')
    })
  }

  close(): void {
    this.#closed = true
    clearTimeout(this.#timer)
  }

  /** Probes at once, but at most once a second: a connection was lost, and Kafka may be down. */
  #probeSoon(): void {
    if (this.#probing || this.#closed || this.#probedAtMs === -Infinity) return
    this.#probeAfter(Math.max(0, this.#probedAtMs + PROBE_MS - performance.now()))
  }

  #probeAfter(pauseMs: number): void {
    clearTimeout(this.#timer)
    if (!this.#closed) this.#timer = setTimeout(() => void this.#round(), pauseMs).unref()
  }

  async #round(): Promise<void> {
    const startedMs = (this.#probedAtMs = performance.now())
    this.#probing = true
    let failure: unknown
    try {
      await this.#probe(startedMs)
    } catch (error) {
      failure = error
    }
    this.#probing = false
    // An answer to another request, or one that came too late for the probe, proves as much.
    if (this.#brokers.answeredAtMs >= startedMs) this.#answered(failure)
    else this.#unanswered(failure)
    const elapsedMs = performance.now() - startedMs
    const pauseMs = Math.min(PROBE_WHEN_READY_MS, this.#maxAgeMs)
    this.#probeAfter(this.#failure === undefined ? pauseMs : Math.max(0, PROBE_MS - elapsedMs))
  }

  async #probe(startedMs: number): Promise<void> {
    const due = startedMs - this.#refreshedAtMs >= this.#maxAgeMs
    if (due && this.#failure === undefined) {
      await this.#cache.refreshAll(Deadline.after(REFRESH_LIMIT_MS))
      this.#refreshedAtMs = startedMs
    } else await this.#cache.cluster(Deadline.after(PROBE_LIMIT_MS))
    // That answer may have come from a bootstrap address. Now the advertised ones are known: ask there.
    if (this.#brokers.answeredAtMs < startedMs) await this.#cache.cluster(Deadline.after(PROBE_LIMIT_MS))
  }

  #answered(failure: unknown): void {
    if (failure !== undefined) this.#log.debug({ cause: causeText(failure) }, 'Metadata could not be refreshed')
    this.#failure = undefined
    this.#warnings.over('credentials', {}, "Kafka takes the gateway's credentials again")
    this.#warnings.over('unreachable', {}, 'Kafka answers again')
  }

  #unanswered(failure: unknown): void {
    this.#failure = failure instanceof Error ? failure : new NotAdvertised()
    const fields = { cause: causeText(this.#failure) }
    if (this.#brokers.refusing === undefined) this.#warnings.warn('unreachable', fields, 'Kafka cannot be reached')
    else this.#warnings.warn('credentials', fields, "Kafka refuses the gateway's credentials")
  }
}

class NotAdvertised extends Error {
  constructor() {
    super('Bootstrap servers answer, but no broker at the address that it advertises: check advertised.listeners')
  }
}
