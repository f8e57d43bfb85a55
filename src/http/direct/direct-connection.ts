import type { Connection } from '../connections.ts'
import type { HttpRequest } from '../messages.ts'
import { DirectResponse } from './direct-response.ts'
import { HeadMemory } from './head-memory.ts'
import type { Outbox } from './outbox.ts'
import type { PlainHead } from './plain-head.ts'

/** What a connection asks of its listener. */
export interface DirectListener {
  readonly headerBytes: number
  /** Until the first byte of the first request. */
  readonly headersTimeoutMs: number
  /** Between an answer and the first byte of the next request. */
  readonly keepAliveTimeoutMs: number
  /** The fields of an answer that tell how long the connection is kept. */
  readonly keepAlive: string
  readonly outbox: Outbox
  /** Whether the answer will be a stream, which this path has no means for. */
  willStream(method: string, target: string): boolean
  /** Takes a request that has arrived whole. */
  handle(request: HttpRequest, body: Buffer, response: DirectResponse, connection: Connection): void
  /** The connection is Node's from now on: what was read and not handled is in front of what its socket has. */
  handOver(direct: DirectConnection): void
  /** It is closed. */
  closed(direct: DirectConnection): void
  /** The client has ended its side within a request. */
  brokenOff(connection: Connection): void
}

/** What is gathered of one request, and of how many pieces. One that comes whole in one piece may be longer. */
const MOST_GATHERED_BYTES = 16 * 1024
const MOST_PIECES = 8
/** Requests of well-behaved clients come in one or two packets: one that takes longer is watched over by Node. */
const UNFINISHED_MS = 500
/** A client that counts on the announced time may have sent its next request at the end of it. */
const SPARE_MS = 1000
/** A connection that has been silent for so long keeps nothing of its last request. */
const FORGET_MS = 5000

/**
 * Reads plain requests straight from their socket, one at a time, and leaves the connection to Node's parser with the first
 * byte of anything else: another grammar, a large body, a client that is slow or pipelines. For a small request Node's
 * parser and its objects cost more than all the rest together.
 */
export class DirectConnection {
  readonly connection: Connection
  readonly #listener: DirectListener
  readonly #heads = new HeadMemory()
  /** Read, and not handled yet. */
  #bytes: Buffer | undefined
  #pieces = 0
  #answer: DirectResponse | undefined
  #sinceMs = performance.now()

  constructor(connection: Connection, listener: DirectListener) {
    this.connection = connection
    this.#listener = listener
    const { socket } = connection
    socket.on('data', this.#onData).on('end', this.#onEnd).on('close', this.#onClose).on('error', ignore)
  }

  /** To be called from time to time: ends a connection that is silent for too long, hands over one that is slow. */
  watch(nowMs: number): void {
    if (this.#answer !== undefined) return
    const { socket } = this.connection
    const { headersTimeoutMs, keepAliveTimeoutMs } = this.#listener
    const waitedMs = nowMs - this.#sinceMs
    if (this.#bytes !== undefined) {
      if (waitedMs >= UNFINISHED_MS) this.#handOver()
    } else if (waitedMs >= (socket.bytesRead === 0 ? headersTimeoutMs : keepAliveTimeoutMs + SPARE_MS)) {
      socket.destroy()
    } else if (waitedMs >= FORGET_MS) {
      this.#heads.forget()
    }
  }

  /** Leaves the connection to Node if a request has begun on it: Node makes a request of it before its body is there. */
  handOverBegun(): void {
    if (this.#answer === undefined && this.#bytes !== undefined) this.#handOver()
  }

  #handOver(): void {
    const { socket } = this.connection
    // Nothing of ours may hang on the socket: the memory of heads has the caller's token.
    socket.off('data', this.#onData).off('end', this.#onEnd).off('close', this.#onClose).off('error', ignore)
    const unread = this.#bytes
    this.#bytes = undefined
    this.connection.pipelined = false
    if (unread !== undefined && !this.connection.inputEnded) socket.unshift(unread)
    this.#listener.handOver(this)
    if (this.connection.inputEnded) {
      // A stream that has ended takes nothing back.
      socket.emit('data', unread)
      socket.emit('end')
    } else socket.resume()
  }

  readonly #onData = (piece: Buffer): void => {
    if (this.#bytes === undefined) this.#sinceMs = performance.now()
    this.#bytes = this.#bytes === undefined ? piece : Buffer.concat([this.#bytes, piece])
    if (this.#answer === undefined) this.#read(this.#bytes)
    else this.#wait(this.#answer)
  }

  /** Nothing more is read before the answer has left. */
  #wait(answer: DirectResponse): void {
    this.connection.socket.pause()
    this.connection.pipelined ||= !answer.headersSent
  }

  #read(bytes: Buffer): void {
    const head = this.#heads.read(bytes, this.#listener.headerBytes)
    if (head === 'other' || (head !== 'unfinished' && this.#listener.willStream(head.method, head.url)))
      return this.#handOver()
    const wholeBytes = head === 'unfinished' ? bytes.length + 1 : head.bodyStart + head.bodyBytes
    if (head !== 'unfinished' && wholeBytes === bytes.length) this.#take(head, bytes)
    else if (bytes.length > wholeBytes || wholeBytes > MOST_GATHERED_BYTES || ++this.#pieces > MOST_PIECES)
      this.#handOver()
  }

  #take({ method, url, headers, bodyStart }: PlainHead, bytes: Buffer): void {
    const { connection } = this
    const { keepAlive, outbox } = this.#listener
    const answer = new DirectResponse(connection.socket, keepAlive, outbox, this.#onAnswered)
    this.#answer = answer
    this.#bytes = undefined
    this.#pieces = 0
    const request = { method, url, headers, httpVersion: '1.1', complete: true }
    this.#listener.handle(request, bytes.subarray(bodyStart), answer, connection)
  }

  readonly #onAnswered = (): void => {
    const { socket, closing, inputEnded, pipelined } = this.connection
    this.#answer = undefined
    this.#sinceMs = performance.now()
    if (closing || (inputEnded && this.#bytes === undefined)) return socket.destroySoon()
    if (this.#bytes === undefined) return
    if (pipelined || inputEnded) return this.#handOver()
    socket.resume()
    this.#read(this.#bytes)
  }

  /** The client sends no more; it may still wait for its answer. One that has really gone resets what is written to it. */
  readonly #onEnd = (): void => {
    const { connection } = this
    if (this.#answer !== undefined) return
    if (this.#bytes === undefined) connection.socket.end()
    else this.#listener.brokenOff(connection)
  }

  readonly #onClose = (): void => this.#listener.closed(this)
}

/** What follows it is the close of the socket, which all hear of. */
function ignore(): void {}
