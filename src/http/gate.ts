import type { Authenticator } from '../auth/authenticator.ts'
import { OwnOrigins } from '../auth/own-origins.ts'
import type { CorsConfig, LimitsConfig, QuotasConfig } from '../config/schema.ts'
import type { ByteBudget } from '../core/byte-budget.ts'
import { GatewayError } from '../core/errors.ts'
import { SwapRemoveSet } from '../core/lib/swap-remove-set.ts'
import type { Log, RequestLog } from '../core/log.ts'
import { type Meter, noMeter } from '../core/meter.ts'
import type { Tracer } from '../core/tracing.ts'
import { logRequest } from './access-log.ts'
import { Addresses, type AddressesOptions } from './addresses.ts'
import { type Answer, isWhole, type Reply, type SocketReply, type StreamReply } from './answer.ts'
import { type Api, Apis } from './api.ts'
import { auditEntry } from './audit.ts'
import { bodyUnderWay } from './body.ts'
import { Causes } from './causes.ts'
import { type ClientAddresses, everyPeer } from './client-address.ts'
import { ClientGone } from './client-gone.ts'
import type { Connection } from './connections.ts'
import { Cors } from './cors.ts'
import { toGatewayError } from './error-reply.ts'
import { Exchange, type ExchangeHost } from './exchange.ts'
import { shuttingDown } from './last-words.ts'
import type { HttpRequest, HttpResponse, RequestBody } from './messages.ts'
import { Quotas } from './quotas/quotas.ts'
import { RequestMeters } from './request-meters.ts'
import type { Method, Route } from './route.ts'
import { sendReply } from './send-reply.ts'
import { sendStream } from './send-stream.ts'
import { Shares } from './shares.ts'
import { StreamSlots } from './stream-slots.ts'
import { watchStream } from './stream-watch.ts'
import { requireHost } from './target.ts'
import { openWebSocket } from './websocket/open.ts'

export interface GateOptions extends Pick<AddressesOptions, 'publicUrl' | 'pathPrefix'> {
  /** The APIs to serve; one of them has the prefix `/`. */
  readonly apis: readonly Api[]
  readonly authenticator: Pick<Authenticator, 'authenticate'>
  readonly limits: LimitsConfig
  readonly budget: ByteBudget
  readonly log: Log & RequestLog
  readonly secure: boolean
  readonly quotas: QuotasConfig
  /** How the addresses of clients behind proxies are found; every peer is a client when left out. */
  readonly addresses?: ClientAddresses | undefined
  /** The canonical name of each issuer that has several names. */
  readonly issuers?: ReadonlyMap<string, string> | undefined
  readonly cors: CorsConfig
  /** Request headers that pages may send beside those that every API has. */
  readonly requestHeaders?: readonly string[]
  /** Takes one line, with its line break, for each request except those for health and public pages. No audit log when left out. */
  readonly audit?: ((line: string) => void) | undefined
  /** Returns false while requests must be refused because their audit lines could not be written. */
  readonly auditable?: (() => boolean) | undefined
  readonly meter?: Meter
  /** What one Kafka identity may have of the limits; all when left out. */
  readonly shares?: { readonly inFlightBytes: number; readonly streams: number } | undefined
  /** Requests are not traced when left out. */
  readonly tracer?: Tracer | undefined
}

/** Number of unanswered requests that one connection may have by pipelining. */
const MOST_PIPELINED = 64

/**
 * Takes every request through the same steps, in this order: pipelining, probes, shutdown, public pages, identity, quotas,
 * route, permission, handler, answer, log and audit. There is no other way to a handler, so the rules hold for all APIs.
 */
export class Gate implements ExchangeHost {
  readonly budget: ByteBudget
  readonly limits: LimitsConfig
  readonly streams: StreamSlots
  readonly addresses: Addresses
  readonly #options: GateOptions
  readonly #apis: Apis
  readonly #quotas: Quotas
  readonly #cors: Cors
  readonly #causes: Causes
  readonly #origins: OwnOrigins
  readonly #meters: RequestMeters
  readonly #shares: Shares | undefined
  /** Exchanges that are not over. */
  readonly #open = new SwapRemoveSet<Exchange>()
  #closing = false

