import { createServer, type IncomingMessage } from 'node:http'
import { duplexPair } from 'node:stream'

/** A request as Node's own parser understands it. */
export interface ParsedRequest {
  readonly method: string | undefined
  readonly url: string | undefined
  readonly httpVersion: string
  /** All values of each field. */
  readonly headers: NodeJS.Dict<string[]>
  readonly body: string
}

/** Reads bytes that are one whole request by Node's parser; `refused` where they are not. */
export function parseByNode(bytes: Buffer): Promise<ParsedRequest | 'refused'> {
  return new Promise(resolve => {
    const server = createServer({ requireHostHeader: false })
    const [client, socket] = duplexPair()
    const refuse = () => resolve('refused')
    server.on('request', (request: IncomingMessage) => {
      const pieces: Buffer[] = []
      request.on('data', piece => pieces.push(piece))
      request.on('end', () => {
        const { method, url, httpVersion, headersDistinct: headers } = request
        resolve({ method, url, httpVersion, headers, body: Buffer.concat(pieces).toString('latin1') })
      })
    })
    for (const event of ['clientError', 'checkContinue', 'checkExpectation', 'upgrade', 'connect'])
      server.on(event, refuse)
    client.on('error', refuse)
    socket.on('error', refuse)
    socket.on('close', refuse)
    server.emit('connection', socket)
    client.end(bytes)
  })
}
