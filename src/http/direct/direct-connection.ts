import type { Connection } from '../connections.ts'
import type { HttpRequest } from '../messages.ts'
import { DirectResponse } from './direct-response.ts'
import { HeadMemory } from './head-memory.ts'
import type { Outbox } from './outbox.ts'
import type { PlainHead } from './plain-head.ts'

/** What all direct connections of a server share. */
export interface DirectListener {
  readonly headerBytes: number
  /** Longest wait for the first byte of the first request. */
  readonly headersTimeoutMs: number
  /** Longest wait between an answer and the first byte of the next request. */
  readonly keepAliveTimeoutMs: number
  /** Header lines of an answer that announce how long the connection is kept. */
  readonly keepAlive: string
  readonly outbox: Outbox
  /** Returns whether the answer will be a stream, which this path cannot send. */
  willStream(method: string, target: string): boolean
  /** Takes a complete request. */
  handle(request: HttpRequest, body: Buffer, response: DirectResponse, connection: Connection): void
  /** Gives the connection to Node. Bytes that were read and not handled are back in the socket. */
  handOver(direct: DirectConnection): void
  /** Reports the close of the connection. */
  closed(direct: DirectConnection): void
  /** Reports that the client closed its side within a request. */
  brokenOff(connection: Connection): void
}

/** Limits for a request that arrives in several pieces; one that arrives in a single piece may be longer. */
const MOST_GATHERED_BYTES = 16 * 1024
const MOST_PIECES = 8
/** Most requests arrive in one or two packets: leave those that take longer to Node and its time-outs. */
const UNFINISHED_MS = 500
/** Time beyond what was announced: a client may have sent its next request at the last moment. */
const SPARE_MS = 1000
/** After this silence a connection forgets its last head, which holds the caller's token. */
const FORGET_MS = 5000

/**
 * Reads plain requests straight from their socket, one at a time. Hands the connection over to Node's parser at the first byte
 * of anything else: other syntax, a large body, a client that is slow or pipelines. For a small request, Node's parser and its
 * objects cost more than everything else together.
 */
export class DirectConnection {
  readonly connection: Connection
  readonly #listener: DirectListener
  readonly #heads = new HeadMemory()
  /** Bytes that were read and not handled yet. */
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

  /** Closes the connection if it is silent for too long, hands it over if a request arrives slowly. Call twice a second. */
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

  /** Hands the connection over if a request has begun on it. */
  handOverBegun(): void {
    if (this.#answer === undefined && this.#bytes !== undefined) this.#handOver()
  }

  #handOver(): void {
    const { socket } = this.connection
    // Remove all listeners, or the socket would keep the remembered head alive, and the caller's token in it.
    socket.off('data', this.#onData).off('end', this.#onEnd).off('close', this.#onClose).off('error', ignore)
    const unread = this.#bytes
    this.#bytes = undefined
    this.connection.pipelined = false
    if (unread !== undefined && !this.connection.inputEnded) socket.unshift(unread)
    this.#listener.handOver(this)
    if (this.connection.inputEnded) {
      // `unshift` fails after the end of a stream.
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

  /** Reads nothing more until the answer has left. */
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

  /** The client closed its side, but may still wait for an answer. One that left resets the connection at the next write. */
  readonly #onEnd = (): void => {
    const { connection } = this
    if (this.#answer !== undefined) return
    if (this.#bytes === undefined) connection.socket.end()
    else this.#listener.brokenOff(connection)
  }

  readonly #onClose = (): void => this.#listener.closed(this)
}

/** An error is always followed by the close of the socket, which is handled. */
function ignore(): void {}
