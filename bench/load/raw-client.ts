import { connect as connectTcp, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'

export interface Endpoint {
  readonly host: string
  readonly port: number
  /** PEM certificate to trust; plain HTTP without. */
  readonly ca?: string | undefined
}

export interface RawResponse {
  readonly status: number
  /** Of the body. */
  readonly bytes: number
  /** −1 where the header is not there. */
  readonly nextOffset: number
  /** Kept for those who asked for it. */
  readonly body: Buffer | null
}

const HEAD_END = Buffer.from('\r\n\r\n')

/**
 * One HTTP/1.1 connection that does next to nothing, so that the generator is not what is measured: requests are finished
 * bytes, one at a time; of an answer only what a load test needs is looked at. Knows Content-Length only.
 */
export class RawClient {
  readonly #socket: Socket
  #head: Buffer = Buffer.alloc(0)
  #status = 0
  #nextOffset = -1
  #missing = -1
  #bytes = 0
  #keep = false
  #chunks: Buffer[] = []
  #done: ((response: RawResponse) => void) | null = null
  #fail: ((error: Error) => void) | null = null

  private constructor(socket: Socket) {
    this.#socket = socket
    socket.setNoDelay(true)
    socket.on('data', chunk => this.#take(chunk))
    socket.on('error', error => this.#fail?.(error))
    socket.on('close', () => this.#fail?.(new Error('The server closed the connection.')))
  }

  static connect({ host, port, ca }: Endpoint): Promise<RawClient> {
    return new Promise((resolve, reject) => {
      const ready = () => {
        socket.removeListener('error', reject)
        resolve(new RawClient(socket))
      }
      const socket: Socket =
        ca === undefined
          ? connectTcp({ host, port }, ready)
          : connectTls({ host, port, ca, servername: 'localhost' }, ready)
      socket.once('error', reject)
    })
  }

  /** `keep` hands over the body. */
  send(request: Buffer, keep = false): Promise<RawResponse> {
    return new Promise((resolve, reject) => {
      this.#done = resolve
      this.#fail = reject
      this.#keep = keep
      this.#socket.write(request)
    })
  }

  close(): void {
    this.#fail = null
    this.#socket.destroy()
  }

  #take(chunk: Buffer): void {
    if (this.#missing >= 0) return this.#body(chunk)
    this.#head = this.#head.length === 0 ? chunk : Buffer.concat([this.#head, chunk])
    const end = this.#head.indexOf(HEAD_END)
    if (end < 0) return
    const head = this.#head.toString('latin1', 0, end)
    const rest = this.#head.subarray(end + HEAD_END.length)
    this.#head = Buffer.alloc(0)
    this.#status = Number(head.slice(9, 12))
    this.#bytes = this.#missing = Number(/\r\ncontent-length: (\d+)/i.exec(head)?.[1] ?? 0)
    this.#nextOffset = Number(/\r\nnextoffset: (\d+)/i.exec(head)?.[1] ?? -1)
    this.#body(rest)
  }

  #body(chunk: Buffer): void {
    this.#missing -= chunk.length
    if (this.#keep) this.#chunks.push(chunk)
    if (this.#missing > 0) return
    this.#missing = -1
    const body = this.#keep ? Buffer.concat(this.#chunks) : null
    this.#chunks = []
    const done = this.#done
    this.#fail = null
    done?.({ status: this.#status, bytes: this.#bytes, nextOffset: this.#nextOffset, body })
  }
}
