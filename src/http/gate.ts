import type { Gatekeeper } from '../auth/gatekeeper.ts'
import type { CorsConfig, LimitsConfig, QuotasConfig } from '../config/schema.ts'
import type { ByteBudget } from '../core/byte-budget.ts'
import { GatewayError } from '../core/errors.ts'
import { Bag } from '../core/lib/bag.ts'
import type { Log, RequestLog } from '../core/log.ts'
import { type Meter, noMeter } from '../core/meter.ts'
import type { Tracer } from '../core/tracing.ts'
import type { Gateway } from '../gateway/gateway.ts'
import { logRequest } from './access-log.ts'
import { auditEntry } from './audit.ts'
import type { Connection } from './connections.ts'
import { Cors } from './cors.ts'
import { docsPages, type DocsOptions } from './docs/pages.ts'
import { errorReply, toGatewayError } from './error-reply.ts'
import { bodyUnderWay, ClientGone, Exchange, type Reply } from './exchange.ts'
import { healthReply, isHealth } from './health.ts'
import type { HttpRequest, HttpResponse, RequestBody } from './messages.ts'
import { apiDescription } from './openapi/page.ts'
import { PublicPages } from './public-pages.ts'
import { Quotas } from './quotas/quotas.ts'
import { RepeatedWarnings } from '../core/lib/repeated-warnings.ts'
import { Router } from './router.ts'
import { RequestMeters } from './request-meters.ts'
import { sendReply } from './send-reply.ts'
import { requireHost } from './target.ts'
import { v1Routes } from '../api/v1/routes.ts'

export interface GateOptions {
  readonly gateway: Gateway
  readonly gatekeeper: Pick<Gatekeeper, 'admit' | 'ready'>
  readonly limits: LimitsConfig
  readonly budget: ByteBudget
  readonly log: Log & RequestLog
  readonly secure: boolean
  readonly quotas: QuotasConfig
  /** The one name of each issuer that has several; none has when left out. */
  readonly issuers?: ReadonlyMap<string, string> | undefined
  readonly cors: CorsConfig
  /** No documentation page where left out. */
  readonly docs?: DocsOptions
  /** Takes one line, line break included, for each request but those for health and public pages; undefined where no audit log is kept. */
  readonly audit?: ((line: string) => void) | undefined
  /** False while requests are refused because their audit lines could not be written; all are served when left out. */
  readonly auditable?: (() => boolean) | undefined
  readonly meter?: Meter
  /** Requests are not traced where left out. */
  readonly tracer?: Tracer | undefined
}

/** Requests that one connection may have under way by pipelining. */
const MOST_PIPELINED = 64

/**
 * What every request passes, in this order: pipelining, health, shutting down, public pages, identity and permission, quotas, route, handler, answer, log.
 * No framework stands between: the rules hold for all routes because there is one way through.
 */
export class Gate {
  readonly #options: GateOptions
  readonly #router: Router
  readonly #quotas: Quotas
  readonly #cors: Cors
  readonly #pages: PublicPages
  readonly #refusals: RepeatedWarnings
  readonly #meters: RequestMeters
  /** Requests that are not over. */
  readonly #open = new Bag<Exchange>()
  #draining = false
  #closing = false

  constructor(options: GateOptions) {
    this.#options = options
    this.#refusals = new RepeatedWarnings(options.log)
    this.#cors = new Cors(options.cors)
    this.#quotas = new Quotas(options.quotas, options.issuers)
    const routes = v1Routes(options)
    this.#router = new Router(routes)
    const pages = [apiDescription, ...docsPages(options.docs)]
    this.#pages = new PublicPages(pages)
    this.#meters = new RequestMeters(options.meter ?? noMeter, [...routes, ...pages])
  }

  handle(request: HttpRequest, response: HttpResponse, body: RequestBody, connection: Connection): void {
    // What follows a refusal that closes the connection will not be answered: it must not be done either.
    if (connection.closing) return
    const exchange = new Exchange(request, response, body, connection, this.#over)
    this.#open.add(exchange)
    this.#meters.begin()
    void this.#answer(exchange)
  }

  /** Requests that are not over. */
  get openRequests(): number {
    return this.#open.size
  }

  /** While draining, readiness says no, so that balancers send nothing more; what comes all the same is served. */
  drain(draining: boolean): void {
    this.#draining = draining
  }

  /** From now on new requests are refused, and no connection is kept alive. */
  close(): void {
    this.#closing = true
  }

  /** Call before the connections are cut off. Returns the number of requests that lose their answer, or the rest of it. */
  cutOff(): number {
    let count = 0
    for (const exchange of this.#open.members()) {
      if (exchange.ended) continue
      exchange.silence = 'SHUTTING_DOWN'
      count++
    }
    return count
  }

  /** Puts on record what nobody waits for any more: operations that are not done by now will not be. */
  end(): void {
    for (const exchange of this.#open.members()) exchange.giveUp()
  }

  async #answer(exchange: Exchange): Promise<void> {
    try {
      const sending = this.#send(exchange, await this.#replyTo(exchange))
      if (sending !== undefined) await sending
    } catch (thrown) {
      if (!(thrown instanceof ClientGone)) await this.#fail(exchange, toGatewayError(thrown))
    }
    exchange.settle()
  }

  async #fail(exchange: Exchange, error: GatewayError): Promise<void> {
    const upload = error.code === 'BAD_REQUEST' ? bodyUnderWay(exchange) : undefined
    if (upload?.request.destroyed === true) return exchange.abandon()
    exchange.principal ??= error.principal
    exchange.isDenied = error.hides
    this.#logCause(exchange, error)
    await this.#sendError(exchange, error)
    if (upload !== undefined && exchange.connection.socket.readableEnded) exchange.abandon()
  }

