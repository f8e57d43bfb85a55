import { STATUS_CODES, validateHeaderValue } from 'node:http'
import type { Socket } from 'node:net'
import type { HttpResponse } from '../messages.ts'
import type { Outbox, Outgoing } from './outbox.ts'

let dateSecond = -1
let date = ''

function currentDate(): string {
  const nowMs = Date.now()
  const second = Math.floor(nowMs / 1000)
  if (second !== dateSecond) {
    dateSecond = second
    date = new Date(nowMs).toUTCString()
  }
  return date
}

/** A longer answer is not held back: others may be made meanwhile, and memory for them all. */
const HELD_BYTES = 16 * 1024

/** A whole answer, written to its socket in one piece; to the byte what Node's `ServerResponse` writes. */
export class DirectResponse implements HttpResponse, Outgoing {
  statusCode = 200
  writableFinished = false
  readonly writableLength = 0
  readonly #socket: Socket
  readonly #keepAlive: string
  readonly #outbox: Outbox
  readonly #done: () => void
  #head = ''
  #body: string | Buffer = ''
  /** Free memory in front of the body. */
  #frontBytes = 0
  #written = false
  #onWritten: (() => void) | undefined
  #onFinish: (() => void) | undefined
  #onClose: (() => void) | undefined

  /**
   * @param keepAlive the fields that tell how long the connection is kept, as of one that is kept
   * @param done called when the kernel has taken the whole answer
   */
  constructor(socket: Socket, keepAlive: string, outbox: Outbox, done: () => void) {
    this.#socket = socket
    this.#keepAlive = keepAlive
    this.#outbox = outbox
    this.#done = done
  }

  get headersSent(): boolean {
    return this.#head !== ''
  }

  writeHead(status: number, headers: Readonly<Record<string, string>>): void {
    let head = `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\n`
    for (const name in headers) {
      const value = headers[name]
      validateHeaderValue(name, value)
      head += `${name}: ${value}\r\n`
    }
    this.statusCode = status
    this.#head = `${head}Date: ${currentDate()}\r\n${headers.Connection === undefined ? this.#keepAlive : ''}\r\n`
  }

  end(body: string | Buffer = ''): void {
    this.endBehind(0, body)
  }

  endBehind(frontBytes: number, body: string | Buffer): void {
    this.#frontBytes = frontBytes
    this.#body = body
    if (body.length > HELD_BYTES) this.write()
    else this.#outbox.add(this)
  }

  write(): void {
    if (this.#written) return
    const socket = this.#socket
    const body = this.#body
    this.#body = ''
    this.#written = true
    // The client is gone: the socket is about to say so.
    if (!socket.writable) return
    if (typeof body === 'string') socket.write(this.#head + body, 'latin1', this.#taken)
    else if (this.#head.length <= this.#frontBytes) socket.write(behind(this.#head, body), this.#taken)
    else {
      socket.cork()
      socket.write(this.#head, 'latin1')
      socket.write(body, this.#taken)
      socket.uncork()
    }
    this.#onWritten?.()
  }

  /** Calls once the answer is written to the socket. */
  whenWritten(callback: () => void): void {
    if (this.#written) callback()
    else this.#onWritten = callback
  }

  destroy(): void {
    this.#socket.destroy()
  }

  once(_event: 'close', callback: () => void): void {
    this.#onClose = callback
  }

  prependOnceListener(_event: 'finish', callback: () => void): void {
    this.#onFinish = callback
  }

  readonly #taken = (error?: Error | null): void => {
    // Without its socket the exchange has ended already.
    if (error) return
    this.writableFinished = true
    this.#onFinish?.()
    this.#onClose?.()
    this.#done()
  }
}

/**
 * Head and body in one piece, the head in the free memory before the body. Two pieces are copied into new memory for TLS: a
 * twentieth of a large page.
 */
function behind(head: string, body: Buffer): Buffer {
  const whole = Buffer.from(body.buffer, body.byteOffset - head.length, head.length + body.length)
  whole.write(head, 'latin1')
  return whole
}
