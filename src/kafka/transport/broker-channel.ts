import { performance } from 'node:perf_hooks'
import { apiVersionsV3, Connection, type Reader, Writer, type ConnectionOptions } from '@platformatic/kafka'
import { Deadline } from '../../core/deadline.ts'
import { within } from '../../core/lib/within.ts'
import type { BrokerMeter } from '../../core/meter.ts'
import { causeText, TransportError } from './transport-error.ts'

export interface ChannelOptions {
  readonly clientId: string
  readonly connectTimeoutMs: number
  readonly requestTimeoutMs: number
  readonly meter?: BrokerMeter
  /** Made anew for each connection, so that changed certificates and passwords are taken up. */
  connectionOptions(host: string): ConnectionOptions
}

interface VersionRange {
  readonly min: number
  readonly max: number
}

const BACKOFF_FIRST_MS = 50
const BACKOFF_LIMIT_MS = 1000
const AVOID_MS = 5000
/** More than any caller has in flight, so that the library's own queue stays empty. */
const LIBRARY_IN_FLIGHT = 256

/**
 * One connection to one broker, for one kind of work (a broker serves the requests of a connection one by one). It
 * connects when it is needed and reconnects after a failure, not sooner than a growing pause allows (KIP-144).
 */
export class BrokerChannel {
  readonly host: string
  readonly port: number
  readonly #options: ChannelOptions
  #connection: Connection | null = null
  #versions: ReadonlyMap<number, VersionRange> | null = null
  #connecting: Promise<void> | null = null
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
    return this.#connection !== null && this.#versions !== null && this.#connection.isConnected()
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
   * Sends a request of our own making, whole or in pieces that are copied before this returns, and hands over the answer
   * behind its header, in one buffer: made by `allocate` where it came in several pieces.
   */
  send(
    apiKey: number,
    version: number,
    flexible: boolean,
    body: Buffer | readonly Buffer[],
    callback: (error: TransportError | null, response: Buffer | null) => void,
    allocate: (bytes: number) => Buffer = bytes => Buffer.allocUnsafe(bytes)
  ): void {
    const connection = this.#connection
    if (connection === null || !connection.isConnected()) {
      callback(new TransportError(`Not connected to ${this.host}:${this.port}`, false), null)
      return
    }
    const sentMs = performance.now()
    connection.send<Buffer>(
      apiKey,
      version,
      () => written(body),
      (_correlation, _key, _version, reader) => joined(reader, allocate),
      flexible,
      flexible,
      (error, response) => {
        const failed = response === undefined || Boolean(error)
        this.#options.meter?.answered(apiKey, (performance.now() - sentMs) / 1000, failed)
        if (response === undefined || error) callback(new TransportError(causeText(error), true, error), null)
        else callback(null, response)
      }
    )
  }

  /** The same as a promise, for calls off the hot paths. */
  async request(apiKey: number, version: number, flexible: boolean, body: Buffer): Promise<Buffer> {
    await this.connect()
    return new Promise((resolve, reject) => {
      this.send(apiKey, version, flexible, body, (error, response) => {
        if (error !== null || response === null) reject(error ?? new TransportError('no answer', true))
        else resolve(response)
      })
    })
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
    await this.#connection?.close()
  }

  async #open(): Promise<void> {
    // The library re-authenticates on a live connection before its session ends: a moment in which nothing may be sent.
    if (this.#connection?.status === 'reauthenticating') {
      await this.#connection.ready().catch(() => undefined)
      if (this.connected) return
    }
    this.#versions = null
    let connection: Connection | undefined
    try {
      connection = new Connection(this.#options.clientId, {
        connectTimeout: this.#options.connectTimeoutMs,
        requestTimeout: this.#options.requestTimeoutMs,
        maxInflights: LIBRARY_IN_FLIGHT,
        ...this.#options.connectionOptions(this.host)
      })
      // Errors reach the callbacks of the requests; without a listener they would end the process.
      connection.on('error', () => undefined)
      // Ends the timer of its re-authentication too, which would make a lost connection look like one that waits for that.
      const ended = connection
      connection.on('close', () => void ended.close())
      const deadline = Deadline.after(this.#options.connectTimeoutMs)
      await connection.connect(this.host, this.port)
      this.#versions = await within(
        deadline,
        askVersions(connection),
        () => new Error('It takes connections, but says nothing')
      )
      this.#connection = connection
      this.#failures = 0
      this.#notBeforeMs = 0
    } catch (error) {
      void connection?.close().catch(() => undefined)
      const pauseMs = Math.min(BACKOFF_LIMIT_MS, BACKOFF_FIRST_MS * 2 ** this.#failures)
      this.#failures = Math.min(this.#failures + 1, 10)
      this.#notBeforeMs = performance.now() + pauseMs * (0.8 + Math.random() * 0.4)
      this.#lastFailure = `Broker ${this.host}:${this.port} cannot be reached: ${causeText(error)}`
      throw new TransportError(this.#lastFailure, false, error)
    }
    if (this.#closed) await connection.close()
  }
}

async function askVersions(connection: Connection): Promise<ReadonlyMap<number, VersionRange>> {
  const { apiKeys } = await apiVersionsV3.api.async(connection, 'kafka-rest-proxy', '1')
  return new Map(apiKeys.map(({ apiKey, minVersion, maxVersion }) => [apiKey, { min: minVersion, max: maxVersion }]))
}

/** What is left to read, in one buffer. */
function joined({ buffer: { buffers, length }, position }: Reader, allocate: (bytes: number) => Buffer): Buffer {
  if (buffers.length === 1) return buffers[0].subarray(position)
  const whole = allocate(length - position).subarray(0, length - position)
  let at = -position
  for (const part of buffers) {
    if (at >= 0) whole.set(part, at)
    else if (at + part.length > 0) whole.set(part.subarray(-at), 0)
    at += part.length
  }
  return whole
}

function written(body: Buffer | readonly Buffer[]): Writer {
  const writer = Writer.create()
  if (Buffer.isBuffer(body)) return writer.append(body)
  for (const part of body) writer.append(part)
  return writer
}
