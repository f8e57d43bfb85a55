import { randomUUID } from 'node:crypto'
import { Deadline } from '../core/deadline.ts'
import type { Bagged } from '../core/lib/bag.ts'
import type { GatewayError } from '../core/errors.ts'
import type { RouteMeter } from '../core/meter.ts'
import type { Call, Principal } from '../core/principal.ts'
import type { RequestTrace } from '../core/tracing.ts'
import type { Charge } from './charge.ts'
import type { Connection, OpenRequest } from './connections.ts'
import { recycleText } from '../api/shared/records/text-writer.ts'
import type { BodyStream, HttpRequest, HttpResponse, RequestBody } from './messages.ts'
import type { Described } from './openapi/operation.ts'
import type { Allowance } from './quotas/allowance.ts'
import { targetOf } from './target.ts'

const SANE_REQUEST_ID = /^[A-Za-z0-9._-]{1,64}$/

/** Thrown instead of beginning an operation that nobody waits for any more. */
export class ClientGone extends Error {
  override readonly name = 'ClientGone'
}

/**
 * What a request is to the records of the gateway: a call of the API is audited; a public page, which anybody may read, is
 * not; a health probe is logged at debug only.
 */
export type RequestKind = 'call' | 'page' | 'probe'

/**
 * One request and what becomes of it. It is over when two things have happened, in either order: its answer was handed over
 * or its client left ({@link Exchange.end}), and its operation is done ({@link Exchange.settle}).
 */
export class Exchange implements OpenRequest, Bagged {
  readonly request: HttpRequest
  readonly response: HttpResponse
  readonly body: RequestBody
  readonly connection: Connection
  /** From `X-Request-Id` where that is sane, else made; returned always. */
  readonly id: string
  readonly startedMs = performance.now()
  /** Among the requests that are not over. */
  place = -1
  /** Path and query, whichever form the request names them in; routing and records use no other. */
  readonly target: string
  kind: RequestKind = 'call'
  /** Undefined until the caller is known. */
  principal: Principal | undefined
  /** What it may use; undefined where no quota concerns the caller. */
  allowance: Allowance | undefined
  /** Status of the answer that the operation deserves, sent or not; undefined until the operation is done. */
  resultStatus: number | undefined
  /** Code of the error in that answer. */
  code: string | undefined
  /** The caller may not do this, whatever the answer says. */
  isDenied = false
  /** Why no answer was sent. */
  silence: 'CLIENT_GONE' | 'UPLOAD_ABANDONED' | 'SHUTTING_DOWN' = 'CLIENT_GONE'
  /** What it holds of the byte budget until it is over. */
  charge: Charge | undefined
  /** Memory of its answer that holds another text once the client has taken it. */
  recycled: Buffer | undefined
  /** Asked to be stored, or returned. */
  records: number | undefined
  /** Taken at the beginning: a connection that is gone has none. */
  readonly address: string | undefined
  /** Of the route, once that is found. */
  meter: RouteMeter | undefined
  /** Once it is found. */
  route: Described | undefined
  /** Where requests are traced. */
  trace: RequestTrace | undefined
  bytesIn = 0
  bytesOut = 0
  /** The body broke off, and why. */
  interruption: GatewayError | undefined
  #onInterrupt: ((error: GatewayError) => void) | undefined
  #begun = false
  #ended = false
  #settled = false
  readonly #onOver: (exchange: Exchange) => void

  /** @param onOver called once, when the request is over */
  constructor(
    request: HttpRequest,
    response: HttpResponse,
    body: RequestBody,
    connection: Connection,
    onOver: (exchange: Exchange) => void
  ) {
    this.request = request
    this.response = response
    this.body = body
    this.connection = connection
    this.#onOver = onOver
    this.target = targetOf(request)
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

  /** Nobody takes an answer any more. The socket is destroyed a turn before those who listen to it hear of its end. */
  get isOrphaned(): boolean {
    return this.#ended || this.connection.socket.destroyed
  }

  /** Status of the answer; null if none was sent. */
  get status(): number | null {
    const { response } = this
    return response.headersSent && this.silence !== 'UPLOAD_ABANDONED' ? response.statusCode : null
  }

  /** Code of the error, or why no answer was sent; undefined after success. */
  get reason(): string | undefined {
    return this.code ?? (this.status === null ? this.silence : undefined)
  }

  /**
   * Returns what a use case is handed; its deadline runs from now, when the request is complete. Throws ClientGone if nobody
   * waits for the answer: an operation begins only while its caller is there.
   */
  call(requestTimeoutMs: number): Call {
    this.requireClient()
    this.#begun = true
    if (this.principal === undefined) throw new Error('A use case was reached without admission')
    return { principal: this.principal, deadline: Deadline.after(requestTimeoutMs), trace: this.trace }
  }

  /** The operation will not be awaited, nor the client. */
  giveUp(): void {
    if (!this.#settled && this.#begun) this.code = 'OUTCOME_UNKNOWN'
    this.settle()
    this.end()
  }

  requireClient(): void {
    if (this.isOrphaned) throw new ClientGone()
  }

  /** The answer was handed over, or the client is gone. */
  end(): void {
    if (this.#ended) return
    this.#ended = true
    if (this.#settled) this.#over()
    this.connection.finish(this)
  }

  /** The operation is done, or will not be awaited: its outcome is known as far as it ever will be. */
  settle(): void {
    if (this.#settled) return
    this.#settled = true
    if (this.#ended) this.#over()
  }

  /** The connection ended before the body was complete: what is answered to that is read by nobody, and counts as no answer. */
  abandon(): void {
    if (this.silence === 'CLIENT_GONE') this.silence = 'UPLOAD_ABANDONED'
    this.resultStatus = undefined
    this.code = undefined
  }

  #over(): void {
    this.allowance?.leave()
    this.charge?.release()
    // If the client left, compression may still be reading: the memory is then left to the garbage collector.
    if (this.recycled !== undefined && this.response.writableFinished) recycleText(this.recycled)
    this.#onOver(this)
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
