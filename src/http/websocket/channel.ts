import type { Socket } from 'node:net'
import type { WebSocket } from 'ws'
import type { GatewayError } from '../../core/errors.ts'
import type { Channel } from '../answer.ts'
import type { BodyFlow, MessageTaker } from '../call.ts'
import { ClientGone } from '../client-gone.ts'
import { drained } from '../drained.ts'
import type { Exchange } from '../exchange.ts'

const PING_MS = 15_000
/** For the client to answer a close. */
const CLOSE_MS = 2000
/** RFC 6455 §7.4.1. */
const NORMAL = 1000
const GOING_AWAY = 1001
const UNSUPPORTED_DATA = 1003
const ABNORMAL = 1006
const POLICY_VIOLATION = 1008
const INTERNAL_ERROR = 1011
const TEXT = { binary: false, compress: false }

/** An open WebSocket, as its handler sees it. */
export class SocketChannel implements Channel {
  /** The connection ended without a close. */
  isBroken = false
  readonly #webSocket: WebSocket
  readonly #socket: Socket
  readonly #exchange: Exchange
  /** Nothing has come since the last ping. */
  #isSilent = false
  /** The client has not taken the last pong. */
  #isPonging = false
  #nextPong: Buffer | undefined

  constructor(webSocket: WebSocket, socket: Socket, exchange: Exchange) {
    this.#webSocket = webSocket
    this.#socket = socket
    this.#exchange = exchange
    const pinging = setInterval(() => this.#sendPing(), PING_MS).unref()
    webSocket.on('pong', () => (this.#isSilent = false))
    webSocket.on('ping', data => this.#pong(data))
    // The library closes a WebSocket that breaks the protocol, with the code for it.
    webSocket.on('error', () => undefined)
    webSocket.once('close', code => {
      clearInterval(pinging)
      this.isBroken = code === ABNORMAL
      exchange.stop('gone')
    })
  }

  send(text: Buffer): void | Promise<void> {
    if (this.#webSocket.readyState !== this.#webSocket.OPEN) throw new ClientGone()
    this.#exchange.bytesOut += text.length
    this.#webSocket.send(text, TEXT)
    if (this.#socket.writableNeedDrain) return drained(this.#socket)
  }

  receive(taker: MessageTaker): BodyFlow {
    const webSocket = this.#webSocket
    webSocket.on('message', (data: Buffer, isBinary) => {
      this.#isSilent = false
      this.#exchange.bytesIn += data.length
      if (isBinary) webSocket.close(UNSUPPORTED_DATA, 'Messages are text.')
      else taker.message(data)
    })
    return { pause: () => webSocket.pause(), resume: () => webSocket.resume() }
  }

  /** Ends it with the code for an error, or for success. */
  close(error: GatewayError | undefined): void {
    const webSocket = this.#webSocket
    // It must read the client's own close.
    webSocket.resume()
    webSocket.close(error === undefined ? NORMAL : codeOf(error), error?.code)
    setTimeout(() => webSocket.terminate(), CLOSE_MS).unref()
  }

  /** Ends it at once: its handler has failed. */
  breakOff(): void {
    this.#webSocket.terminate()
  }

  /** A client that does not take what was sent need not answer a ping behind it. */
  #sendPing(): void {
    if (this.#socket.writableLength > 0) return
    if (this.#isSilent) return this.#webSocket.terminate()
    this.#isSilent = true
    this.#webSocket.ping()
  }

  /** Answers one ping at a time, and of those that come meanwhile the last (RFC 6455 §5.5.3): a flood makes no queue. */
  #pong(data: Buffer): void {
    this.#isSilent = false
    if (this.#isPonging) {
      this.#nextPong = Buffer.from(data)
      return
    }
    this.#isPonging = true
    this.#webSocket.pong(data, false, () => {
      this.#isPonging = false
      const next = this.#nextPong
      this.#nextPong = undefined
      if (next !== undefined && this.#webSocket.readyState === this.#webSocket.OPEN) this.#pong(next)
    })
  }
}

function codeOf({ code, status }: GatewayError): number {
  if (code === 'SHUTTING_DOWN') return GOING_AWAY
  return status < 500 ? POLICY_VIOLATION : INTERNAL_ERROR
}
