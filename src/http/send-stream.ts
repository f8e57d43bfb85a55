import type { ServerResponse } from 'node:http'
import type { Sink, StreamReply } from './answer.ts'
import { streamHeaders } from './common-headers.ts'
import { ClientGone } from './client-gone.ts'
import type { Exchange } from './exchange.ts'

/**
 * Sends an answer while its handler writes it. Back-pressure: the handler waits while the socket is full. Rejects if the handler
 * rejects; the caller then cuts off the connection, so that the client can tell that the answer is incomplete.
 */
export async function sendStream(exchange: Exchange, reply: StreamReply, secure: boolean): Promise<void> {
  const { request, requestBody } = exchange
  if (Buffer.isBuffer(requestBody)) throw new Error('A route whose answers stream was reached by the direct path')
  const { response } = requestBody
  if (exchange.isOrphaned) return
  response.writeHead(reply.status, { ...streamHeaders(exchange.id, secure), ...reply.headers })
  response.flushHeaders()
  if (request.method === 'HEAD') {
    response.end()
    return
  }
  // Without this, Nagle's algorithm would hold small pieces back.
  exchange.connection.socket.setNoDelay(true)
  await reply.run(new ResponseSink(exchange, response))
  response.end()
}

class ResponseSink implements Sink {
  readonly #exchange: Exchange
  readonly #response: ServerResponse

  constructor(exchange: Exchange, response: ServerResponse) {
    this.#exchange = exchange
    this.#response = response
  }

  write(bytes: Buffer): void | Promise<void> {
    if (this.#exchange.isOrphaned) throw new ClientGone()
    this.#exchange.bytesOut += bytes.length
    if (!this.#response.write(bytes)) return this.#drained()
  }

  #drained(): Promise<void> {
    const response = this.#response
    return new Promise((resolve, reject) => {
      const onDrain = () => {
        response.removeListener('close', onClose)
        resolve()
      }
      const onClose = () => {
        response.removeListener('drain', onDrain)
        reject(new ClientGone())
      }
      response.once('drain', onDrain)
      response.once('close', onClose)
    })
  }
}
