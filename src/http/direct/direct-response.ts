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

/** Longest answer that waits in the outbox: many longer ones would take too much memory. */
const HELD_BYTES = 16 * 1024

/** Writes a whole answer to its socket in one piece: the same bytes as Node's `ServerResponse`. */
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
  /** Writable memory in front of the body. */
  #frontBytes = 0
  #written = false
  #onWritten: (() => void) | undefined
  #onFinish: (() => void) | undefined
  #onClose: (() => void) | undefined

  /**
   * @param keepAlive header lines that announce how long the connection is kept; not sent if it closes
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
    // The client left; the close event follows.
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

  /** Calls back once the answer is written to the socket. */
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
    // The close of the socket has ended the exchange already.
    if (error) return
    this.writableFinished = true
    this.#onFinish?.()
    this.#onClose?.()
    this.#done()
  }
}

/**
 * Returns head and body as one buffer, with the head written to the memory in front of the body. TLS would copy two pieces into
 * new memory first: a twentieth of the cost of a large page.
 */
function behind(head: string, body: Buffer): Buffer {
  const whole = Buffer.from(body.buffer, body.byteOffset - head.length, head.length + body.length)
  whole.write(head, 'latin1')
  return whole
}
