import type { X509Certificate } from 'node:crypto'
import { connect as connectTcp, type Socket } from 'node:net'
import { performance } from 'node:perf_hooks'
import { connect as connectTls, type ConnectionOptions as TlsOptions, TLSSocket } from 'node:tls'
import { BufferPool } from '../../core/lib/buffer-pool.ts'
import { ownBytes } from '../../core/lib/own-bytes.ts'
import { type Answered, AnswerReader, type Awaited } from './answer-reader.ts'
import { promised } from './promised.ts'
import { TransportError } from './transport-error.ts'

export interface BrokerAddress {
  readonly host: string
  readonly port: number
}

export interface BrokerConnectionOptions {
  readonly clientId: string
  /** For TCP and TLS together. */
  readonly connectTimeoutMs: number
  /** Time limit of each request. The connection ends if nothing arrives for so long while answers are due. */
  readonly requestTimeoutMs: number
  /** Called when nothing has arrived for {@link quietMs} while answers are due, and again after each such time. */
  readonly onQuiet?: ((connection: BrokerConnection) => void) | undefined
  readonly quietMs?: (() => number) | undefined
  /** Called once when an open connection ends, whichever side ends it. */
  readonly onEnd?: ((connection: BrokerConnection) => void) | undefined
  /** Plain TCP if left out. */
  readonly tls?: TlsOptions | undefined
}

/** A request whose body is encoded already. */
export interface BrokerRequest {
  readonly apiKey: number
  readonly apiVersion: number
  /** The header has tagged fields (KIP-482), and so has that of the answer, unless `taggedAnswer` says otherwise. */
  readonly flexible: boolean
  readonly taggedAnswer?: boolean
  /** Whole or in pieces; copied before {@link BrokerConnection.send} returns. */
  readonly body: Buffer | readonly Buffer[]
  /** Memory for the answer. */
  readonly allocate?: ((bytes: number) => Buffer) | undefined
}

/** Exactly one of the two is null. */
export type OnAnswer = (error: TransportError | null, answer: Buffer | null) => void

interface Waiting extends Awaited {
  readonly sentMs: number
  allocate: (bytes: number) => Buffer
  /** Null once the request has timed out: its answer is dropped when it comes. */
  onAnswer: OnAnswer | null
}

/** Shorter than the time after which firewalls and load balancers forget a connection. */
const KEEP_ALIVE_MS = 60_000

/**
 * All connections read into it. With a new buffer for each read, as Node makes them, pages take longer and more memory stays
 * in use: such buffers are collected late, and cold when they are written (docs/performance.md).
 */
const READ_BUFFER = Buffer.allocUnsafeSlow(256 * 1024)
/** Memory for requests until the socket has taken them. */
const frames = new BufferPool(4 * 1024 * 1024)

const allocateAnswer = (bytes: number): Buffer => Buffer.allocUnsafe(bytes)

/** One TCP or TLS connection to a broker: frames, correlation ids, time limits. An ended one is never opened again. */
export class BrokerConnection {
  readonly #socket: Socket
  readonly #address: BrokerAddress
  readonly #clientId: Buffer
  readonly #options: BrokerConnectionOptions
  readonly #waiting: Waiting[] = []
  readonly #answers = new AnswerReader(this.#waiting)
  #correlationId = 0
  #timer: NodeJS.Timeout | undefined
  #arrivedMs = 0
  #ended = false
  #onEnd: (cause: Error) => void = () => undefined

