import { performance } from 'node:perf_hooks'
import { apiName } from '../../core/kafka-apis.ts'
import { type IdentityOwner, ownerText } from '../../core/kafka-identity.ts'
import { growingPauseMs, scattered } from '../../core/lib/growing-pause.ts'
import type { BrokerMeter } from '../../core/meter.ts'
import type { BrokerConnection, OnAnswer } from './broker-connection.ts'
import type { ConnectionSecurity } from './connection-security.ts'
import type { Endpoint } from './endpoint.ts'
import { authenticateAgain, introduce, type Introduced, type Versions } from './introduction.ts'
import { promised } from './promised.ts'
import { refusalOf } from './refused-credentials.ts'
import { causeText, TransportError } from './transport-error.ts'

export interface ChannelOptions {
  readonly clientId: string
  readonly connectTimeoutMs: number
  readonly requestTimeoutMs: number
  /** Whether a silent connection may be replaced. Its requests in flight are lost: their senders must be able to repeat them. */
  readonly replaceSilent?: boolean
  readonly meter?: BrokerMeter
  /** Whose credentials the connection shows; the gateway's when left out. */
  readonly owner?: IdentityOwner
  /** Called with each connection that is open, with its SASL mechanism and how long that session lasts, if there is one. */
  readonly onConnected?: (mechanism: string | undefined, sessionMs: number) => void
  /** Called when an established connection is lost. */
  readonly onLost?: () => void
  /** Called when the broker does not take the credentials. */
  readonly onRefused?: () => void
  /** Called with each throttle time, and with 0 when the next answer to the API carries none. */
  readonly onThrottled?: (apiKey: number, throttleMs: number) => void
  /** Called for each new connection, so that renewed certificates and passwords take effect. */
  security(host: string): ConnectionSecurity
}

const BACKOFF_FIRST_MS = 50
const BACKOFF_LIMIT_MS = 1000
const AVOID_MS = 5000
/** A connection that is silent for so long is compared with a new one. Doubled with each replacement, until an answer is quick. */
const QUIET_MS = 2000
/** Fraction of a SASL session after which it is renewed (KIP-368 leaves the moment to the client). */
const RENEW_AFTER = 0.8
/** Brokers refuse a second authentication within a second. */
const RENEW_FIRST_MS = 1000
/** The longest delay of a timer. A session can last as long as the credentials, which may be years. */
const RENEW_LAST_MS = 2 ** 31 - 1

/**
 * One connection to one broker, for one kind of work: a broker serves the requests of a connection one at a time. It
 * connects on demand, and after a failure no sooner than exponential back-off allows (KIP-144).
 */
export class BrokerChannel {
  readonly endpoint: Endpoint
  readonly #options: ChannelOptions
  #connection: BrokerConnection | null = null
  #versions: Versions | null = null
  #connecting: Promise<void> | null = null
  #replacing = false
  /** Set while the SASL session is renewed: nothing else may be sent then. */
  #renewing: Promise<void> | null = null
  #renewal: NodeJS.Timeout | undefined
  #failures = 0
  #lastFailure = ''
  #notBeforeMs = 0
  #avoidUntilMs = 0
  #mutedUntilMs = 0
  /** Keys of the APIs whose last answer was throttled. */
  readonly #throttledApis = new Set<number>()
  #quietMs = QUIET_MS
  #usedAtMs = 0
  #closed = false

  constructor(endpoint: Endpoint, options: ChannelOptions) {
    this.endpoint = endpoint
    this.#options = options
  }

  get host(): string {
    return this.endpoint.host
  }

  get port(): number {
    return this.endpoint.port
  }

  get connected(): boolean {
    return this.#connection !== null && !this.#connection.ended && this.#renewing === null
  }

