import type { Duplex } from 'node:stream'
import { GatewayError } from '../core/errors.ts'
import { errorReply } from './error-reply.ts'

interface ParserError extends Error {
  readonly code?: string
  readonly rawPacket?: Buffer
}

const REASONS: Readonly<Record<number, string>> = {
  400: 'Bad Request',
  408: 'Request Timeout',
  413: 'Content Too Large',
  414: 'URI Too Long',
  431: 'Request Header Fields Too Large'
}

/** What `node:http` would answer with an empty body, for a request that never reached a handler, as our JSON. */
export function answerSocketError(error: ParserError, socket: Duplex & { readonly _httpMessage?: { readonly headersSent: boolean } | null }): void {
  // `_httpMessage` is how Node itself tells whether an answer has begun on this socket.
  if (!socket.writable || error.code === 'ECONNRESET' || socket._httpMessage?.headersSent === true) {
    socket.destroy()
    return
  }
  const { status, body } = errorReply(describe(error))
  const head = [
    `HTTP/1.1 ${status} ${REASONS[status] ?? 'Bad Request'}`,
    'Content-Type: application/json; charset=utf-8',
    `Content-Length: ${body.length}`,
    'Cache-Control: no-store',
    'Connection: close'
  ]
  socket.end(`${head.join('\r\n')}\r\n\r\n${body.toString()}`)
}

function describe({ code, rawPacket }: ParserError): GatewayError {
  switch (code) {
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return new GatewayError('REQUEST_TIMEOUT', 'The request did not arrive in time.')
    case 'HPE_HEADER_OVERFLOW':
      // Where no line has ended in what was read last, the request line is what is too long.
      return rawPacket !== undefined && !rawPacket.includes('\r\n')
        ? new GatewayError('URI_TOO_LONG', 'The request line is too long.')
        : new GatewayError('HEADERS_TOO_LARGE', 'The header fields are too large.')
    case 'HPE_CHUNK_EXTENSIONS_OVERFLOW':
      return new GatewayError('BODY_TOO_LARGE', 'The chunk extensions are too large.')
    default:
      return new GatewayError('BAD_REQUEST', 'The request is not valid HTTP.')
  }
}
