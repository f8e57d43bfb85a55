import type { IncomingMessage } from 'node:http'
import type { ByteBudget } from '../core/byte-budget.ts'
import { GatewayError } from '../core/errors.ts'
import { BodyBuffer } from './body-buffer.ts'
import { BudgetReservation } from './budget-reservation.ts'
import type { Body } from './call.ts'
import { Inflater } from './inflate.ts'
import { assertJsonBody, isGzipped } from './media-type.ts'
import type { BodyStream, HttpRequest, HttpResponse, RequestBody } from './messages.ts'

/** Limits for reading bodies. */
export interface BodyLimits {
  readonly budget: ByteBudget
  readonly limits: { readonly bodyBytes: number; readonly bodyTimeoutMs: number }
}

/** A request, as the reader of its body sees it. */
export interface Upload {
  readonly request: HttpRequest
  readonly response: HttpResponse
  readonly requestBody: RequestBody
  readonly connection: { broken: boolean }
  /** True if the body need not be declared as JSON. */
  readonly takesAnyType?: boolean
  readonly startedMs: number
  bytesIn: number
  /** Why the rest of the body will not come. */
  readonly interruption: GatewayError | undefined
  interrupt(error: GatewayError): void
  onInterrupt(callback: (error: GatewayError) => void): void
}

/** A body that is still arriving, and where its bytes go. */
interface Reading {
  readonly upload: Upload
  readonly request: IncomingMessage
  readonly buffer: BodyBuffer
  readonly limitBytes: number
  readonly reservation: BudgetReservation
  /** Time left for the body to arrive. */
  readonly timeoutMs: number
}

/** Budget bytes for each byte of a body: one for the body, one for the records made of it. */
const BUDGET_FACTOR = 2
const NO_BYTES = Buffer.alloc(0)

/**
 * Reads the whole body: returns it if it has arrived, else a promise. Throws or rejects with UNSUPPORTED_MEDIA_TYPE (unless
 * the body is empty), UNSUPPORTED_ENCODING, BODY_TOO_LARGE (at once if the declared length is too large; a gzipped body counts
 * with its inflated size), MALFORMED_GZIP, OVERLOADED, REQUEST_TIMEOUT or BAD_REQUEST (the connection ended).
 */
export function readBody(upload: Upload, bounds: BodyLimits): Body | Promise<Body> {
  const { request, requestBody } = upload
  const { headers } = request
  const declaredBytes = headers['content-length'] === undefined ? -1 : Number(headers['content-length'])
  if (declaredBytes <= 0 && headers['transfer-encoding'] === undefined)
    return { bytes: NO_BYTES, release: () => undefined }
  // A body without a type counts as JSON.
  assertJsonBody(headers, upload.takesAnyType === true ? '' : headers['content-type'])
  if (declaredBytes > bounds.limits.bodyBytes) throw tooLarge(bounds.limits.bodyBytes)
  if (!Buffer.isBuffer(requestBody)) return readStream(upload, requestBody, declaredBytes, bounds)
  const reservation = new BudgetReservation(bounds.budget)
  reservation.raiseTo(declaredBytes * BUDGET_FACTOR)
  upload.bytesIn = requestBody.length
  return { bytes: requestBody, release: () => reservation.release() }
}

async function readStream(
  upload: Upload,
  { request, response, expectsContinue }: BodyStream,
  declaredBytes: number,
  { budget, limits: { bodyBytes: limitBytes, bodyTimeoutMs } }: BodyLimits
): Promise<Body> {
  const { headers } = request
  const reservation = new BudgetReservation(budget)
  const gzipped = isGzipped(headers)
  const buffer = new BodyBuffer(gzipped ? -1 : declaredBytes)
  const release = () => {
    reservation.release()
    buffer.release()
  }
  try {
    reservation.raiseTo(declaredBytes * BUDGET_FACTOR)
    if (expectsContinue) response.writeContinue()
    const timeoutMs = upload.startedMs + bodyTimeoutMs - performance.now()
    const reading = { upload, request, buffer, limitBytes, reservation, timeoutMs }
    const bytes = await (gzipped ? inflate : collect)(reading)
    return { bytes, release }
  } catch (error) {
    release()
    throw error
  }
}

function collect(reading: Reading): Promise<Buffer> {
  const { upload, request, buffer, limitBytes, reservation } = reading
  return new Promise((resolve, reject) => {
    const stop = (error: unknown) => {
      request.removeListener('data', onData)
      reject(error)
    }
    const onData = (chunk: Buffer) => {
      upload.bytesIn += chunk.length
      if (upload.bytesIn > limitBytes) return stop(tooLarge(limitBytes))
      try {
        reservation.raiseTo(upload.bytesIn * BUDGET_FACTOR)
      } catch (error) {
        return stop(error)
      }
      buffer.append(chunk)
    }
    follow(reading, onData, () => resolve(buffer.take()), stop)
  })
}

function inflate(reading: Reading): Promise<Buffer> {
  const { upload, request, buffer, limitBytes, reservation } = reading
  return new Promise((resolve, reject) => {
    const stop = (error: unknown) => {
      request.removeListener('data', onData)
      inflater.stop()
      reject(error)
    }
    const inflater = new Inflater(buffer, {
      onGrowth(inflatedBytes) {
        if (inflatedBytes > limitBytes) throw tooLarge(limitBytes)
        reservation.raiseTo((upload.bytesIn + inflatedBytes) * BUDGET_FACTOR)
      },
      onDone: resolve,
      onFailure: stop,
      onFull: () => void request.pause(),
      onDrained: () => void request.resume()
    })
    const onData = (chunk: Buffer) => {
      upload.bytesIn += chunk.length
      // Many empty gzip streams in a row inflate to nothing, but cost time: limit the compressed bytes too.
      if (upload.bytesIn > limitBytes) stop(tooLarge(limitBytes))
      else inflater.write(chunk)
    }
    follow(reading, onData, () => inflater.end(), stop)
  })
}

/** Passes the chunks on as they arrive. Calls `stop` with the reason if the body will not be complete. */
function follow(
  { upload, request, timeoutMs }: Reading,
  onData: (chunk: Buffer) => void,
  onEnd: () => void,
  stop: (error: unknown) => void
): void {
  // Both may have happened while the caller was being authenticated.
  if (upload.interruption !== undefined) return stop(upload.interruption)
  if (request.destroyed) return stop(cutOff())
  const timer = setTimeout(() => {
    if (upload.response.headersSent) return
    // The connection carries no further request.
    upload.connection.broken = true
    upload.interrupt(new GatewayError('REQUEST_TIMEOUT', 'The request did not arrive in time.'))
  }, timeoutMs)
  upload.onInterrupt(stop)
  request.on('data', onData)
  request.once('end', () => {
    clearTimeout(timer)
    onEnd()
  })
  request.once('close', () => {
    clearTimeout(timer)
    if (!request.readableEnded) stop(cutOff())
  })
}

function tooLarge(limitBytes: number): GatewayError {
  return new GatewayError('BODY_TOO_LARGE', `The body is larger than ${limitBytes} bytes.`)
}

/** For the log: no client is left to read the answer. */
function cutOff(): GatewayError {
  return new GatewayError('BAD_REQUEST', 'The connection ended before the body was complete.')
}

/** Returns the body if some of it has not arrived yet; else undefined. */
export function bodyUnderWay({
  request: { complete, headers },
  requestBody: body
}: Pick<Upload, 'request' | 'requestBody'>): BodyStream | undefined {
  if (complete || Buffer.isBuffer(body)) return undefined
  const hasBody = headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0
  return hasBody ? body : undefined
}
