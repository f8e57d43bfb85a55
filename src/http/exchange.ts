import { randomUUID } from 'node:crypto'
import type { IncomingHttpHeaders } from 'node:http'
import type { ByteBudget } from '../core/byte-budget.ts'
import { Deadline } from '../core/deadline.ts'
import type { SwapRemoveMember } from '../core/lib/swap-remove-set.ts'
import type { GatewayError } from '../core/errors.ts'
import type { RouteMeter } from '../core/meter.ts'
import type { Call, Operation, Principal, ResourceKind } from '../core/principal.ts'
import type { RequestTrace } from '../core/tracing.ts'
import type { Apis, MountedApi } from './api.ts'
import { type BodyLimits, bodyPieces, readBody, type Upload } from './body.ts'
import { BudgetReservation } from './budget-reservation.ts'
import type { Body, EndReason, HttpCall, Params, Query, Resource } from './call.ts'
import type { Connection, OpenRequest } from './connections.ts'
import type { BodyStream, HttpRequest, HttpResponse, RequestBody } from './messages.ts'
import { requirePermission } from './permission.ts'
import type { Allowance } from './quotas/allowance.ts'
import { ANY_TYPE, type RequestKind, type Route } from './route.ts'
import { NO_QUERY } from './router.ts'
import { targetOf } from './target.ts'

const NO_PARAMS: Params = {}
const SANE_REQUEST_ID = /^[A-Za-z0-9._-]{1,64}$/

/** Thrown instead of beginning an operation that nobody waits for any more. */
export class ClientGone extends Error {
  override readonly name = 'ClientGone'
}

/** What the exchanges of a listener share. */
export interface ExchangeHost extends BodyLimits {
  readonly limits: BodyLimits['limits'] & { readonly requestTimeoutMs: number }
  /** Called once for each exchange, when it is over. */
  over(exchange: Exchange): void
}

/**
 * One request and what becomes of it. It is over when two things have happened, in either order: its answer was handed over
 * or its client left ({@link Exchange.end}), and its operation is done ({@link Exchange.settleOutcome}).
 */
export class Exchange implements HttpCall, OpenRequest, Upload, SwapRemoveMember {
  readonly request: HttpRequest
  readonly response: HttpResponse
  readonly requestBody: RequestBody
  readonly connection: Connection
  /** From `X-Request-Id` if that is sane, else made; returned always. */
  readonly id: string
  readonly startedMs = performance.now()
  /** Among the requests that are not over. */
  indexInSet = -1
  /** Path and query, whichever form the request names them in; routing and records use no other. */
  readonly target: string
  /** The API whose path that is. */
  readonly mounted: MountedApi
  kind: RequestKind
  /** The route, once it is found, and what the target says to it. */
  route: Route | undefined
  params: Params = NO_PARAMS
  query: Query = NO_QUERY
  /** Undefined until the caller is known. */
  principal: Principal | undefined
  /** What it may use; undefined if no quota concerns the caller. */
  allowance: Allowance | undefined
  /** Status of the answer that the operation deserves, sent or not; undefined until the operation is done. */
  resultStatus: number | undefined
  /** Code of the error in that answer. */
  code: string | undefined
  /** The caller may not do this, whatever the answer says. */
  isDenied = false
  /** Why no answer was sent. */
  silence: 'CLIENT_GONE' | 'UPLOAD_ABANDONED' | 'SHUTTING_DOWN' = 'CLIENT_GONE'
  /** What it holds of a byte budget until it is over. */
  reservation: BudgetReservation | undefined
  /** Gives the memory of its answer back, if the client has taken all of it. */
  recycle: (() => void) | undefined
  /** Asked to be stored, or returned. */
  records: number | undefined
  /** Taken at the beginning: a connection that is gone has none. */
  readonly address: string | undefined
  /** Of the route, once that is found. */
  meter: RouteMeter | undefined
  /** Where requests are traced. */
  trace: RequestTrace | undefined
  bytesIn = 0
  bytesOut = 0
  /** The body broke off, and why. */
  interruption: GatewayError | undefined
  readonly #host: ExchangeHost
  #onInterrupt: ((error: GatewayError) => void) | undefined
  #abort: AbortController | undefined
  #wasPermitted = false
  #begun = false
  #ended = false
  #settled = false

