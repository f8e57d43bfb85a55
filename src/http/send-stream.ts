import type { ServerResponse } from 'node:http'
import type { Lent, Sink, StreamReply } from './answer.ts'
import { bodyUnderWay } from './body.ts'
import { ClientGone } from './client-gone.ts'
import { streamHeaders } from './common-headers.ts'
import { discardRest } from './discard-rest.ts'
import { drained } from './drained.ts'
import type { Exchange } from './exchange.ts'

const CRLF = '\r\n'
/** What is sent to many clients is framed once. */
const chunks = new WeakMap<Buffer, Buffer>()

/**
 * Sends an answer while its handler writes it. Back-pressure: the handler waits while the socket is full. Rejects if the handler
 * rejects; the caller then cuts off the connection, so that the client can tell that the answer is incomplete.
 */
export async function sendStream(exchange: Exchange, reply: StreamReply, secure: boolean): Promise<void> {
  const { request, requestBody } = exchange
  if (Buffer.isBuffer(requestBody)) throw new Error('A route whose answers stream was reached by the direct path')
  const { response } = requestBody
  if (exchange.isOrphaned) return
  if (requestBody.expectsContinue && bodyUnderWay(exchange) !== undefined) response.writeContinue()
  response.writeHead(reply.status, { ...streamHeaders(exchange.id, secure), ...reply.headers })
  response.flushHeaders()
  if (request.method === 'HEAD') {
    response.end()
    return
  }
  // Without this, Nagle's algorithm would hold small pieces back.
  exchange.connection.socket.setNoDelay(true)
  const sink = new ResponseSink(exchange, response)
  const error = await reply.run(sink)
  if (error !== undefined) exchange.code ??= error.code
  endAnswer(exchange, sink)
}

/** Ends the answer; where the client is still sending, the connection too, once the client can have read it. */
function endAnswer(exchange: Exchange, sink: ResponseSink): void {
  const { connection } = exchange
  const underWay = bodyUnderWay(exchange)
  sink.end()
  if (underWay === undefined) return
  connection.closing = true
  discardRest(underWay.request, () => connection.socket.destroySoon())
}

class ResponseSink implements Sink {
  readonly #exchange: Exchange
  readonly #response: ServerResponse
  readonly #isChunked: boolean

  constructor(exchange: Exchange, response: ServerResponse) {
    this.#exchange = exchange
    this.#response = response
    // Node would send a chunk in four pieces: a write costs a seventh more so, over TLS an eighth.
    this.#isChunked = response.chunkedEncoding
    response.chunkedEncoding = false
  }

  write(bytes: Buffer, lent?: Lent): void | Promise<void> {
    if (this.#exchange.isOrphaned) {
      lent?.taken()
      throw new ClientGone()
    }
    this.#exchange.bytesOut += bytes.length
    if (!this.#response.write(this.#isChunked ? chunkOf(bytes, lent) : bytes, lent?.taken))
      return drained(this.#response)
  }

  end(): void {
    this.#response.chunkedEncoding = this.#isChunked
    this.#response.end()
  }
}

/** Returns the bytes, of which there must be some, as a chunk of HTTP/1.1 (RFC 9112, section 7.1). */
function chunkOf(bytes: Buffer, lent: Lent | undefined): Buffer {
  const known = chunks.get(bytes)
  if (known !== undefined) return known
  const size = bytes.length.toString(16) + CRLF
  const chunk = memoryFor(bytes, size.length, lent)
  chunk.write(size, 'latin1')
  chunk.write(CRLF, chunk.length - CRLF.length, 'latin1')
  chunks.set(bytes, chunk)
  return chunk
}

/** Returns the bytes with so many in front of them and a line break behind, where they stand if there is room. */
function memoryFor(bytes: Buffer, frontBytes: number, lent: Lent | undefined): Buffer {
  const length = frontBytes + bytes.length + CRLF.length
  if (lent !== undefined && lent.frontBytes >= frontBytes && lent.backBytes >= CRLF.length)
    return Buffer.from(bytes.buffer, bytes.byteOffset - frontBytes, length)
  const copy = Buffer.allocUnsafe(length)
  bytes.copy(copy, frontBytes)
  return copy
}
