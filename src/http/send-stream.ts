import type { ServerResponse } from 'node:http'
import type { Sink, StreamReply } from './answer.ts'
import { streamHeaders } from './common-headers.ts'
import { ClientGone, type Exchange } from './exchange.ts'

/**
 * Sends an answer as its handler writes it, with back-pressure: what a client has not taken waits in the socket, and the
 * handler is told to wait. Rejects if the handler does; then the answer is cut off, so that its client can tell.
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
  // Small pieces must not wait for one another.
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