  async #sendError(exchange: Exchange, error: GatewayError): Promise<void> {
    try {
      await this.#send(exchange, errorReply(error))
    } catch {
      exchange.response.destroy()
    }
  }

  async #replyTo(exchange: Exchange): Promise<Reply> {
    const { request, connection, target } = exchange
    const method = request.method ?? 'GET'
    const page = this.#pages.at(target)
    if (isHealth(target)) exchange.kind = 'probe'
    else if (page !== undefined) exchange.kind = 'page'
    if (connection.openExchanges > MOST_PIPELINED) {
      throw new GatewayError('OVERLOADED', `More than ${MOST_PIPELINED} requests are under way on this connection.`, {
        headers: { Connection: 'close' }
      })
    }
    requireHost(request)
    const health = healthReply(method, target, () => this.#ready())
    if (health !== undefined) {
      exchange.meter = this.#meters.health
      return health
    }
    this.#trace(exchange, method)
    const preflight = this.#cors.preflight(method, request.headers)
    if (preflight !== undefined) return preflight
    if (this.#closing) throw new GatewayError('SHUTTING_DOWN', 'The gateway is being stopped.')
    if (page !== undefined) {
      exchange.meter = this.#meters.of(page)
      return this.#pages.reply(page, exchange)
    }
    if (this.#options.auditable?.() === false)
      throw new GatewayError('AUDIT_UNAVAILABLE', 'The request cannot be recorded in the audit log, and so is refused.')
    const admitted = this.#options.gatekeeper.admit(request.headers.authorization)
    this.#meters.judged(!(admitted instanceof Promise))
    exchange.principal = admitted instanceof Promise ? await admitted : admitted
    exchange.requireClient()
    exchange.allowance = this.#quotas.admit(exchange.principal)
    const { route, params, query } = this.#router.find(method, target)
    exchange.meter = this.#meters.of(route)
    exchange.route = route
    return route.handle(exchange, params, query)
  }

  readonly #over = (exchange: Exchange): void => {
    const { log, audit } = this.#options
    this.#open.delete(exchange)
    this.#meters.end(exchange)
    logRequest(log, exchange)
    // Lines of requests that were refused for want of room must not take the place of those that were served.
    if (audit !== undefined && exchange.kind === 'call' && exchange.code !== 'AUDIT_UNAVAILABLE')
      audit(`${JSON.stringify(auditEntry(exchange, this.#router))}\n`)
    const { trace, route, status } = exchange
    trace?.end({ path: route && `${route.method} ${route.path}`, status, code: exchange.reason })
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

  #ready(): boolean {
    const { gateway, gatekeeper } = this.#options
    return !this.#draining && !this.#closing && gateway.ready() && gatekeeper.ready()
  }

  #send(exchange: Exchange, reply: Reply): void | Promise<void> {
    const { budget, secure } = this.#options
    const { allowance, request } = exchange
    exchange.resultStatus = reply.status
    exchange.code = reply.code
    const added =
      allowance === undefined && !this.#cors.isOn
        ? undefined
        : { ...this.#cors.headers(request.headers), ...allowance?.headers() }
    const whole = added === undefined ? reply : { ...reply, headers: { ...added, ...reply.headers } }
    return sendReply(exchange, whole, { budget, secure, last: this.#closing })
  }

  #logCause({ id }: Exchange, error: GatewayError): void {
    const { log } = this.#options
    if (error.code === 'INTERNAL_ERROR')
      log.error({ requestId: id, err: error.cause ?? error }, 'A request failed inside the gateway')
    else if (error.status === 401 || error.code === 'NOT_PERMITTED' || error.code === 'KAFKA_UNAVAILABLE')
      this.#refusals.warn(error.code, { requestId: id, code: error.code, detail: error.detail }, error.message)
    else if (error.detail !== undefined)
      log.warn({ requestId: id, code: error.code, detail: error.detail }, error.message)
  }
}
