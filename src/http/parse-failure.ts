import { randomUUID } from 'node:crypto'
import { STATUS_CODES } from 'node:http'
import { GatewayError } from '../core/errors.ts'
import type { Log } from '../core/log.ts'
import type { Meter } from '../core/meter.ts'
import type { Reply } from './answer.ts'
import { commonHeaders } from './common-headers.ts'
import type { Connection } from './connections.ts'

export interface ParserError extends Error {
  readonly code?: string
  readonly rawPacket?: Buffer
}

export interface ParseFailureOptions {
  readonly log: Log
  readonly secure: boolean
  readonly meter?: Pick<Meter, 'failed'> | undefined
  /** Methods that at least one route has. */
  readonly methods: readonly string[]
  /** Returns the answer for an error that belongs to no request. */
  readonly errorReply: (error: GatewayError) => Reply
}

const REQUEST_LINE = /^[A-Z]{3,7} /
/** Time to read and discard after the answer: a client that is still sending would otherwise be reset before it reads it. */
const LINGER_MS = 2000

/**
 * Answers a request that Node's parser rejects or stops waiting for. If the failure is in the body of a known request, that
 * request is told. Otherwise the answer waits until all earlier requests on the connection are answered: a client would take
 * it for one of their answers.
 */
export function onParseFailure(connection: Connection, error: ParserError, options: ParseFailureOptions): void {
  // The parser reports each further chunk as another failure.
  if (connection.broken) return
  connection.broken = true
  const { socket, latest } = connection
  if (!socket.writable || socket.bytesRead === 0 || error.code === 'ECONNRESET') {
    socket.destroy()
  } else if (latest === undefined || latest.request.complete) {
    connection.whenIdle(() => answerOnSocket(connection, describe(error), options))
  } else if (latest.response.headersSent) {
    socket.destroy()
  } else {
    latest.interrupt(describe(error))
  }
}

/** Refuses CONNECT, for which Node makes no response object. */
export function refuseTunnel(connection: Connection, options: ParseFailureOptions): void {
  const failure = new GatewayError('METHOD_NOT_ALLOWED', 'CONNECT is not served.', {
    headers: { Allow: options.methods.join(', ') }
  })
  connection.broken = true
  // Node has detached the socket: handle its errors and discard its bytes here.
  connection.socket.on('error', () => undefined).resume()
  connection.whenIdle(() => answerOnSocket(connection, failure, options))
}

function answerOnSocket(
  { socket }: Connection,
  failure: GatewayError,
  { log, secure, meter, errorReply }: ParseFailureOptions
): void {
  if (!socket.writable) return
  const requestId = randomUUID()
  const { status, code, body, headers } = errorReply(failure)
  const fields = { ...commonHeaders(requestId, body.length, secure), ...headers, Connection: 'close' }
  const lines = Object.entries(fields).map(([name, value]) => `${name}: ${value}\r\n`)
  const timer = setTimeout(() => socket.destroy(), LINGER_MS).unref()
  socket.once('close', () => clearTimeout(timer))
  socket.end(`HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\n${lines.join('')}\r\n${body.toString()}`)
  meter?.failed(failure.code)
  log.info({ requestId, status, code, bytesOut: body.length }, 'request')
}

function describe({ code, rawPacket }: ParserError): GatewayError {
  switch (code) {
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return new GatewayError('REQUEST_TIMEOUT', 'The request did not arrive in time.')
    case 'HPE_HEADER_OVERFLOW':
      // Certain only if the last chunk begins with a request line and does not contain its end.
      return rawPacket !== undefined &&
        REQUEST_LINE.test(rawPacket.toString('latin1', 0, 16)) &&
        !rawPacket.includes('\r\n')
        ? new GatewayError('URI_TOO_LONG', 'The request line is too long.')
        : new GatewayError('HEADERS_TOO_LARGE', 'The header fields are too large.')
    case 'HPE_PAUSED':
      // Node pauses its parser while many answers wait; under TLS it loses what is decrypted meanwhile. None of it was executed.
      return new GatewayError('OVERLOADED', 'More requests came on this connection than can be under way.')
    case 'HPE_CHUNK_EXTENSIONS_OVERFLOW':
      return new GatewayError('BODY_TOO_LARGE', 'The chunk extensions are too large.')
    default:
      return new GatewayError('BAD_REQUEST', 'The request is not valid HTTP.')
  }
}
