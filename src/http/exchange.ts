import type { IncomingHttpHeaders } from 'node:http'
import type { ByteBudget } from '../core/byte-budget.ts'
import { Deadline } from '../core/deadline.ts'
import type { GatewayError } from '../core/errors.ts'
import type { SwapRemoveMember } from '../core/lib/swap-remove-set.ts'
import type { RouteMeter } from '../core/meter.ts'
import type { Call, Operation, Principal, ResourceKind } from '../core/principal.ts'
import type { RequestTrace } from '../core/tracing.ts'
import type { Addresses } from './addresses.ts'
import type { Apis, MountedApi } from './api.ts'
import { readBody, type Upload } from './body.ts'
import { BudgetReservation } from './budget-reservation.ts'
import type { Body, BodyFlow, EndReason, HttpCall, Params, PieceTaker, Query, Resource } from './call.ts'
import { ClientGone } from './client-gone.ts'
import type { Connection, OpenRequest } from './connections.ts'
import type { HttpRequest, HttpResponse, RequestBody } from './messages.ts'
import { requirePermission } from './permission.ts'
import { ChargedCall } from './quotas/charged-call.ts'
import { receiveBody } from './receive-body.ts'
import { requestId } from './request-id.ts'
import { type RequestKind, type Route } from './route.ts'
import { NO_PARAMS, NO_QUERY } from './router.ts'
import type { Resources } from './shares.ts'
import { waitAs } from './waiting.ts'

/** What all exchanges of a front share. */
export interface ExchangeHost extends Resources {
  readonly limits: Resources['limits'] & { readonly requestTimeoutMs: number }
  /** Called once for each exchange, when it is over. */
  over(exchange: Exchange): void
  readonly addresses: Pick<Addresses, 'clientOf' | 'targetOf' | 'baseOf'>
}

/**
 * One request with its answer and its outcome. It is over when two things have happened, in either order: the answer was sent
 * or the client left ({@link Exchange.end}), and the operation is done ({@link Exchange.settleOutcome}).
 */
export class Exchange extends ChargedCall implements HttpCall, OpenRequest, Upload, SwapRemoveMember {
  readonly request: HttpRequest
  readonly headers: IncomingHttpHeaders
  readonly response: HttpResponse
  readonly requestBody: RequestBody
  readonly connection: Connection
  /** From `X-Request-Id` if that is valid, else generated. Every answer carries it. */
  readonly id: string
  readonly startedMs = performance.now()
  /** Among the requests that are not over. */
  indexInSet = -1
  /** Path and query, without the configured prefix. Routing, log and audit use this alone. */
  readonly target: string
  /** The API that the path belongs to. */
  readonly mounted: MountedApi
  kind: RequestKind
  /** Undefined until the route is found, as are its meter and parameters. */
  route: Route | undefined
  meter: RouteMeter | undefined
  params: Params = NO_PARAMS
  query: Query = NO_QUERY
  /** Undefined until the caller is authenticated. */
  principal: Principal | undefined
  /** For the next proof of possession (RFC 9449 §8.2); undefined unless that of this request is about to end. */
  nextNonce: string | undefined
  /** Public id of a credential that was refused. */
  credentialId: string | undefined
  /** Status that the operation resulted in, whether or not it was sent; undefined until the operation is done. */
  resultStatus: number | undefined
  /** Code of the error in that answer. */
  code: string | undefined
  /** The gate or the handler has checked a permission. */
  wasPermitted = false
  /** The caller had no permission, though the answer may say 404. */
  isDenied = false
  /** Why no answer was sent. */
  silence: 'CLIENT_GONE' | 'UPLOAD_ABANDONED' | 'SHUTTING_DOWN' = 'CLIENT_GONE'
  /** What it takes from; the caller's part, once the caller is known. */
  resources: Resources
  /** Bytes of a budget that it holds until it is over. */
  reservation: BudgetReservation | undefined
  /** Gives the memory of its answer back. */
  recycle: (() => void) | undefined
  /** Is told whether the last byte of the answer was handed over. */
  answerEnded: ((isWhole: boolean) => void) | undefined
  /** The last topic that permission was asked for. */
  topic: string | undefined
  /** Read at the beginning: a closed socket has no address. */
  readonly address: string | undefined
  trace: RequestTrace | undefined
  bytesIn = 0
  bytesOut = 0
  /** The answer was sent, or the client left. */
  ended = false
  /** Whether it became a WebSocket, and whether that was closed in order. */
  upgraded: 'no' | 'open' | 'closed' = 'no'
  /** Why the rest of the body will not come. */
  interruption: GatewayError | undefined
  readonly #host: ExchangeHost
  #onInterrupt: ((error: GatewayError) => void) | undefined
  #abort: AbortController | undefined
  #leaveStream: (() => void) | undefined
  #endReason: EndReason | undefined
  #begun = false
  #settled = false