  private constructor(address: BrokerAddress, options: BrokerConnectionOptions) {
    const { clientId, tls } = options
    this.#address = address
    this.#clientId = ownBytes(Buffer.from(clientId))
    this.#options = options
    const onread = { buffer: READ_BUFFER, callback: (bytes: number) => this.#read(READ_BUFFER.subarray(0, bytes)) }
    const where = { ...address, onread }
    this.#socket = tls === undefined ? connectTcp(where) : connectTls({ ...tls, ...where })
    this.#socket.setNoDelay(true)
    this.#socket.setKeepAlive(true, KEEP_ALIVE_MS)
    this.#socket.on('error', error => this.#end(error))
    this.#socket.on('close', () => this.#end(new Error('it closed the connection')))
  }

  /** Resolves once connected, TLS included. Rejects with the cause. */
  static open(address: BrokerAddress, options: BrokerConnectionOptions): Promise<BrokerConnection> {
    const { connectTimeoutMs, tls } = options
    return new Promise((resolve, reject) => {
      const connection = new BrokerConnection(address, options)
      const late = () => connection.#end(new Error(`no connection within ${connectTimeoutMs} ms`))
      const timer = setTimeout(late, connectTimeoutMs)
      connection.#onEnd = cause => {
        clearTimeout(timer)
        reject(cause)
      }
      connection.#socket.once(tls === undefined ? 'connect' : 'secureConnect', () => {
        clearTimeout(timer)
        connection.#onEnd = () => options.onEnd?.(connection)
        resolve(connection)
      })
    })
  }

  get ended(): boolean {
    return this.#ended
  }

  /** Returns the certificate that the broker showed; undefined without TLS, and once the connection has ended. */
  get certificate(): X509Certificate | undefined {
    return this.#socket instanceof TLSSocket ? this.#socket.getPeerX509Certificate() : undefined
  }

  /** Sends a request. The error that `onAnswer` gets tells whether a byte of it may have been sent. */
  send(request: BrokerRequest, onAnswer: OnAnswer): void {
    if (this.#ended) {
      const { host, port } = this.#address
      return onAnswer(new TransportError(`Not connected to ${host}:${port}`, false), null)
    }
    const { flexible, taggedAnswer = flexible, allocate = allocateAnswer } = request
    const correlationId = (this.#correlationId = (this.#correlationId + 1) & 0x7fffffff)
    const frame = this.#frameOf(request, correlationId)
    this.#waiting.push({ correlationId, tagged: taggedAnswer, allocate, sentMs: performance.now(), onAnswer })
    this.#timer ??= setTimeout(() => this.#checkTime(), Math.min(this.#options.requestTimeoutMs, this.#quietMs))
    this.#socket.write(frame, () => frames.give(frame))
  }

  /** The same as a promise. Rejects with a {@link TransportError}. */
  request(request: BrokerRequest): Promise<Buffer> {
    return promised(callback => this.send(request, callback))
  }

  /** Returns for how many milliseconds nothing has arrived although an answer was due. */
  silentForMs(nowMs: number): number {
    return this.#waiting.length === 0 ? 0 : nowMs - Math.max(this.#arrivedMs, this.#waiting[0].sentMs)
  }

  /** Whether an answer is due, even if nobody waits for it any more. */
  get busy(): boolean {
    return this.#waiting.length > 0
  }

  /** Fails the requests in flight with `why`, and resolves when the socket is closed. */
  async close(why = 'the gateway closed the connection'): Promise<void> {
    if (this.#socket.closed) return
    const closed = new Promise(resolve => this.#socket.once('close', resolve))
    this.#end(new Error(why))
    await closed
  }

  get #quietMs(): number {
    return this.#options.quietMs?.() ?? Infinity
  }

  /** Returns the request behind its header, of version 1 or, if flexible, 2: both have the client id in the old encoding. */
  #frameOf({ apiKey, apiVersion, flexible, body }: BrokerRequest, correlationId: number): Buffer {
    const parts = Buffer.isBuffer(body) ? [body] : body
    let bytes = 14 + this.#clientId.length + (flexible ? 1 : 0)
    for (const part of parts) bytes += part.length
    const frame = frames.take(bytes).subarray(0, bytes)
    frame.writeInt32BE(bytes - 4, 0)
    frame.writeInt16BE(apiKey, 4)
    frame.writeInt16BE(apiVersion, 6)
    frame.writeInt32BE(correlationId, 8)
    frame.writeInt16BE(this.#clientId.length, 12)
    let at = 14 + this.#clientId.copy(frame, 14)
    if (flexible) frame[at++] = 0
    for (const part of parts) at += part.copy(frame, at)
    return frame
  }

  /** Returns true: go on reading. The next read fills the buffer again, so nothing called here may keep `chunk`. */
  #read(chunk: Buffer): true {
    const complete: Answered<Waiting>[] = []
    let unreadable: Error | undefined
    this.#arrivedMs = performance.now()
    try {
      this.#answers.take(chunk, complete)
    } catch (error) {
      unreadable = error instanceof Error ? error : new Error('its answer cannot be read', { cause: error })
    }
    for (const [{ onAnswer }, answer] of complete) onAnswer?.(null, answer)
    if (unreadable !== undefined) this.#end(unreadable)
    return true
  }

  #checkTime(): void {
    this.#timer = undefined
    if (this.#waiting.length === 0) return
    const { requestTimeoutMs, onQuiet } = this.#options
    const nowMs = performance.now()
    const silentMs = this.silentForMs(nowMs)
    if (silentMs >= requestTimeoutMs) {
      this.#end(new Error(`no answer within ${requestTimeoutMs} ms`))
      return
    }
    this.#expire(nowMs - requestTimeoutMs)
    const quietMs = this.#quietMs
    if (silentMs >= quietMs) onQuiet?.(this)
    if (this.#ended || this.#waiting.length === 0) return
    const oldest = this.#waiting.find(({ onAnswer }) => onAnswer !== null)
    const dueMs = [
      requestTimeoutMs - silentMs,
      (oldest?.sentMs ?? Infinity) + requestTimeoutMs - nowMs,
      silentMs >= quietMs ? quietMs : quietMs - silentMs
    ]
    this.#timer = setTimeout(() => this.#checkTime(), Math.max(1, Math.min(...dueMs)))
  }

  /** Fails the requests sent before `sentMs`, which the broker may have carried out. The connection stays open. */
  #expire(sentMs: number): void {
    const { host, port } = this.#address
    for (const waiting of this.#waiting.filter(each => each.sentMs <= sentMs)) {
      const { onAnswer } = waiting
      waiting.onAnswer = null
      waiting.allocate = allocateAnswer
      const late = `Broker ${host}:${port}: no answer within ${this.#options.requestTimeoutMs} ms`
      onAnswer?.(new TransportError(late, true), null)
    }
  }

  #end(cause: Error): void {
    if (this.#ended) return
    this.#ended = true
    clearTimeout(this.#timer)
    this.#socket.destroy()
    const { host, port } = this.#address
    const error = new TransportError(`Broker ${host}:${port}: ${cause.message}`, true, cause)
    for (const { onAnswer } of this.#waiting.splice(0)) onAnswer?.(error, null)
    this.#onEnd(cause)
  }
}