  constructor(options: GateOptions) {
    this.budget = options.budget
    this.limits = options.limits
    this.streams = new StreamSlots(options.limits.streams)
    this.addresses = new Addresses({ ...options, clients: options.addresses ?? everyPeer })
    this.#options = options
    this.#shares = options.shares && new Shares(this, options.shares)
    this.#apis = new Apis(options.apis)
    this.#causes = new Causes(options.log)
    this.#origins = new OwnOrigins(options.cors.origins, options.secure)
    this.#cors = new Cors(options.cors, this.methods, options.requestHeaders)
    this.#quotas = new Quotas(options.quotas, options.issuers)
    this.#meters = new RequestMeters(options.meter ?? noMeter, options.apis)
  }

  handle(request: HttpRequest, response: HttpResponse, body: RequestBody, connection: Connection): void {
    // A request after an answer that closes the connection gets no answer, so it must not be executed.
    if (connection.closing) return
    const exchange = new Exchange(request, response, body, connection, this.#apis, this)
    this.#open.add(exchange)
    this.#meters.begin()
    void this.#answer(exchange)
  }

  /** Methods that at least one route has. */
  get methods(): readonly string[] {
    return this.#apis.methods
  }

  /** Returns the answer for an error that belongs to no request. */
  errorReply(error: GatewayError): Reply {
    return this.#apis.last.api.error(error)
  }

  /** Returns whether the answer will be a stream, which the direct path cannot send. */
  willStream(method: string, target: string): boolean {
    const path = this.addresses.withoutPrefix(target)
    return this.#apis.at(path).willStream(method, path)
  }

  /** Returns the method of the route that answers a request with a WebSocket; undefined if none does. */
  upgradeMethod(target: string): Method | undefined {
    return this.#apis.at(target).upgradeMethod(target)
  }

  /** Number of requests that are not over. */
  get openRequests(): number {
    return this.#open.size
  }

  /** Refuses new requests from now on, keeps no connection alive and ends streams. */
  close(): void {
    this.#closing = true
    for (const exchange of this.#open.members()) exchange.stop('stopping')
  }

  /** Call before closing the connections. Returns how many requests lose their answer, or the rest of it. */
  cutOff(): number {
    let count = 0
    for (const exchange of this.#open.members()) {
      if (exchange.ended) continue
      exchange.silence = 'SHUTTING_DOWN'
      count++
    }
    return count
  }

  /** Records the requests that are not over: nobody waits for their operations any more. */
  end(): void {
    for (const exchange of this.#open.members()) exchange.giveUp()
  }

  async #answer(exchange: Exchange): Promise<void> {
    try {
      const answer = await this.#answerTo(exchange)
      const sending = isWhole(answer) ? this.#send(exchange, answer) : this.#stream(exchange, answer)
      if (sending !== undefined) await sending
    } catch (thrown) {
      if (!(thrown instanceof ClientGone)) await this.#fail(exchange, toGatewayError(thrown))
    }
    exchange.settleOutcome()
  }

  async #fail(exchange: Exchange, error: GatewayError): Promise<void> {
    const upload = error.code === 'BAD_REQUEST' ? bodyUnderWay(exchange) : undefined
    if (upload?.request.destroyed === true) return exchange.abandon()
    exchange.principal ??= error.principal
    exchange.credentialId = error.credentialId
    exchange.isDenied = error.hides
    this.#causes.log(exchange.id, error)
    await this.#sendError(exchange, error)
    if (upload !== undefined && exchange.connection.socket.readableEnded) exchange.abandon()
  }

  async #sendError(exchange: Exchange, error: GatewayError): Promise<void> {
    // The client must be able to tell that a streamed answer is incomplete.
    if (exchange.response.headersSent || exchange.upgraded !== 'no') {
      exchange.code = error.code
      exchange.response.destroy()
      return
    }
    try {
      await this.#send(exchange, exchange.mounted.api.error(error, exchange))
    } catch {
      exchange.response.destroy()
    }
  }

