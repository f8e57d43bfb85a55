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
  /** Kept for those who asked for it, and of errors. */
  readonly body: Buffer | null
  /** Of the body, for those who asked for it, else 0. */
  readonly crc: number
}

export type Want = 'body' | 'crc' | ((piece: Buffer) => void) | undefined

const HEAD_END = Buffer.from('\r\n\r\n')
const NOTHING: Buffer = Buffer.alloc(0)
/** All sockets read into it: a new buffer for each piece was a tenth of the generator's time. */
const READ_BUFFER = Buffer.allocUnsafeSlow(256 * 1024)

/**
 * One HTTP/1.1 connection that does next to nothing, so that the generator is not what is measured: requests are finished
 * bytes, one at a time; of an answer only what a load test needs is looked at.
 */
export class RawClient {
  readonly #socket: Socket
  #head = NOTHING
  #status = 0
  #nextOffset = -1
  /** Of a body whose length is known; −1 between answers. */
  #missing = -1
  #chunked: ChunkedBody | null = null
  #bytes = 0
  #crc = 0
  #want: Want
  #pieces: Buffer[] = []
  #done: ((response: RawResponse) => void) | null = null
  #fail: ((error: Error) => void) | null = null

  private constructor({ host, port, ca }: Endpoint, ready: () => void) {
    const onread = {
      buffer: READ_BUFFER,
      callback: (bytes: number) => {
        this.#take(READ_BUFFER.subarray(0, bytes))
        return true
      }
    }
    const where = { host, port, onread }
    this.#socket =
      ca === undefined ? connectTcp(where, ready) : connectTls({ ...where, ca, servername: 'localhost' }, ready)
    this.#socket.setNoDelay(true)
    this.#socket.on('error', error => this.#fail?.(error))
    this.#socket.on('close', () => this.#fail?.(new Error('The server closed the connection.')))
  }

  static connect(endpoint: Endpoint): Promise<RawClient> {
    return new Promise((resolve, reject) => {
      const client = new RawClient(endpoint, () => {
        client.#fail = null
        resolve(client)
      })
      client.#fail = reject
    })
  }

  /** `want`: what is handed over of the body; a function is given each piece, whose memory holds another one afterwards. */
  send(request: Buffer, want?: Want): Promise<RawResponse> {
    return new Promise((resolve, reject) => {
      // It was closed when nobody waited for an answer: nothing would ever settle this one.
      if (this.#socket.destroyed) return reject(new Error('The server closed the connection.'))
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

  /** The memory of `piece` holds another one afterwards. */
  #take(piece: Buffer): void {
    if (this.#missing >= 0) return this.#body(piece)
    const head = this.#head.length === 0 ? piece : Buffer.concat([this.#head, piece])
    const end = head.indexOf(HEAD_END)
    this.#head = end < 0 ? Buffer.from(head) : NOTHING
    if (end < 0) return
    this.#readHead(head.toString('latin1', 0, end))
    this.#body(head.subarray(end + HEAD_END.length))
  }

  #readHead(head: string): void {
    const length = numberOf(head, '\r\nContent-Length: ') ?? numberOf(head, '\r\ncontent-length: ')
    this.#status = Number(head.slice(9, 12))
    this.#missing = length ?? 0
    this.#chunked = length === undefined && /\r\ntransfer-encoding: chunked/i.test(head) ? new ChunkedBody() : null
    this.#nextOffset = numberOf(head, '\r\nNextOffset: ') ?? -1
    this.#bytes = this.#crc = 0
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
    if (this.#keeps) this.#pieces.push(Buffer.from(piece))
    else if (this.#want === 'crc') this.#crc = crc32(piece, this.#crc)
    else if (typeof this.#want === 'function') this.#want(piece)
  }

  get #keeps(): boolean {
    return this.#want === 'body' || this.#status >= 300
  }

  #end(): void {
    this.#missing = -1
    const body = this.#keeps ? Buffer.concat(this.#pieces) : null
    this.#pieces = []
    const done = this.#done
    this.#fail = null
    done?.({ status: this.#status, bytes: this.#bytes, nextOffset: this.#nextOffset, body, crc: this.#crc })
  }
}

/** The number behind a field's name, which is written as servers do; undefined where it is not there. */
function numberOf(head: string, name: string): number | undefined {
  const at = head.indexOf(name)
  return at < 0 ? undefined : Number.parseInt(head.slice(at + name.length, at + name.length + 16), 10)
}
