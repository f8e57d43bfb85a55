import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Gatekeeper } from '../auth/gatekeeper.ts'
import type { LimitsConfig } from '../config/schema.ts'
import type { ByteBudget } from '../core/byte-budget.ts'
import { GatewayError } from '../core/errors.ts'
import type { Log } from '../core/log.ts'
import type { Gateway } from '../gateway/gateway.ts'
import { errorReply, toGatewayError } from './error-reply.ts'
import { Exchange, type Reply } from './exchange.ts'
import { healthReply } from './health.ts'
import { Router } from './router.ts'
import { sendReply } from './send-reply.ts'
import { v1Routes } from './v1/routes.ts'

export interface GateOptions {
  readonly gateway: Gateway
  readonly gatekeeper: Gatekeeper
  readonly limits: LimitsConfig
  readonly budget: ByteBudget
  readonly log: Log
  readonly secure: boolean
}

/** A path in the log is cut here. */
const LOGGED_PATH_CHARACTERS = 512
/** A client that is still sending when its error is answered is listened to for so long, so that it reads the answer. */
const LINGER_MS = 2000

/**
 * What every request passes, in this order: health, shutting down, identity and permission, route, handler, answer, log.
 * No framework stands between: the rules hold for all routes because there is one way through.
 */
export class Gate {
  readonly #options: GateOptions
  readonly #router: Router
  #draining = false
  #open = 0
  #emptied: (() => void) | undefined

  constructor(options: GateOptions) {
    this.#options = options
    this.#router = new Router(v1Routes(options))
  }

  handle(request: IncomingMessage, response: ServerResponse, expectsContinue = false): void {
    const exchange = new Exchange(request, response, expectsContinue)
    this.#open++
    response.once('close', () => this.#closed(exchange))
    this.#setCommonHeaders(exchange)
    void this.#answer(exchange)
  }

  /** New requests are refused from now on; resolves when those accepted before have been answered. */
  async drain(): Promise<void> {
    this.#draining = true
    if (this.#open > 0) await new Promise<void>(resolve => (this.#emptied = resolve))
  }

  #setCommonHeaders({ response, id }: Exchange): void {
    response.setHeader('X-Request-Id', id)
    response.setHeader('Cache-Control', 'no-store')
    response.setHeader('X-Content-Type-Options', 'nosniff')
    if (this.#options.secure) response.setHeader('Strict-Transport-Security', 'max-age=31536000')
    if (this.#draining) response.setHeader('Connection', 'close')
  }

  async #answer(exchange: Exchange): Promise<void> {
    try {
      await this.#send(exchange, await this.#replyTo(exchange))
    } catch (thrown) {
      const error = toGatewayError(thrown)
      this.#logCause(exchange, error)
      if (!exchange.request.complete) lingerBriefly(exchange)
      await this.#send(exchange, errorReply(error)).catch(() => exchange.response.destroy())
    }
  }

  async #replyTo(exchange: Exchange): Promise<Reply> {
    const { request } = exchange
    const method = request.method ?? 'GET'
    const target = targetOf(request)
    const health = healthReply(method, target, () => this.#ready())
    if (health !== undefined) return health
    if (this.#draining) throw new GatewayError('SHUTTING_DOWN', 'The gateway is being stopped.')
    const admitted = this.#options.gatekeeper.admit(request.headers.authorization)
    exchange.principal = admitted instanceof Promise ? await admitted : admitted
    const { route, params, query } = this.#router.find(method, target)
    return route.handle(exchange, params, query)
  }

  #ready(): boolean {
    const { gateway, gatekeeper } = this.#options
    return !this.#draining && gateway.ready() && gatekeeper.ready()
  }

  #send(exchange: Exchange, reply: Reply): Promise<void> {
    const { budget, limits } = this.#options
    return sendReply(exchange, reply, { budget, writeTimeoutMs: limits.writeTimeoutMs })
  }

  #logCause({ id }: Exchange, error: GatewayError): void {
    const { log } = this.#options
    if (error.code === 'INTERNAL_ERROR') log.error({ requestId: id, err: error.cause ?? error }, 'A request failed inside the gateway')
    else if (error.detail !== undefined) log.warn({ requestId: id, code: error.code, detail: error.detail }, error.message)
  }

  #closed(exchange: Exchange): void {
    const { request, response, id, principal, code, bytesIn, bytesOut, startedMs } = exchange
    this.#options.log.info(
      {
        requestId: id,
        method: request.method,
        path: (request.url ?? '').split('?', 1)[0].slice(0, LOGGED_PATH_CHARACTERS),
        status: response.headersSent ? response.statusCode : null,
        ...(code === undefined ? {} : { code }),
        principal: principal.id,
        bytesIn,
        bytesOut,
        ms: Math.round((performance.now() - startedMs) * 10) / 10,
        ...(response.writableFinished ? {} : { aborted: true })
      },
      'request'
    )
    if (--this.#open === 0) this.#emptied?.()
  }
}

/** The absolute form (RFC 9112 §3.2.2) names the same resource as the path in it. */
function targetOf({ url = '/' }: IncomingMessage): string {
  if (url.startsWith('/')) return url
  const slash = url.indexOf('/', url.indexOf('://') + 3)
  return slash < 0 ? '/' : url.slice(slash)
}

function lingerBriefly({ request, response }: Exchange): void {
  request.resume()
  const timer = setTimeout(() => request.socket.destroy(), LINGER_MS).unref()
  request.once('end', () => clearTimeout(timer))
  response.once('close', () => {
    if (request.complete) clearTimeout(timer)
  })
}
