import { constants, type X509Certificate } from 'node:crypto'
import { createServer as createPlainServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { createServer as createSecureServer, Server as SecureServer } from 'node:https'
import type { Socket } from 'node:net'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { TLSSocket } from 'node:tls'
import type { ClientCertificate } from '../auth/certificates/client-certificate.ts'
import type { GatewayError } from '../core/errors.ts'
import { RepeatedWarnings } from '../core/lib/repeated-warnings.ts'
import { noMeter } from '../core/meter.ts'
import { Connections, type WhenFull } from './connections.ts'
import { DirectPath } from './direct/direct-path.ts'
import { Gate, type GateOptions } from './gate.ts'
import { onParseFailure, type ParserError, refuseTunnel } from './parse-failure.ts'
import { ProxyProtocol } from './proxy-protocol.ts'
import { TlsFailures } from './tls-failures.ts'
import { asksForWebSocket, beginUpgrade } from './websocket/upgrade.ts'

/** PEM certificate chain and key. */
export interface KeyPair {
  readonly cert: string | Buffer
  readonly key: string | Buffer
  /** Authorities of clients. A certificate of another one breaks off no handshake. */
  readonly ca?: string | Buffer
  /** Revocation lists of those authorities. */
  readonly crl?: string | Buffer
}

export interface HttpServerOptions extends Omit<GateOptions, 'secure'> {
  /** `none`: plain HTTP. */
  readonly tls: KeyPair | 'none'
  /** What becomes of a connection beyond `limits.connections`; `refuse` when left out. */
  readonly whenFull?: WhenFull
  /** Judges the certificate that a client presented in TLS. Without it clients are not asked for one. */
  readonly readCertificate?:
    | ((certificate: X509Certificate, distrust: string | undefined) => ClientCertificate | undefined)
    | undefined
  /** Networks of balancers, if every connection comes from one of them and begins with a PROXY header. */
  readonly proxyProtocolFrom?: readonly string[] | undefined
}

/**
 * The suites of TLS 1.3, and those of TLS 1.2 with forward secrecy and authenticated encryption. Node's default list also has
 * static RSA and CBC.
 */
const CIPHERS = [
  'TLS_AES_256_GCM_SHA384',
  'TLS_CHACHA20_POLY1305_SHA256',
  'TLS_AES_128_GCM_SHA256',
  'ECDHE-ECDSA-AES128-GCM-SHA256',
  'ECDHE-RSA-AES128-GCM-SHA256',
  'ECDHE-ECDSA-AES256-GCM-SHA384',
  'ECDHE-RSA-AES256-GCM-SHA384',
  'ECDHE-ECDSA-CHACHA20-POLY1305',
  'ECDHE-RSA-CHACHA20-POLY1305'
].join(':')
const TLS_RULES = {
  minVersion: 'TLSv1.2',
  ciphers: CIPHERS,
  honorCipherOrder: true,
  // Renegotiation could change the client's certificate under way.
  secureOptions: constants.SSL_OP_NO_RENEGOTIATION
} as const
/** TCP keep-alive, which finds clients that vanished without closing. */
const KEEP_ALIVE_MS = 60_000
/** Interval at which Node checks for slow requests. */
const TIMEOUT_CHECK_MS = 500
/** Interval at which closing looks for idle connections. */
const IDLE_CHECK_MS = 50
/** While closing, how long a connection must be idle: a request may be on its way, and should get an answer that says so. */
const IDLE_MS = 500

/** Listeners on one or more addresses, all behind one gate. */
export class HttpFront {
  readonly #options: HttpServerOptions
  readonly #secure: boolean
  readonly #gate: Gate
  readonly #connections: Connections
  readonly #servers: Server[] = []
  readonly #directPaths: DirectPath[] = []
  readonly #failures: RepeatedWarnings
  readonly #proxyProtocol: ProxyProtocol | undefined

  constructor(options: HttpServerOptions) {
    const { limits, log } = options
    this.#options = options
    this.#secure = options.tls !== 'none'
    this.#failures = new RepeatedWarnings(log)
    this.#gate = new Gate({ ...options, secure: this.#secure })
    const most = { inAll: limits.connections, perAddress: options.quotas.connectionsPerAddress ?? Infinity }
    const { whenFull = 'refuse' } = options
    const isProxy = (peer: string) => options.addresses?.isProxy(peer) === true
    this.#connections = new Connections({ ...limits, ...most, whenFull, isProxy }, setting =>
      this.#failures.warn(setting, most, `Connections are refused: ${setting} is reached`)
    )
    const { proxyProtocolFrom: from } = options
    this.#proxyProtocol = from && new ProxyProtocol({ ...limits, from, log, secure: this.#secure }, this.#connections)
  }

  get openConnections(): number {
    return this.#connections.size
  }

  /** Number of requests that are not over. */
  get openRequests(): number {
    return this.#gate.openRequests
  }

  /**
   * Returns the port. If `port` is 0, all hosts take the one that the first was given. Rejects if any cannot listen, and
   * listens on none then.
   */
  async listen(hosts: readonly string[], port: number): Promise<number> {
    let bound = port
    try {
      for (const host of hosts) {
        const server = this.#newServer()
        this.#servers.push(server)
        bound = await listenOn(server, host, bound)
        // An error event without a listener would end the process when a connection cannot be accepted.
        server.on('error', err => this.#failures.warn('accept', { err, host }, 'A connection cannot be accepted'))
      }
    } catch (error) {
      for (const server of this.#servers.splice(0)) server.close()
      throw error
    }
    return bound
  }

  /**
   * Uses other files for new handshakes; open connections keep what they agreed on. With `renewClients`, those on which a
   * client has presented a certificate close after their answer.
   */
  useCertificate(tls: KeyPair, renewClients = false): void {
    for (const server of this.#servers)
      if (server instanceof SecureServer) server.setSecureContext({ ...tls, ...TLS_RULES })
    if (renewClients) this.#connections.closeCertified()
  }

  /**
   * Stops accepting, ends streams, answers accepted requests, then closes. Cuts off what is not done after `graceMs`, and
   * returns how many requests that were. Their operations may go on: call {@link end} when those have ended.
   */
  async close(graceMs: number): Promise<number> {
    // A request whose head has arrived is accepted, even if its body is still arriving.
    for (const path of this.#directPaths) path.handOverBegun()
    await nextTurn()
    this.#gate.close()
    const closed = this.#servers.map(server => new Promise<void>(resolve => server.close(() => resolve())))
    const closeIdle = () => this.#connections.closeIdle(IDLE_MS)
    closeIdle()
    const sweep = setInterval(closeIdle, IDLE_CHECK_MS)
    let cutOff = 0
    const grace = setTimeout(() => {
      cutOff = this.#gate.cutOff()
      this.#connections.closeAll()
    }, graceMs)
    await Promise.all(closed)
    clearInterval(sweep)
    clearTimeout(grace)
    return cutOff
  }

  /** Records the requests that are not over. */
  end(): void {
    this.#gate.end()
  }

  #newServer(): Server {
    const { limits, tls } = this.#options
    const http = {
      maxHeaderSize: limits.headerBytes,
      headersTimeout: Math.min(limits.headersTimeoutMs, limits.bodyTimeoutMs),
      // `body.ts` limits the time of bodies: Node's limit would cut off an upload that streams.
      requestTimeout: 0,
      keepAliveTimeout: limits.keepAliveTimeoutMs,
      connectionsCheckingInterval: TIMEOUT_CHECK_MS,
      keepAlive: true,
      keepAliveInitialDelay: KEEP_ALIVE_MS,
      // The gate answers a missing Host, with a body.
      requireHostHeader: false,
      // Node would silently keep only the first of two equal fields; a joined value is refused where that matters.
      joinDuplicateHeaders: true,
      // Others are served as if they had not asked: Java's client asks for HTTP/2 with its first request.
      shouldUpgradeCallback: (request: IncomingMessage) =>
        asksForWebSocket(request) &&
        this.#gate.upgradeMethod(request.url ?? '') !== undefined &&
        this.#connections.of(request.socket)?.openExchanges === 0
    }
    const server =
      tls === 'none'
        ? createPlainServer(http)
        : createSecureServer({
            ...http,
            ...tls,
            ...TLS_RULES,
            requestCert: this.#options.readCertificate !== undefined,
            rejectUnauthorized: false,
            handshakeTimeout: limits.headersTimeoutMs
          })
    // `maxHeaderSize` limits the fields. With a maximum count, the parser would silently drop those beyond it.
    server.maxHeadersCount = 0
    // `server.httpAllowHalfOpen` is Node's, but missing in its types.
    Object.assign(server, { httpAllowHalfOpen: true })
    // Node's own would cut off clients that are still reading their answers: it takes their connections for idle.
    server.closeIdleConnections = () => undefined
    this.#listenTo(server)
    return server
  }

  #certificateOn(socket: Socket): ClientCertificate | undefined {
    const { readCertificate } = this.#options
    if (readCertificate === undefined || !(socket instanceof TLSSocket)) return undefined
    const certificate = socket.getPeerX509Certificate()
    return (
      certificate && readCertificate(certificate, socket.authorized ? undefined : String(socket.authorizationError))
    )
  }

  #listenTo(server: Server): void {
    const { log, limits } = this.#options
    const gate = this.#gate
    const failing = {
      log,
      secure: this.#secure,
      meter: this.#options.meter,
      methods: gate.methods,
      errorReply: (error: GatewayError) => gate.errorReply(error)
    }
    const tlsFailures = new TlsFailures(log, this.#options.meter ?? noMeter)
    const handle = (expectsContinue: boolean) => (request: IncomingMessage, response: ServerResponse) => {
      const connection = this.#connections.of(request.socket)
      if (connection === undefined) request.socket.destroy()
      else gate.handle(request, response, { request, response, expectsContinue }, connection)
    }
    const opened = this.#secure ? 'secureConnection' : 'connection'
    const direct = new DirectPath(server, opened, {
      ...limits,
      handle: (request, body, response, connection) => gate.handle(request, response, body, connection),
      willStream: (method, target) => gate.willStream(method, target),
      brokenOff: connection => onParseFailure(connection, new Error('The request is cut off.'), failing)
    })
    this.#directPaths.push(direct)
    if (this.#proxyProtocol === undefined) server.on('connection', socket => this.#connections.accept(socket))
    server.on(opened, (socket: Socket) => direct.begin(this.#connections.open(socket, this.#certificateOn(socket))))
    this.#proxyProtocol?.standBefore(server)
    server.on('request', handle(false))
    server.on('checkContinue', handle(true))
    server.on('checkExpectation', handle(false))
    server.on('upgrade', (request: IncomingMessage, socket: Socket, head: Buffer) => {
      const connection = this.#connections.of(socket)
      const method = gate.upgradeMethod(request.url ?? '')
      if (connection === undefined || connection.closing || method === undefined) socket.destroy()
      else {
        const body = beginUpgrade(request, { socket, head, method })
        gate.handle(request, body.response, body, connection)
      }
    })
    server.on('tlsClientError', (error, socket) => tlsFailures.add(error, this.#connections.addressOf(socket)))
    server.on('clientError', (error: ParserError, socket) => {
      const connection = this.#connections.of(socket)
      // Without a connection, the TLS handshake failed: no answer is possible.
      if (connection === undefined) socket.destroy()
      else onParseFailure(connection, error, failing)
    })
    server.on('connect', (_request, socket) => {
      const connection = this.#connections.of(socket)
      if (connection !== undefined) refuseTunnel(connection, failing)
    })
  }
}

/** Returns the port that was bound. */
function listenOn(server: Server, host: string, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen({ host, port }, () => {
      server.removeListener('error', reject)
      const address = server.address()
      resolve(typeof address === 'object' && address !== null ? address.port : port)
    })
  })
}
