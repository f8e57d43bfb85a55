import { connect, type Socket } from 'node:net'

export interface RawAnswer {
  readonly status: number
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

/** A TCP connection that says what it is told to, byte for byte, and reads answers that carry Content-Length. */
export class RawClient {
  readonly socket: Socket
  /** Code of the error that ended the connection. */
  error: string | undefined
  #received = Buffer.alloc(0)
  #ended = false
  #wake: (() => void) | undefined

  /** `to`: a port of loopback, or a connection that is there already, such as one of TLS. */
  constructor(to: number | Socket) {
    this.socket = typeof to === 'number' ? connect(to, '127.0.0.1') : to
    this.socket.on('data', bytes => {
      this.#received = Buffer.concat([this.#received, bytes])
      this.#wake?.()
    })
    this.socket.on('error', (error: NodeJS.ErrnoException) => (this.error = error.code))
    this.socket.on('end', () => this.#end())
    this.socket.on('close', () => this.#end())
  }

  send(text: string | Buffer): this {
    this.socket.write(text)
    return this
  }

  /** The next answer; `withBody: false` for that to a HEAD. Rejects when the connection ends before it is complete. */
  async answer(withBody = true): Promise<RawAnswer> {
    const head = await this.#take(() => {
      const end = this.#received.indexOf('\r\n\r\n')
      return end < 0 ? -1 : end + 4
    })
    const [first, ...lines] = head.toString('latin1').trimEnd().split('\r\n')
    const headers = Object.fromEntries(
      lines.map(line => [line.slice(0, line.indexOf(':')).toLowerCase(), line.slice(line.indexOf(':') + 1).trim()])
    )
    const length = withBody ? Number(headers['content-length'] ?? 0) : 0
    const body = await this.#take(() => (this.#received.length < length ? -1 : length))
    return { status: Number(first.split(' ')[1]), headers, body: body.toString() }
  }

  /** Resolves when the server has closed its side; with what came unasked. */
  async ended(): Promise<string> {
    while (!this.#ended) await this.#more()
    return this.#received.toString()
  }

  close(): void {
    this.socket.destroy()
  }

  async #take(length: () => number): Promise<Buffer> {
    for (;;) {
      const bytes = length()
      if (bytes >= 0) {
        const taken = this.#received.subarray(0, bytes)
        this.#received = this.#received.subarray(bytes)
        return taken
      }
      if (this.#ended)
        throw new Error(`The connection ended (${this.error ?? 'in order'}) after: ${this.#received.toString()}`)
      await this.#more()
    }
  }

  #more(): Promise<void> {
    return new Promise(resolve => (this.#wake = resolve))
  }

  #end(): void {
    this.#ended = true
    this.#wake?.()
  }
}

/** A request with the good token; `headers` are whole lines. */
export function rawRequest(line: string, headers: readonly string[] = [], body = ''): string {
  return [`${line} HTTP/1.1`, 'Host: x', 'Authorization: Bearer good', ...headers, '', body].join('\r\n')
}
