import { createServer as createPlainServer, type Server } from 'node:http'
import { createServer as createSecureServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import type { Duplex } from 'node:stream'
import { Gate, type GateOptions } from './gate.ts'
import { answerSocketError } from './socket-errors.ts'

export interface HttpServerOptions extends Omit<GateOptions, 'secure'> {
  /** PEM certificate chain and key, or `none` for plain HTTP. */
  readonly tls: { readonly cert: string | Buffer; readonly key: string | Buffer } | 'none'
}

/** How often slow requests are looked for. */
const TIMEOUT_CHECK_MS = 500

/** The listeners of the gateway, all behind one gate. */
export class HttpFront {
  readonly #options: HttpServerOptions
  readonly #gate: Gate
  readonly #servers: Server[] = []

  constructor(options: HttpServerOptions) {
    this.#options = options
    this.#gate = new Gate({ ...options, secure: options.tls !== 'none' })
  }

  /** Returns the port: with several hosts all take the one that the first was given. Rejects when it is in use. */
  async listen(hosts: readonly string[], port: number): Promise<number> {
    let bound = port
    for (const host of hosts) {
      const server = this.#newServer()
      await new Promise<void>((resolve, reject) => {
        server.once('error', reject)
        server.listen({ host, port: bound }, () => {
          server.removeListener('error', reject)
          resolve()
        })
      })
      this.#servers.push(server)
      bound = (server.address() as AddressInfo).port
    }
    return bound
  }

  /** Stops accepting, answers what was accepted, then closes; what is not done after `graceMs` is cut off. */
  async close(graceMs: number): Promise<void> {
    const closed = this.#servers.map(server => new Promise<void>(resolve => server.close(() => resolve())))
    let timer: NodeJS.Timeout | undefined
    const grace = new Promise<void>(resolve => (timer = setTimeout(resolve, graceMs)))
    await Promise.race([this.#gate.drain(), grace])
    for (const server of this.#servers) server.closeIdleConnections()
    await Promise.race([Promise.all(closed), Promise.race([grace, afterAnswers()])])
    clearTimeout(timer)
    for (const server of this.#servers) server.closeAllConnections()
    await Promise.all(closed)
  }

  #newServer(): Server {
    const { limits, tls } = this.#options
    const http = {
      maxHeaderSize: limits.headerBytes,
      headersTimeout: Math.min(limits.headersTimeoutMs, limits.bodyTimeoutMs),
      requestTimeout: limits.bodyTimeoutMs,
      keepAliveTimeout: limits.keepAliveTimeoutMs,
      connectionsCheckingInterval: TIMEOUT_CHECK_MS,
      noDelay: true
    }
    const server = tls === 'none' ? createPlainServer(http) : createSecureServer({ ...http, ...tls, minVersion: 'TLSv1.2' })
    server.maxConnections = limits.connections
    server.on('request', (request, response) => this.#gate.handle(request, response))
    server.on('checkContinue', (request, response) => this.#gate.handle(request, response, true))
    server.on('checkExpectation', (request, response) => this.#gate.handle(request, response))
    server.on('clientError', (error, socket) => answerSocketError(error, socket))
    server.on('connect', (_request, socket: Duplex) => answerSocketError(new Error('CONNECT is not served'), socket))
    server.on('drop', () => this.#options.log.warn({ limit: limits.connections }, 'A connection was refused: limits.connections is reached'))
    return server
  }
}

/** Time for clients to take the answers that were just written. */
function afterAnswers(): Promise<void> {
  return new Promise(resolve => setTimeout(resolve, 200))
}
