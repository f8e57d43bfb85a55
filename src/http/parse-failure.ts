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
  /** Methods that some route has. */
  readonly methods: readonly string[]
  /** How an error looks that belongs to no request. */
  readonly errorReply: (error: GatewayError) => Reply
}

const REQUEST_LINE = /^[A-Z]{3,7} /
/** A client that is still sending is listened to for so long after the answer, so that it reads it. */
const LINGER_MS = 2000

/**
 * Answers what Node's parser refuses or gives up waiting for, in the form of all errors. Where it is the body of a known
 * request, that request is told; else the answer waits until those that came before it on the connection have theirs:
 * written at once, it would be taken for one of them.
 */
export function onParseFailure(connection: Connection, error: ParserError, options: ParseFailureOptions): void {
  // The parser repeats itself for all that arrives after the first failure.
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

/** Answers CONNECT, for which there is no handler and no response object. */
export function refuseTunnel(connection: Connection, options: ParseFailureOptions): void {
  const failure = new GatewayError('METHOD_NOT_ALLOWED', 'CONNECT is not served.', {
    headers: { Allow: options.methods.join(', ') }
  })
  connection.broken = true
  // Node has let go of the socket: from here on its errors are ours to hear, and its bytes ours to discard.
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
      // Known only where what was read last begins with the request line, and holds no end of it.
      return rawPacket !== undefined &&
        REQUEST_LINE.test(rawPacket.toString('latin1', 0, 16)) &&
        !rawPacket.includes('\r\n')
        ? new GatewayError('URI_TOO_LONG', 'The request line is too long.')
        : new GatewayError('HEADERS_TOO_LARGE', 'The header fields are too large.')
    case 'HPE_PAUSED':
      // Node stops its parser while many answers wait; under TLS what was decrypted meanwhile is lost. None of it was handled.
      return new GatewayError('OVERLOADED', 'More requests came on this connection than can be under way.')
    case 'HPE_CHUNK_EXTENSIONS_OVERFLOW':
      return new GatewayError('BODY_TOO_LARGE', 'The chunk extensions are too large.')
    default:
      return new GatewayError('BAD_REQUEST', 'The request is not valid HTTP.')
  }
}