  constructor(
    request: HttpRequest,
    response: HttpResponse,
    body: RequestBody,
    connection: Connection,
    apis: Apis,
    host: ExchangeHost
  ) {
    super()
    this.request = request
    this.headers = request.headers
    this.response = response
    this.requestBody = body
    this.connection = connection
    this.#host = host
    this.resources = host
    this.target = host.addresses.targetOf(request)
    this.mounted = apis.at(this.target)
    this.kind = this.mounted.api.kind ?? 'call'
    this.address = host.addresses.clientOf(connection.address, request.headers)
    this.id = requestId(request.headers['x-request-id'])
    connection.begin(this)
    response.once('close', () => this.end())
  }

  /** True if nobody can receive an answer. A socket is destroyed one turn before its close event, so look at it too. */
  get isOrphaned(): boolean {
    return this.ended || this.connection.socket.destroyed
  }

  /** Status that was sent; null if none was. */
  get status(): number | null {
    const { response } = this
    if (this.upgraded !== 'no') return 101
    return response.headersSent && this.silence !== 'UPLOAD_ABANDONED' ? response.statusCode : null
  }

  /** Error code of the answer, or why none was sent; undefined after success. */
  get reason(): string | undefined {
    return this.code ?? (this.status === null ? this.silence : undefined)
  }

  get isUpgrade(): boolean {
    return !Buffer.isBuffer(this.requestBody) && this.requestBody.upgrade !== undefined
  }

  /** The method of the route that is meant: the handshake of a WebSocket is always a GET. */
  get routeMethod(): string {
    const upgrade = Buffer.isBuffer(this.requestBody) ? undefined : this.requestBody.upgrade
    return upgrade?.method ?? this.request.method ?? 'GET'
  }

  get takesAnyType(): boolean {
    return this.route?.body.kind === 'whole' && this.route.body.types.includes('*/*')
  }

  get method(): string | undefined {
    return this.request.method
  }

  get base(): string {
    return this.#host.addresses.baseOf(this.request, this.connection.address)
  }

  get signal(): AbortSignal {
    this.#abort ??= new AbortController()
    if (this.isOrphaned) this.stop('gone')
    else if (this.#endReason !== undefined) this.stop(this.#endReason)
    return this.#abort.signal
  }

  /** Aborts {@link signal}, so that the handler stops writing. */
  stop(reason: EndReason): void {
    this.#endReason ??= reason
    this.#abort?.abort(reason)
  }

  body(): Body | Promise<Body> {
    return readBody(this, this.resources)
  }

  receive(taker: PieceTaker): BodyFlow {
    return receiveBody(this, taker)
  }

  setAside(): BudgetReservation {
    return new BudgetReservation(this.resources.budget)
  }

  offerNonce(nonce: string): void {
    this.nextNonce = nonce
  }

  permit(operation: Operation, resource: Resource, name: string): void {
    this.wasPermitted = true
    if (resource.kind === 'topic') this.topic = name
    requirePermission(this.#caller, operation, resource, name)
  }

  may(operation: Operation, kind: ResourceKind, name: string): boolean {
    this.wasPermitted = true
    return this.#caller.access.allows(operation, kind, name)
  }

  beginStream(client: 'reads' | 'writes'): void {
    this.allowance?.occupy('streams')
    const leave = client === 'reads' ? () => this.stop('gone') : undefined
    this.#leaveStream = this.resources.streams.enter(this.connection, leave)
  }

  hold(bytes: number, budget: ByteBudget = this.resources.budget): void {
    this.reservation ??= new BudgetReservation(budget)
    this.reservation.raiseTo(bytes)
  }

  waiting(wait: () => Promise<void>): Promise<void> {
    this.reservation?.empty()
    return waitAs(this.allowance, this.connection, () => this.stop('gone'), wait)
  }

  begin(): Call {
    this.requireClient()
    this.#begun = true
    return { principal: this.#caller, deadline: Deadline.after(this.#host.limits.requestTimeoutMs), trace: this.trace }
  }

  /** Ends the exchange without waiting for its operation or its client. */
  giveUp(): void {
    if (!this.#settled && this.#begun) this.code = 'OUTCOME_UNKNOWN'
    this.settleOutcome()
    this.end()
  }

  /** Throws ClientGone if the client has left. */
  requireClient(): void {
    if (this.isOrphaned) throw new ClientGone()
  }

  /** Reports that the answer was sent, or that the client left. */
  end(): void {
    if (this.ended) return
    this.ended = true
    this.answerEnded?.(this.response.writableFinished)
    this.stop('gone')
    if (this.#settled) this.#over()
    this.connection.finish(this)
  }

  /** Reports that the operation is done, or will not be awaited: no more will be known of its outcome. */
  settleOutcome(): void {
    if (this.#settled) return
    this.#settled = true
    if (this.ended) this.#over()
  }

  /** Records that the connection ended within the body: the answer to that has no reader, and counts as none. */
  abandon(): void {
    if (this.silence === 'CLIENT_GONE') this.silence = 'UPLOAD_ABANDONED'
    this.resultStatus = undefined
    this.code = undefined
  }

  /** Tells the reader of the body, now or later, that the rest will not come. */
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
    this.#leaveStream?.()
    this.reservation?.release()
    // If the client left, gzip may still be reading from this memory: leave it to the garbage collector.
    if (this.recycle !== undefined && this.response.writableFinished) this.recycle()
    this.#host.over(this)
  }
}
