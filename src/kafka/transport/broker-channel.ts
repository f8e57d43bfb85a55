import { performance } from 'node:perf_hooks'
import { Deadline } from '../../core/deadline.ts'
import { within } from '../../core/lib/within.ts'
import type { BrokerMeter } from '../../core/meter.ts'
import { askVersions, type VersionRange } from './api-versions.ts'
import { BrokerConnection, type OnAnswer } from './broker-connection.ts'
import type { ConnectionSecurity } from './connection-security.ts'
import { promised } from './promised.ts'
import { AUTHENTICATE, authenticate, type SaslOptions } from './sasl.ts'
import { causeText, TransportError } from './transport-error.ts'

export interface ChannelOptions {
  readonly clientId: string
  readonly connectTimeoutMs: number
  readonly requestTimeoutMs: number
  readonly meter?: BrokerMeter
  /** Made anew for each connection, so that changed certificates and passwords are taken up. */
  security(host: string): ConnectionSecurity
}

type Versions = ReadonlyMap<number, VersionRange>

const BACKOFF_FIRST_MS = 50
const BACKOFF_LIMIT_MS = 1000
const AVOID_MS = 5000
/** Part of a session after which it is renewed (KIP-368 leaves the moment to the client). */
const RENEW_AFTER = 0.8
/** Brokers refuse a second authentication within a second. */
const RENEW_FIRST_MS = 1000
/** Timers take no longer delay. A session can be as long as the credentials last, which may be years. */
const RENEW_LAST_MS = 2 ** 31 - 1

/**
 * One connection to one broker, for one kind of work (a broker serves the requests of a connection one by one). It
 * connects when it is needed and reconnects after a failure, not sooner than a growing pause allows (KIP-144).
 */
export class BrokerChannel {
  readonly host: string
  readonly port: number
  readonly #options: ChannelOptions
  #connection: BrokerConnection | null = null
  #versions: Versions | null = null
  #connecting: Promise<void> | null = null
  /** While the session is renewed nothing else may be sent. */
  #renewing: Promise<void> | null = null
  #renewal: NodeJS.Timeout | undefined
  #failures = 0
  #lastFailure = ''
  #notBeforeMs = 0
  #avoidUntilMs = 0
  #closed = false

  constructor(host: string, port: number, options: ChannelOptions) {
    this.host = host
    this.port = port
    this.#options = options
  }

  get connected(): boolean {
    return this.#connection !== null && !this.#connection.ended && this.#renewing === null
  }

  /** Where there is a choice, another broker should be asked: this one failed, or did not answer in time, just now. */
  get resting(): boolean {
    const nowMs = performance.now()
    return nowMs < this.#avoidUntilMs || (!this.connected && nowMs < this.#notBeforeMs)
  }

  /** The broker let somebody wait in vain. */
  avoid(): void {
    this.#avoidUntilMs = performance.now() + AVOID_MS
  }

  /** Highest version of an API that both sides have within the bounds; −1 while there is no connection. */
  versionNow(apiKey: number, min: number, max: number): number {
    if (!this.connected) return -1
    const range = this.#versions?.get(apiKey)
    if (range === undefined) return -1
    const version = Math.min(max, range.max)
    return version >= Math.max(min, range.min) ? version : -1
  }

  /** The same, after connecting where needed. Rejects with a TransportError that nothing was sent. */
  async version(apiKey: number, min: number, max: number): Promise<number> {
    await this.connect()
    const version = this.versionNow(apiKey, min, max)
    if (version >= 0) return version
    const why = this.connected ? `speaks no version ${min} to ${max} of API ${apiKey}` : 'closed the connection'
    throw new TransportError(`Broker ${this.host}:${this.port} ${why}`, false)
  }

  /**
   * Sends a request whose body is written already, whole or in pieces that are copied before this returns, and hands over
   * the answer behind its header, in memory made by `allocate`.
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
    const sentMs = performance.now()
    connection.send({ apiKey, apiVersion: version, flexible, body, allocate }, (error, answer) => {
      this.#options.meter?.answered(apiKey, (performance.now() - sentMs) / 1000, error !== null)
      callback(error, answer)
    })
  }

  /** The same as a promise, for calls off the hot paths. */
  async request(apiKey: number, version: number, flexible: boolean, body: Buffer): Promise<Buffer> {
    await this.connect()
    return promised(callback => this.send(apiKey, version, flexible, body, callback))
  }

  async connect(): Promise<void> {
    if (this.connected) return
    if (this.#closed) throw new TransportError('The gateway is closing', false)
    if (performance.now() < this.#notBeforeMs) throw new TransportError(`Just now: ${this.#lastFailure}`, false)
    this.#connecting ??= this.#open().finally(() => (this.#connecting = null))
    return this.#connecting
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
    let connection: BrokerConnection | undefined
    try {
      const { clientId, connectTimeoutMs, requestTimeoutMs } = this.#options
      const { tls, sasl } = this.#options.security(this.host)
      const deadline = Deadline.after(connectTimeoutMs)
      const options = { clientId, connectTimeoutMs, requestTimeoutMs, tls }
      const opened = (connection = await BrokerConnection.open({ host: this.host, port: this.port }, options))
      this.#versions = await within(
        deadline,
        this.#introduce(opened, sasl),
        () => new Error('It takes connections, but says nothing')
      )
      this.#connection = connection
      this.#failures = 0
      this.#notBeforeMs = 0
    } catch (error) {
      void connection?.close()
      const pauseMs = Math.min(BACKOFF_LIMIT_MS, BACKOFF_FIRST_MS * 2 ** this.#failures)
      this.#failures = Math.min(this.#failures + 1, 10)
      this.#notBeforeMs = performance.now() + pauseMs * (0.8 + Math.random() * 0.4)
      this.#lastFailure = `Broker ${this.host}:${this.port} cannot be reached: ${causeText(error)}`
      throw new TransportError(this.#lastFailure, false, error)
    }
    if (this.#closed) await connection.close()
  }

  /** Versions first: brokers tell them to anyone, and between the two steps of authentication nothing else may come. */
  async #introduce(connection: BrokerConnection, sasl: SaslOptions | undefined): Promise<Versions> {
    const versions = await askVersions(connection)
    if (sasl !== undefined) await this.#authenticate(connection, versions, sasl)
    return versions
  }

  async #authenticate(connection: BrokerConnection, versions: Versions, sasl: SaslOptions): Promise<void> {
    const sessionMs = await authenticate(connection, versions.get(AUTHENTICATE)?.max ?? 0, sasl)
    if (sessionMs === 0 || connection.ended) return
    clearTimeout(this.#renewal)
    const renewMs = Math.min(Math.max(sessionMs * RENEW_AFTER, RENEW_FIRST_MS), RENEW_LAST_MS)
    this.#renewal = setTimeout(() => this.#renew(connection, versions, sasl), renewMs).unref()
  }

  /** KIP-368. A session that cannot be renewed ends its connection: the next call makes another one. */
  #renew(connection: BrokerConnection, versions: Versions, sasl: SaslOptions): void {
    if (connection.ended || connection !== this.#connection) return
    this.#renewing = this.#authenticate(connection, versions, sasl)
      .catch(() => connection.close())
      .finally(() => (this.#renewing = null))
  }
}