  async #answerTo(exchange: Exchange): Promise<Answer> {
    const { request, routeMethod: method, connection, target, mounted } = exchange
    const publicKind = mounted.publicKindOf(target)
    if (publicKind !== undefined) exchange.kind = publicKind
    if (connection.openExchanges > MOST_PIPELINED) {
      throw new GatewayError('OVERLOADED', `More than ${MOST_PIPELINED} requests are under way on this connection.`, {
        headers: { Connection: 'close' }
      })
    }
    requireHost(request)
    if (publicKind === 'probe') return this.#route(exchange, method).handle(exchange)
    this.#trace(exchange, method)
    const preflight = this.#cors.preflight(method, request.headers)
    if (preflight !== undefined) return preflight
    if (this.#closing) throw shuttingDown()
    if (publicKind !== undefined) return this.#route(exchange, method).handle(exchange)
    if (this.#options.auditable?.() === false)
      throw new GatewayError('AUDIT_UNAVAILABLE', 'The request cannot be recorded in the audit log, and so is refused.')
    const admitted = this.#options.authenticator.authenticate(exchange)
    this.#meters.judged(!(admitted instanceof Promise))
    exchange.principal = admitted instanceof Promise ? await admitted : admitted
    connection.authenticated = true
    if (this.#shares !== undefined) exchange.resources = this.#shares.enter(exchange.principal)
    exchange.requireClient()
    if (exchange.isUpgrade) this.#origins.refuseForeign(exchange)
    exchange.allowance = this.#quotas.admit(exchange.principal)
    const route = this.#route(exchange, method)
    const { permission } = route
    if (typeof permission === 'object')
      exchange.permit(permission.operation, permission.resource, permission.resource.nameIn(exchange.params))
    const answering = route.handle(exchange)
    const answer = answering instanceof Promise ? await answering : answering
    if (permission === 'inHandler' && !exchange.wasPermitted && answer.status < 400)
      throw new Error(`${route.method} ${route.path} answered without asking for permission`)
    return answer
  }

  /** Finds the route of an exchange and stores it there. Throws what {@link Router.find} throws. */
  #route(exchange: Exchange, method: string): Route {
    const { route, params, query } = exchange.mounted.router.find(method, exchange.target)
    exchange.meter = this.#meters.of(route)
    exchange.route = route
    exchange.params = params
    exchange.query = query
    return route
  }

  async #stream(exchange: Exchange, answer: StreamReply | SocketReply): Promise<void> {
    exchange.resultStatus = answer.status
    const stopWatching = watchStream(exchange, this.#options.authenticator, recorded => this.#record(recorded))
    try {
      if ('talk' in answer) return await openWebSocket(exchange, answer)
      const headers = { ...this.#addedHeaders(exchange), ...answer.headers }
      await sendStream(exchange, { ...answer, headers }, this.#options.secure)
    } finally {
      stopWatching()
    }
  }

  over(exchange: Exchange): void {
    this.#open.delete(exchange)
    this.#shares?.leave(exchange.resources)
    this.#meters.end(exchange)
    this.#record(exchange)
    const { trace, route, status } = exchange
    trace?.end({ path: route && `${route.method} ${route.path}`, status, code: exchange.reason })
  }

  /** Writes the access and audit lines of a request that is over, or of an open stream. */
  #record(exchange: Exchange): void {
    const { log, audit } = this.#options
    logRequest(log, exchange)
    // A request refused because the audit log is full must not fill it further.
    if (audit !== undefined && exchange.kind === 'call' && exchange.code !== 'AUDIT_UNAVAILABLE')
      audit(`${JSON.stringify(auditEntry(exchange))}\n`)
  }

  #trace(exchange: Exchange, method: string): void {
    const { tracer } = this.#options
    if (tracer === undefined) return
    const { traceparent, tracestate } = exchange.request.headers
    const state = Array.isArray(tracestate) ? tracestate.join(',') : tracestate
    exchange.trace = tracer.begin(
      method,
      typeof traceparent === 'string' ? traceparent : undefined,
      state,
      exchange.startedMs
    )
  }

  #send(exchange: Exchange, reply: Reply): void | Promise<void> {
    const { secure } = this.#options
    const { budget } = exchange.resources
    exchange.resultStatus = reply.status
    exchange.code = reply.code
    const added = this.#addedHeaders(exchange)
    const whole = added === undefined ? reply : { ...reply, headers: { ...added, ...reply.headers } }
    return sendReply(exchange, whole, { budget, secure, last: this.#closing })
  }

  #addedHeaders({ allowance, request, nextNonce }: Exchange): Readonly<Record<string, string>> | undefined {
    if (allowance === undefined && nextNonce === undefined && !this.#cors.isOn) return undefined
    const nonce = nextNonce === undefined ? undefined : { 'DPoP-Nonce': nextNonce }
    return { ...this.#cors.headers(request.headers), ...allowance?.headers(), ...nonce }
  }
}
