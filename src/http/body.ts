import type { IncomingMessage } from 'node:http'
import type { ByteBudget } from '../core/byte-budget.ts'
import { GatewayError } from '../core/errors.ts'
import { BodyBuffer } from './body-buffer.ts'
import { Charge } from './charge.ts'
import type { Exchange } from './exchange.ts'
import { Inflater } from './inflate.ts'
import { assertJsonBody, isGzipped } from './media-type.ts'
import type { BodyStream } from './messages.ts'

export interface BodyOptions {
  readonly budget: ByteBudget
  readonly limitBytes: number
}

/** A request body in one buffer, and its place in the byte budget, which the reader of the body gives back. */
export interface Body {
  readonly bytes: Buffer
  /** To be called once, when `bytes` are needed no more. */
  readonly release: () => void
}

/** A body that is read as it comes, and where its bytes go. */
interface Reading {
  readonly exchange: Exchange
  readonly request: IncomingMessage
  readonly buffer: BodyBuffer
  readonly limitBytes: number
  readonly charge: Charge
}

/** Bytes in the budget for each byte of a body: the body itself and what is made of it. */
const BUDGET_FACTOR = 2
const NO_BYTES = Buffer.alloc(0)

/**
 * Reads the whole body: at once where it has arrived, else as a promise. Throws or rejects with UNSUPPORTED_MEDIA_TYPE,
 * UNSUPPORTED_ENCODING, BODY_TOO_LARGE (at once where the length is declared; a gzipped one counts as what it becomes),
 * MALFORMED_GZIP, OVERLOADED, and with what interrupts the request: REQUEST_TIMEOUT, BAD_REQUEST. An empty body has no type.
 */
export function readBody(exchange: Exchange, options: BodyOptions): Body | Promise<Body> {
  const { request, body } = exchange
  const { headers } = request
  const declaredBytes = headers['content-length'] === undefined ? -1 : Number(headers['content-length'])
  if (declaredBytes <= 0 && headers['transfer-encoding'] === undefined)
    return { bytes: NO_BYTES, release: () => undefined }
  assertJsonBody(headers)
  if (declaredBytes > options.limitBytes) throw tooLarge(options.limitBytes)
  if (!Buffer.isBuffer(body)) return readStream(exchange, body, declaredBytes, options)
  const charge = new Charge(options.budget)
  charge.raiseTo(declaredBytes * BUDGET_FACTOR)
  exchange.bytesIn = body.length
  return { bytes: body, release: () => charge.release() }
}

async function readStream(
  exchange: Exchange,
  { request, response, expectsContinue }: BodyStream,
  declaredBytes: number,
  { budget, limitBytes }: BodyOptions
): Promise<Body> {
  const { headers } = request
  const charge = new Charge(budget)
  const gzipped = isGzipped(headers)
  const buffer = new BodyBuffer(gzipped ? -1 : declaredBytes)
  const release = () => {
    charge.release()
    buffer.release()
  }
  try {
    charge.raiseTo(declaredBytes * BUDGET_FACTOR)
    if (expectsContinue) response.writeContinue()
    const bytes = await (gzipped ? inflate : collect)({ exchange, request, buffer, limitBytes, charge })
    return { bytes, release }
  } catch (error) {
    release()
    throw error
  }
}

function collect(reading: Reading): Promise<Buffer> {
  const { exchange, request, buffer, limitBytes, charge } = reading
  return new Promise((resolve, reject) => {
    const stop = (error: unknown) => {
      request.removeListener('data', onData)
      reject(error)
    }
    const onData = (chunk: Buffer) => {
      exchange.bytesIn += chunk.length
      if (exchange.bytesIn > limitBytes) return stop(tooLarge(limitBytes))
      try {
        charge.raiseTo(exchange.bytesIn * BUDGET_FACTOR)
      } catch (error) {
        return stop(error)
      }
      buffer.append(chunk)
    }
    follow(reading, onData, () => resolve(buffer.take()), stop)
  })
}

function inflate(reading: Reading): Promise<Buffer> {
  const { exchange, request, buffer, limitBytes, charge } = reading
  return new Promise((resolve, reject) => {
    const stop = (error: unknown) => {
      request.removeListener('data', onData)
      inflater.stop()
      reject(error)
    }
    const inflater = new Inflater(buffer, {
      onGrowth(inflatedBytes) {
        if (inflatedBytes > limitBytes) throw tooLarge(limitBytes)
        charge.raiseTo((exchange.bytesIn + inflatedBytes) * BUDGET_FACTOR)
      },
      onDone: resolve,
      onFailure: stop,
      onFull: () => void request.pause(),
      onDrained: () => void request.resume()
    })
    const onData = (chunk: Buffer) => {
      exchange.bytesIn += chunk.length
      // Empty gzip streams in a row come to nothing, but not for nothing.
      if (exchange.bytesIn > limitBytes) stop(tooLarge(limitBytes))
      else inflater.write(chunk)
    }
    follow(reading, onData, () => inflater.end(), stop)
  })
}

/** Hands over the body as it comes; `stop` hears why it will not come whole. */
function follow(
  { exchange, request }: Reading,
  onData: (chunk: Buffer) => void,
  onEnd: () => void,
  stop: (error: unknown) => void
): void {
  // Both may have happened while the caller was being judged.
  if (exchange.interruption !== undefined) return stop(exchange.interruption)
  if (request.destroyed) return stop(cutOff())
  exchange.onInterrupt(stop)
  request.on('data', onData)
  request.once('end', onEnd)
  request.once('close', () => {
    if (!request.readableEnded) stop(cutOff())
  })
}

function tooLarge(limitBytes: number): GatewayError {
  return new GatewayError('BODY_TOO_LARGE', `The body is larger than ${limitBytes} bytes.`)
}

/** Nobody reads this answer; the log does. */
function cutOff(): GatewayError {
  return new GatewayError('BAD_REQUEST', 'The connection ended before the body was complete.')
}
