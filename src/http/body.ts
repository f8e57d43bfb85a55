import type { ByteBudget } from '../core/byte-budget.ts'
import { GatewayError } from '../core/errors.ts'
import type { Exchange } from './exchange.ts'
import { assertJsonBody } from './media-type.ts'

export interface BodyOptions {
  readonly budget: ByteBudget
  readonly limitBytes: number
}

/** A request body in one buffer, and its place in the byte budget, which the reader of the body gives back. */
export interface Body {
  readonly bytes: Buffer
  readonly release: () => void
}

/** Bytes in the budget for each byte of a body: the body itself and what is made of it. */
const BUDGET_FACTOR = 2

/**
 * Reads the whole body. Throws UNSUPPORTED_MEDIA_TYPE, UNSUPPORTED_ENCODING, BODY_TOO_LARGE (at once where the length is
 * declared), OVERLOADED and REQUEST_TIMEOUT (when the client goes away or is too slow).
 */
export async function readBody(exchange: Exchange, options: BodyOptions): Promise<Body> {
  const { request, response } = exchange
  assertJsonBody(request.headers['content-type'], request.headers['content-encoding'])
  const declared = request.headers['content-length']
  const declaredBytes = declared === undefined ? 0 : Number(declared)
  if (declaredBytes > options.limitBytes) throw tooLarge(options.limitBytes)
  const charge = new Charge(options.budget)
  charge.raiseTo(declaredBytes)
  if (exchange.expectsContinue) response.writeContinue()
  try {
    const bytes = await collect(exchange, declaredBytes, options.limitBytes, charge)
    exchange.bytesIn = bytes.length
    return { bytes, release: () => charge.release() }
  } catch (error) {
    charge.release()
    throw error
  }
}

/** What one body holds of the budget. */
class Charge {
  readonly #budget: ByteBudget
  #bytes = 0

  constructor(budget: ByteBudget) {
    this.#budget = budget
  }

  raiseTo(bodyBytes: number): void {
    const more = bodyBytes * BUDGET_FACTOR - this.#bytes
    if (more <= 0) return
    if (!this.#budget.tryAcquire(more)) throw new GatewayError('OVERLOADED', 'The gateway has too much in hand; try again shortly.')
    this.#bytes += more
  }

  release(): void {
    this.#budget.release(this.#bytes)
    this.#bytes = 0
  }
}

function collect({ request }: Exchange, declaredBytes: number, limitBytes: number, charge: Charge): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    let size = 0
    const stop = (error: unknown) => {
      request.removeListener('data', onData)
      reject(error)
    }
    const onData = (chunk: Buffer) => {
      size += chunk.length
      try {
        if (size > limitBytes) throw tooLarge(limitBytes)
        charge.raiseTo(size)
        chunks.push(chunk)
      } catch (error) {
        stop(error)
      }
    }
    request.on('data', onData)
    request.once('end', () => resolve(chunks.length === 1 ? chunks[0] : Buffer.concat(chunks, declaredBytes || size)))
    request.once('close', () => {
      if (!request.complete) stop(new GatewayError('REQUEST_TIMEOUT', 'The request did not arrive completely.'))
    })
    request.once('error', () => stop(new GatewayError('REQUEST_TIMEOUT', 'The request did not arrive completely.')))
  })
}

function tooLarge(limitBytes: number): GatewayError {
  return new GatewayError('BODY_TOO_LARGE', `The body is larger than ${limitBytes} bytes.`)
}
