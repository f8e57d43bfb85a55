import { randomUUID } from 'node:crypto'
import { Deadline } from '../core/deadline.ts'
import type { GatewayError } from '../core/errors.ts'
import type { RouteMeter } from '../core/meter.ts'
import type { Call, Principal } from '../core/principal.ts'
import type { RequestTrace } from '../core/tracing.ts'
import type { Connection, OpenRequest } from './connections.ts'
import type { BodyStream, HttpRequest, HttpResponse, RequestBody } from './messages.ts'
import type { Allowance } from './quotas/quotas.ts'

const SANE_REQUEST_ID = /^[A-Za-z0-9._-]{1,64}$/

/** One request and what becomes of it, from the first header to the last byte of the answer. */
export class Exchange implements OpenRequest {
  readonly request: HttpRequest
  readonly response: HttpResponse
  readonly body: RequestBody
  readonly connection: Connection
  /** From `X-Request-Id` where that is sane, else made; returned always. */
  readonly id: string
  readonly startedMs = performance.now()
  /** Undefined until the caller is admitted. */
  principal: Principal | undefined
  /** What it may use; undefined where no quota concerns the caller. */
  allowance: Allowance | undefined
  /** Code of the error that was answered, for the log. */
  code: string | undefined
  /** Asked to be stored, or returned. */
  records: number | undefined
  /** Taken at the beginning: a connection that is gone has none. */
  readonly address: string | undefined
  /** Of the route, once that is found. */
  meter: RouteMeter | undefined
  /** Method and path of the route, once that is found. */
  routeName: string | undefined
  /** Where requests are traced. */
  trace: RequestTrace | undefined
  bytesIn = 0
  bytesOut = 0
  /** The body broke off, and why. */
  interruption: GatewayError | undefined
  #onInterrupt: ((error: GatewayError) => void) | undefined
  #ended = false
  readonly #onEnd: (() => void)[] = []

  constructor(request: HttpRequest, response: HttpResponse, body: RequestBody, connection: Connection) {
    this.request = request
    this.response = response
    this.body = body
    this.connection = connection
    this.address = connection.socket.remoteAddress
    const given = request.headers['x-request-id']
    this.id = typeof given === 'string' && SANE_REQUEST_ID.test(given) ? given : randomUUID()
    connection.begin(this)
    response.once('close', () => this.end())
  }

  /** The answer was handed over, or the client is gone. */
  get ended(): boolean {
    return this.#ended
  }

  /** What the use cases are handed: the deadline runs from now, when the request is complete. */
  call(requestTimeoutMs: number): Call {
    if (this.principal === undefined) throw new Error('A use case was reached without admission')
    return { principal: this.principal, deadline: Deadline.after(requestTimeoutMs), trace: this.trace }
  }

  /** Calls when the answer has been handed over whole or never will be. */
  onEnd(callback: () => void): void {
    if (this.#ended) callback()
    else this.#onEnd.push(callback)
  }

  end(): void {
    if (this.#ended) return
    this.#ended = true
    for (const callback of this.#onEnd) callback()
    this.connection.finish(this)
  }

  /** Tells whoever reads the body, now or later, that the rest of it will not come. */
  interrupt(error: GatewayError): void {
    this.interruption = error
    this.#onInterrupt?.(error)
  }

  onInterrupt(callback: (error: GatewayError) => void): void {
    this.#onInterrupt = callback
  }
}

/** The body of which bytes are still to come; undefined where it has arrived, or there is none. */
export function bodyUnderWay({ request: { complete, headers }, body }: Exchange): BodyStream | undefined {
  if (complete || Buffer.isBuffer(body)) return undefined
  const hasBody = headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0
  return hasBody ? body : undefined
}

/** A whole answer. */
export interface Reply {
  readonly status: number
  readonly body: Buffer
  readonly headers?: Readonly<Record<string, string>>
  /** Code of the error that it tells of. */
  readonly code?: string | undefined
  /** Its bytes are in the budget already, until the exchange ends. */
  readonly counted?: boolean
  /** Nobody needs the body once it is sent: its memory may then hold another text. */
  readonly recycled?: boolean
  /** So much memory in front of the body is free to be written to, and sent with it in one piece. */
  readonly frontBytes?: number
  /** In the coding that the client accepts: it is sent as it is, and its headers tell of the coding. */
  readonly coded?: boolean
}

export function jsonReply(status: number, value: unknown): Reply {
  return { status, body: Buffer.from(JSON.stringify(value)) }
}
