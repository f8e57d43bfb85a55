import { connect as connectTcp, type Socket } from 'node:net'
import { performance } from 'node:perf_hooks'
import { connect as connectTls, type ConnectionOptions as TlsOptions } from 'node:tls'
import { BufferPool } from '../../core/lib/buffer-pool.ts'
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
  readonly requestTimeoutMs: number
  /** Plain TCP without. */
  readonly tls?: TlsOptions | undefined
}

/** A request whose body is written already. */
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

/** `answer` is null exactly where there is an error. */
export type OnAnswer = (error: TransportError | null, answer: Buffer | null) => void

interface Waiting extends Awaited {
  readonly sentMs: number
  readonly onAnswer: OnAnswer
}

/**
 * All connections read into it. With a new buffer for each 64 KB, as Node makes them, pages cost 0.50 instead of 0.42 µs a
 * record, and 40 MB more were resident: collected late, the buffers are cold when they are written, copied and read again.
 */
const READ_BUFFER = Buffer.allocUnsafeSlow(256 * 1024)
/** Requests on their way to the socket. */
const frames = new BufferPool(4 * 1024 * 1024)

const allocateAnswer = (bytes: number): Buffer => Buffer.allocUnsafe(bytes)

/** One TCP or TLS connection to a broker: frames, correlation ids, the time limit of requests. It does not come back. */
export class BrokerConnection {
  readonly #socket: Socket
  readonly #address: BrokerAddress
  readonly #clientId: Buffer
  readonly #requestTimeoutMs: number
  readonly #waiting: Waiting[] = []
  readonly #answers = new AnswerReader(this.#waiting)
  #correlationId = 0
  #timer: NodeJS.Timeout | undefined
  #ended = false
  #onEnd: (cause: Error) => void = () => undefined

  private constructor(address: BrokerAddress, options: BrokerConnectionOptions) {
    const { clientId, requestTimeoutMs, tls } = options
    this.#address = address
    this.#clientId = Buffer.from(clientId)
    this.#requestTimeoutMs = requestTimeoutMs
    const onread = { buffer: READ_BUFFER, callback: (bytes: number) => this.#read(READ_BUFFER.subarray(0, bytes)) }
    const where = { ...address, onread }
    this.#socket = tls === undefined ? connectTcp(where) : connectTls({ ...tls, ...where })
    this.#socket.setNoDelay(true)
    this.#socket.on('error', error => this.#end(error))
    this.#socket.on('close', () => this.#end(new Error('it closed the connection')))
  }

  /** Resolves when requests can be sent. Rejects with the reason why not. */
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
        resolve(connection)
      })
    })
  }

  get ended(): boolean {
    return this.#ended
  }

  /** The errors that `onAnswer` is given tell whether a byte of the request can have left. */
  send(request: BrokerRequest, onAnswer: OnAnswer): void {
    if (this.#ended) {
      const { host, port } = this.#address
      return onAnswer(new TransportError(`Not connected to ${host}:${port}`, false), null)
    }
    const { flexible, taggedAnswer = flexible, allocate = allocateAnswer } = request
    const correlationId = (this.#correlationId = (this.#correlationId + 1) & 0x7fffffff)
    const frame = this.#frameOf(request, correlationId)
    this.#waiting.push({ correlationId, tagged: taggedAnswer, allocate, sentMs: performance.now(), onAnswer })
    this.#timer ??= setTimeout(() => this.#checkTime(), this.#requestTimeoutMs)
    this.#socket.write(frame, () => frames.give(frame))
  }

  /** The same as a promise. Rejects with a {@link TransportError}. */
  request(request: BrokerRequest): Promise<Buffer> {
    return promised(callback => this.send(request, callback))
  }

  /** Answers that have not come will not. */
  async close(): Promise<void> {
    if (this.#socket.closed) return
    const closed = new Promise(resolve => this.#socket.once('close', resolve))
    this.#end(new Error('the gateway closed the connection'))
    await closed
  }

  /** Request header version 1, or 2 where it is flexible: the client id keeps its old encoding. */
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

  /** Always true: go on reading. What is called sees nothing of the buffer, which the next read fills again. */
  #read(chunk: Buffer): true {
    const whole: Answered<Waiting>[] = []
    let unreadable: Error | undefined
    try {
      this.#answers.take(chunk, whole)
    } catch (error) {
      unreadable = error instanceof Error ? error : new Error('its answer cannot be read', { cause: error })
    }
    for (const [{ onAnswer }, answer] of whole) onAnswer(null, answer)
    if (unreadable !== undefined) this.#end(unreadable)
    return true
  }

  #checkTime(): void {
    this.#timer = undefined
    if (this.#waiting.length === 0) return
    const leftMs = this.#waiting[0].sentMs + this.#requestTimeoutMs - performance.now()
    if (leftMs > 0) this.#timer = setTimeout(() => this.#checkTime(), leftMs)
    else this.#end(new Error(`no answer within ${this.#requestTimeoutMs} ms`))
  }

  #end(cause: Error): void {
    if (this.#ended) return
    this.#ended = true
    clearTimeout(this.#timer)
    this.#socket.destroy()
    const { host, port } = this.#address
    const error = new TransportError(`Broker ${host}:${port}: ${cause.message}`, true, cause)
    for (const { onAnswer } of this.#waiting.splice(0)) onAnswer(error, null)
    this.#onEnd(cause)
  }
}