  /** Whether to prefer another broker if there is a choice: this one has just failed, timed out or throttled. */
  get resting(): boolean {
    const nowMs = performance.now()
    if (nowMs < Math.max(this.#avoidUntilMs, this.#mutedUntilMs)) return true
    return !this.connected && (nowMs < this.#notBeforeMs || this.endpoint.refusedForMs > 0)
  }

  /** Milliseconds for which the broker reads nothing more from the connection (KIP-219). */
  get mutedMs(): number {
    return Math.max(0, this.#mutedUntilMs - performance.now())
  }

  /** Takes the throttle time of an answer, usually 0: for so long the broker reads nothing more from the connection. */
  throttled(apiKey: number, throttleMs: number): void {
    if (throttleMs > 0) {
      this.#throttledApis.add(apiKey)
      this.#mutedUntilMs = Math.max(this.#mutedUntilMs, performance.now() + throttleMs)
    } else if (!this.#throttledApis.delete(apiKey)) return
    this.#options.onThrottled?.(apiKey, throttleMs)
  }

  /** Makes the channel {@link resting} for some seconds, because the broker did not answer in time. */
  avoid(): void {
    this.#avoidUntilMs = performance.now() + AVOID_MS
  }

  /** Returns the highest version of an API within the bounds that the broker supports; −1 if none, or without a connection. */
  versionNow(apiKey: number, min: number, max: number): number {
    if (!this.connected) return -1
    const range = this.#versions?.get(apiKey)
    if (range === undefined) return -1
    const version = Math.min(max, range.max)
    return version >= Math.max(min, range.min) ? version : -1
  }

  /** The same, after connecting if necessary. Rejects with a TransportError; nothing was sent. */
  async version(apiKey: number, min: number, max: number): Promise<number> {
    await this.connect()
    const version = this.versionNow(apiKey, min, max)
    if (version >= 0) return version
    const why = this.connected ? `supports no version ${min} to ${max} of ${apiName(apiKey)}` : 'closed the connection'
    throw new TransportError(`Broker ${this.host}:${this.port} ${why}`, false)
  }

  /**
   * Sends a request. `body` is encoded already, whole or in pieces, and is copied before this returns. Passes the answer
   * without its header to `callback`, in memory from `allocate`.
   */
  send(
    apiKey: number,
    version: number,
    flexible: boolean,
    body: Buffer | readonly Buffer[],
    callback: OnAnswer,
    allocate?: (bytes: number) => Buffer
  ): void {
    const connection = this.#connection
    if (connection === null || !this.connected) {
      callback(new TransportError(`Not connected to ${this.host}:${this.port}`, false), null)
      return
    }
    const sentMs = (this.#usedAtMs = performance.now())
    connection.send({ apiKey, apiVersion: version, flexible, body, allocate }, (error, answer) => {
      const nowMs = performance.now()
      if (error === null) {
        this.endpoint.answeredAtMs = nowMs
        if (nowMs - sentMs < QUIET_MS) this.#quietMs = QUIET_MS
      }
      this.#options.meter?.answered(apiKey, (nowMs - sentMs) / 1000, error !== null)
      callback(error, answer)
    })
  }

  /** Connects if necessary and sends, as a promise: for calls off the hot paths. */
  async request(apiKey: number, version: number, flexible: boolean, body: Buffer): Promise<Buffer> {
    await this.connect()
    return promised(callback => this.send(apiKey, version, flexible, body, callback))
  }

  async connect(): Promise<void> {
    if (this.connected) return
    if (this.#closed) throw new TransportError('The gateway is closing', false)
    const { refusedForMs, address, failure } = this.endpoint
    if (refusedForMs > 0 && this.#connecting === null)
      throw new TransportError(
        `Broker ${address} refuses ${ownerText(this.#options.owner)} credentials: ${failure}`,
        false
      )
    if (performance.now() < this.#notBeforeMs)
      throw new TransportError(`${this.#lastFailure} (tried a moment ago)`, false)
    this.#connecting ??= this.#open().finally(() => (this.#connecting = null))
    return this.#connecting
  }

  /** Closes the connection if nothing has been sent over it for `idleMs` and no answer is due. */
  closeIdle(idleMs: number): void {
    const connection = this.#connection
    if (connection === null || !this.connected || connection.busy) return
    if (performance.now() - this.#usedAtMs < idleMs) return
    clearTimeout(this.#renewal)
    this.#connection = null
    void connection.close()
  }

  async close(): Promise<void> {
    this.#closed = true
    clearTimeout(this.#renewal)
    await this.#connection?.close()
  }

  async #open(): Promise<void> {
    if (this.#renewing !== null) {
      await this.#renewing
      if (this.connected) return
    }
    clearTimeout(this.#renewal)
    try {
      this.endpoint.claimAttempt(this.#options.connectTimeoutMs)
      this.#adopt(await this.#introduced())
      this.endpoint.reached()
    } catch (error) {
      if (!this.#closed) this.endpoint.failed(error)
      if (refusalOf(error) === 'password') this.#options.onRefused?.()
      const pauseMs = growingPauseMs(this.#failures++, BACKOFF_FIRST_MS, BACKOFF_LIMIT_MS)
      this.#notBeforeMs = performance.now() + scattered(pauseMs)
      this.#lastFailure = `Broker ${this.endpoint.address} cannot be reached: ${causeText(error)}`
      throw new TransportError(this.#lastFailure, false, error)
    }
    if (this.#closed) await this.#connection?.close()
  }

  #introduced(): Promise<Introduced> {
    const { clientId, connectTimeoutMs, requestTimeoutMs, replaceSilent = false } = this.#options
    return introduce({ host: this.host, port: this.port }, this.#options.security(this.host), {
      clientId,
      connectTimeoutMs,
      requestTimeoutMs,
      onEnd: ended => this.#ended(ended),
      ...(replaceSilent ? { quietMs: () => this.#quietMs, onQuiet: silent => void this.#replace(silent) } : {})
    })
  }

  #adopt(introduced: Introduced): void {
    this.#connection = introduced.connection
    this.#versions = introduced.versions
    this.#failures = 0
    this.#notBeforeMs = 0
    this.#usedAtMs = performance.now()
    this.#options.onConnected?.(introduced.sasl?.mechanism, introduced.sessionMs)
    this.#renewBefore(introduced.sessionMs, introduced)
  }

  #ended(connection: BrokerConnection): void {
    if (connection === this.#connection && !this.#closed) this.#options.onLost?.()
  }

  /**
   * Replaces a connection on which answers are overdue if the broker answers on a new one: the old one leads nowhere (a
   * firewall may have forgotten it). Its requests in flight are lost, and their senders repeat them. A broker that is silent
   * on both may be frozen.
   */
  async #replace(silent: BrokerConnection): Promise<void> {
    const replaceable = () => silent === this.#connection && this.connected && !this.#closed && this.mutedMs === 0
    if (this.#replacing || !replaceable()) return
    this.#replacing = true
    try {
      const fresh = await this.#introduced()
      if (replaceable() && silent.silentForMs(performance.now()) >= this.#quietMs) {
        this.#adopt(fresh)
        this.#quietMs *= 2
        void silent.close(`it was silent for ${QUIET_MS} ms or more, and answers on a new connection`)
      } else void fresh.connection.close()
    } catch {
      // Silent on both: the connection's own time limit decides.
    } finally {
      this.#replacing = false
    }
  }

  #renewBefore(sessionMs: number, introduced: Introduced): void {
    clearTimeout(this.#renewal)
    if (sessionMs === 0 || introduced.connection.ended) return
    const renewMs = Math.min(Math.max(sessionMs * RENEW_AFTER, RENEW_FIRST_MS), RENEW_LAST_MS)
    this.#renewal = setTimeout(() => this.#renew(introduced), renewMs).unref()
  }

  /** KIP-368. A session that cannot be renewed ends its connection: the next call makes another one. */
  #renew(introduced: Introduced): void {
    const { connection } = introduced
    if (connection.ended || connection !== this.#connection) return
    this.#renewing = authenticateAgain(introduced)
      .then(sessionMs => this.#renewBefore(sessionMs, introduced))
      .catch(() => connection.close())
      .finally(() => (this.#renewing = null))
  }
}
