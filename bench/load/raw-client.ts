import { connect as connectTcp, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'
import { crc32 } from 'node:zlib'
import { ChunkedBody } from './chunked-body.ts'

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
  /** Of the body, for those who asked for it, else 0. */
  readonly crc: number
}

const HEAD_END = Buffer.from('\r\n\r\n')

/**
 * One HTTP/1.1 connection that does next to nothing, so that the generator is not what is measured: requests are finished
 * bytes, one at a time; of an answer only what a load test needs is looked at.
 */
export class RawClient {
  readonly #socket: Socket
  #head: Buffer = Buffer.alloc(0)
  #status = 0
  #nextOffset = -1
  /** Of a body whose length is known; −1 between answers. */
  #missing = -1
  #chunked: ChunkedBody | null = null
  #bytes = 0
  #crc = 0
  #want: 'body' | 'crc' | undefined
  #pieces: Buffer[] = []
  #done: ((response: RawResponse) => void) | null = null
  #fail: ((error: Error) => void) | null = null

  private constructor(socket: Socket) {
    this.#socket = socket
    socket.setNoDelay(true)
    socket.on('data', piece => this.#take(piece))
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

  /** `want`: what is handed over of the body. */
  send(request: Buffer, want?: 'body' | 'crc'): Promise<RawResponse> {
    return new Promise((resolve, reject) => {
      this.#done = resolve
      this.#fail = reject
      this.#want = want
      this.#socket.write(request)
    })
  }

  close(): void {
    this.#fail = null
    this.#socket.destroy()
  }

  #take(piece: Buffer): void {
    if (this.#missing >= 0) return this.#body(piece)
    this.#head = this.#head.length === 0 ? piece : Buffer.concat([this.#head, piece])
    const end = this.#head.indexOf(HEAD_END)
    if (end < 0) return
    const head = this.#head.toString('latin1', 0, end)
    const rest = this.#head.subarray(end + HEAD_END.length)
    this.#head = Buffer.alloc(0)
    this.#status = Number(head.slice(9, 12))
    this.#missing = Number(/\r\ncontent-length: (\d+)/i.exec(head)?.[1] ?? 0)
    this.#chunked = /\r\ntransfer-encoding: chunked/i.test(head) ? new ChunkedBody() : null
    this.#nextOffset = Number(/\r\nnextoffset: (\d+)/i.exec(head)?.[1] ?? -1)
    this.#bytes = this.#crc = 0
    this.#body(rest)
  }

  #body(piece: Buffer): void {
    if (this.#chunked === null) {
      this.#missing -= piece.length
      this.#data(piece)
      if (this.#missing <= 0) this.#end()
    } else {
      for (const data of this.#chunked.take(piece)) this.#data(data)
      if (this.#chunked.done) this.#end()
    }
  }

  #data(piece: Buffer): void {
    this.#bytes += piece.length
    if (this.#want === 'body') this.#pieces.push(piece)
    else if (this.#want === 'crc') this.#crc = crc32(piece, this.#crc)
  }

  #end(): void {
    this.#missing = -1
    const body = this.#want === 'body' ? Buffer.concat(this.#pieces) : null
    this.#pieces = []
    const done = this.#done
    this.#fail = null
    done?.({ status: this.#status, bytes: this.#bytes, nextOffset: this.#nextOffset, body, crc: this.#crc })
  }
}