  constructor(
    request: HttpRequest,
    response: HttpResponse,
    body: RequestBody,
    connection: Connection,
    apis: Apis,
    host: ExchangeHost
  ) {
    this.request = request
    this.response = response
    this.requestBody = body
    this.connection = connection
    this.#host = host
    this.target = targetOf(request)
    this.mounted = apis.at(this.target)
    this.kind = this.mounted.api.kind ?? 'call'
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

  get takesAnyType(): boolean {
    return this.route?.body.kind === 'whole' && this.route.body.types === ANY_TYPE
  }

  get headers(): IncomingHttpHeaders {
    return this.request.headers
  }

  /** Whether the handler has asked for permission. */
  get wasPermitted(): boolean {
    return this.#wasPermitted
  }

  get signal(): AbortSignal {
    this.#abort ??= new AbortController()
    if (this.isOrphaned) this.stop('gone')
    return this.#abort.signal
  }

  /** Tells a handler that nobody waits for more of its answer. */
  stop(reason: EndReason): void {
    this.#abort?.abort(reason)
  }

  body(): Body | Promise<Body> {
    return readBody(this, this.#host)
  }

  pieces(): AsyncIterable<Buffer> {
    return bodyPieces(this)
  }

  permit(operation: Operation, resource: Resource, name: string): void {
    this.#wasPermitted = true
    requirePermission(this.#caller, operation, resource, name)
  }

  may(operation: Operation, kind: ResourceKind, name: string): boolean {
    this.#wasPermitted = true
    return this.#caller.access.allows(operation, kind, name)
  }

  charge(records: number, bytes: number): void {
    this.records = records
    this.allowance?.charge({ records, bytes })
  }

  reserve(): void {
    this.allowance?.reserve()
  }

  settle(records: number, bytes: number): void {
    this.records = records
    this.allowance?.settle({ records, bytes })
  }

  chargeAfter(records: number, bytes: number): void {
    this.records = (this.records ?? 0) + records
    this.allowance?.chargeAfter({ records, bytes })
  }

  hold(bytes: number, budget: ByteBudget = this.#host.budget): void {
    this.reservation ??= new BudgetReservation(budget)
    this.reservation.raiseTo(bytes)
  }

  begin(): Call {
    this.requireClient()
    this.#begun = true
    return {
      principal: this.#caller,
      deadline: Deadline.after(this.#host.limits.requestTimeoutMs),
      trace: this.trace
    }
  }

  /** The operation will not be awaited, nor the client. */
  giveUp(): void {
    if (!this.#settled && this.#begun) this.code = 'OUTCOME_UNKNOWN'
    this.settleOutcome()
    this.end()
  }

  /** Throws ClientGone if nobody waits for the answer: an operation begins only while its caller is there. */
  requireClient(): void {
    if (this.isOrphaned) throw new ClientGone()
  }

  /** The answer was handed over, or the client is gone. */
  end(): void {
    if (this.#ended) return
    this.#ended = true
    this.stop('gone')
    if (this.#settled) this.#over()
    this.connection.finish(this)
  }

  /** The operation is done, or will not be awaited: its outcome is known as far as it ever will be. */
  settleOutcome(): void {
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

  /** Tells whoever reads the body, now or later, that the rest of it will not come. */
  interrupt(error: GatewayError): void {
    this.interruption = error
    this.#onInterrupt?.(error)
  }

  onInterrupt(callback: (error: GatewayError) => void): void {
    this.#onInterrupt = callback
  }

  get #caller(): Principal {
    if (this.principal === undefined) throw new Error('A handler was reached without admission')
    return this.principal
  }

  #over(): void {
    this.allowance?.leave()
    this.reservation?.release()
    // If the client left, compression may still be reading: the memory is then left to the garbage collector.
    if (this.recycle !== undefined && this.response.writableFinished) this.recycle()
    this.#host.over(this)
  }
}

/** The body of which bytes are still to come; undefined where it has arrived, or there is none. */
export function bodyUnderWay({ request: { complete, headers }, requestBody: body }: Exchange): BodyStream | undefined {
  if (complete || Buffer.isBuffer(body)) return undefined
  const hasBody = headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0
  return hasBody ? body : undefined
}
