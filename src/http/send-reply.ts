import { promisify } from 'node:util'
import { constants, gzip } from 'node:zlib'
import type { ByteBudget } from '../core/byte-budget.ts'
import type { Exchange, Reply } from './exchange.ts'

const gzipped = promisify(gzip)
/** Below this, headers and the time of compressing outweigh what is saved. */
const WORTH_COMPRESSING_BYTES = 1024

export interface SendOptions {
  readonly budget: ByteBudget
  readonly writeTimeoutMs: number
}

/** Sends a whole answer; its bytes count against the budget until the client has taken them. */
export async function sendReply(exchange: Exchange, reply: Reply, options: SendOptions): Promise<void> {
  const { request, response } = exchange
  exchange.code = reply.code
  const compress = reply.body.length >= WORTH_COMPRESSING_BYTES && acceptsGzip(request.headers['accept-encoding'])
  const body = compress ? await gzipped(reply.body, { level: constants.Z_BEST_SPEED }) : reply.body
  if (response.destroyed || response.headersSent) return
  exchange.bytesOut = body.length
  response.writeHead(reply.status, {
    'Content-Type': 'application/json; charset=utf-8',
    'Content-Length': body.length,
    ...(compress ? { 'Content-Encoding': 'gzip' } : {}),
    ...(reply.body.length >= WORTH_COMPRESSING_BYTES ? { Vary: 'Accept-Encoding' } : {}),
    ...reply.headers
  })
  if (request.method === 'HEAD') {
    response.end()
    return
  }
  response.end(body)
  if (!response.writableFinished) holdUntilTaken(exchange, body.length, options)
}

function holdUntilTaken({ response }: Exchange, bytes: number, { budget, writeTimeoutMs }: SendOptions): void {
  const { socket } = response
  const giveUp = () => socket?.destroy()
  budget.add(bytes)
  socket?.setTimeout(writeTimeoutMs, giveUp)
  response.once('close', () => {
    budget.release(bytes)
    socket?.removeListener('timeout', giveUp)
    socket?.setTimeout(0)
  })
}

/** RFC 9110 §12.5.3: a coding with weight 0 is refused; `*` stands for those not named. */
export function acceptsGzip(header: string | string[] | undefined): boolean {
  if (header === undefined) return false
  let byStar = false
  for (const part of String(header).split(',')) {
    const [coding, ...parameters] = part.split(';').map(text => text.trim().toLowerCase())
    const weight = parameters.find(parameter => parameter.startsWith('q='))
    const accepted = weight === undefined || Number(weight.slice(2)) > 0
    if (coding === 'gzip' || coding === 'x-gzip') return accepted
    if (coding === '*') byStar = accepted
  }
  return byStar
}
