import { isAscii } from 'node:buffer'
import { promisify } from 'node:util'
import { constants, gzip } from 'node:zlib'
import type { ByteBudget } from '../core/byte-budget.ts'
import { acceptsGzip } from './accept-encoding.ts'
import type { Reply } from './answer.ts'
import { bodyUnderWay } from './body.ts'
import { BudgetReservation } from './budget-reservation.ts'
import { commonHeaders } from './common-headers.ts'
import { discardRest } from './discard-rest.ts'
import type { Exchange } from './exchange.ts'

const gzipped = promisify(gzip)
/** Smallest body that compressing makes faster to send. */
const WORTH_COMPRESSING_BYTES = 1024

export interface SendOptions {
  readonly budget: ByteBudget
  /** The connection uses TLS. */
  readonly secure: boolean
  /** Close the connection once everything that has arrived on it is answered. */
  readonly last: boolean
}

/**
 * Sends a whole answer: at once, or later and as a promise if it is compressed first. Its bytes count against the budget until
 * the client has taken them.
 */
export function sendReply(exchange: Exchange, reply: Reply, options: SendOptions): void | Promise<void> {
  const { body } = reply
  if (exchange.isOrphaned) reply.ended?.(false)
  else exchange.answerEnded = reply.ended
  if (body.length < WORTH_COMPRESSING_BYTES && reply.coded !== true) return write(exchange, reply, body, {}, options)
  const { recycle } = reply
  if (recycle !== undefined) exchange.recycle = () => recycle(body)
  const varies = reply.headers?.Vary
  const vary = { Vary: varies === undefined ? 'Accept-Encoding' : `${varies}, Accept-Encoding` }
  if (reply.coded === true || !acceptsGzip(exchange.request.headers['accept-encoding']))
    return write(exchange, reply, body, vary, options)
  return gzipped(body, { level: constants.Z_BEST_SPEED }).then(packed =>
    write(exchange, reply, packed, { ...vary, 'Content-Encoding': 'gzip' }, options)
  )
}

function write(
  exchange: Exchange,
  reply: Reply,
  body: Buffer,
  coding: Readonly<Record<string, string>>,
  options: SendOptions
): void {
  const { request, response, connection } = exchange
  if (exchange.isOrphaned || response.headersSent) return
  const bodiless = request.method === 'HEAD' || reply.status === 304
  // Decide before writing: the rest of the body must be read, or the client may never see the answer.
  const underWay = bodyUnderWay(exchange)
  const closes =
    underWay !== undefined ||
    reply.headers?.Connection === 'close' ||
    ((options.last || connection.inputEnded) && connection.latest === exchange && !connection.pipelined)
  connection.closing ||= closes
  exchange.bytesOut = bodiless ? 0 : body.length
  const common = commonHeaders(exchange.id, body.length, options.secure)
  // RFC 9110 §8.6, §15.3.5: it has no content, and says no length.
  if (reply.status === 204) delete common['Content-Length']
  if (reply.status === 204) delete common['Content-Type']
  response.writeHead(reply.status, {
    ...common,
    ...reply.headers,
    ...coding,
    ...(closes ? { Connection: 'close' } : {})
  })
  if (underWay !== undefined && !connection.broken) {
    if (bodiless) underWay.response.flushHeaders()
    else underWay.response.write(body)
    discardRest(underWay.request, () => response.end())
  } else if (bodiless) {
    response.end()
  } else if (body.length < WORTH_COMPRESSING_BYTES && isAscii(body)) {
    // Text leaves in one write with the head; a buffer would need two, in a dearer system call.
    response.end(body.toString('latin1'), 'latin1')
  } else if (body === reply.body && reply.frontBytes !== undefined && response.endBehind !== undefined) {
    response.endBehind(reply.frontBytes, body)
  } else {
    response.end(body)
  }
  if (response.whenWritten === undefined) limitTaking(exchange, reply, options)
  else response.whenWritten(() => limitTaking(exchange, reply, options))
}

function limitTaking(exchange: Exchange, { counted }: Reply, { budget }: SendOptions): void {
  const { response, connection, bytesOut } = exchange
  if (connection.socket.writableLength === 0 && response.writableLength === 0) return
  if (exchange.ended) return
  if (counted !== true) {
    exchange.reservation ??= new BudgetReservation(budget)
    exchange.reservation.add(bytesOut)
  }
  connection.limitTaking(response)
}
