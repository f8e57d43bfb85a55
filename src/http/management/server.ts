import { hash, timingSafeEqual } from 'node:crypto'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { createServer as createSecureServer, Server as SecureServer } from 'node:https'
import { member } from '../../core/lib/member.ts'
import { chooseType } from '../negotiate.ts'
import { ManagementConnections } from './connections.ts'

export const LOG_LEVELS = ['fatal', 'error', 'warn', 'info', 'debug', 'trace'] as const
export type LogLevel = (typeof LOG_LEVELS)[number]

/** For each part true if it is well, else false, or why not: a text without addresses or secrets, as anyone may ask. */
export type Parts = Readonly<Record<string, boolean | string>>

export interface ManagementOptions {
  /** Wanted as a bearer token by all but health; undefined lets everybody in. */
  token(): string | undefined
  readonly tls: KeyPair | undefined
  metrics(exposition: 'prometheus' | 'openmetrics'): string | Promise<string>
  /** Parts that must be well for the gateway to be ready. */
  ready(): Parts | Promise<Parts>
  /** Kafka and the identity provider have been asked once, whatever they said. */
  started(): boolean | Promise<boolean>
  /** `caller` is the address that the request came from. */
  setLogLevel(level: LogLevel, caller: string): void
  /** While draining, readiness says no and all else is served. */
  drain(draining: boolean, caller: string): void
  /** Called with what goes wrong on the listener itself, such as a connection that cannot be accepted. */
  failed(error: Error): void
}

/** PEM certificate chain and key. */
interface KeyPair {
  readonly cert: string | Buffer
  readonly key: string | Buffer
}

const TLS_RULES = { minVersion: 'TLSv1.2' } as const
const PROMETHEUS = 'text/plain; version=0.0.4; charset=utf-8'
const OPEN_METRICS = 'application/openmetrics-text; version=1.0.0; charset=utf-8'
const EXPOSITIONS = [PROMETHEUS, OPEN_METRICS]
const BODY_BYTES = 1024
const REQUEST_TIMEOUT_MS = 5000
/** How often slow requests are looked for; Node's own 30 s would let them last that much longer. */
const TIMEOUT_CHECK_MS = 1000

interface Answer {
  readonly status: number
  readonly body: string
  readonly headers?: Readonly<Record<string, string>>
}

/** The listener for operators: metrics, health in detail, the log level and draining. */
export class ManagementServer {
  readonly #options: ManagementOptions
  readonly #server: Server
  readonly #connections: ManagementConnections

  constructor(options: ManagementOptions) {
    this.#options = options
    const limits = {
      requestTimeout: REQUEST_TIMEOUT_MS,
      headersTimeout: REQUEST_TIMEOUT_MS,
      connectionsCheckingInterval: TIMEOUT_CHECK_MS
    }
    const handle = (request: IncomingMessage, response: ServerResponse) => void this.#handle(request, response)
    this.#server =
      options.tls === undefined
        ? createServer(limits, handle)
        : createSecureServer({ ...limits, ...options.tls, ...TLS_RULES, handshakeTimeout: REQUEST_TIMEOUT_MS }, handle)
    this.#connections = new ManagementConnections(this.#server)
  }

  /** Another certificate for the handshakes to come. */
  useCertificate(tls: KeyPair): void {
    if (this.#server instanceof SecureServer) this.#server.setSecureContext({ ...tls, ...TLS_RULES })
  }

  /** Returns the port; rejects when it cannot be had. */
  listen(host: string, port: number): Promise<number> {
    return new Promise((resolve, reject) => {
      this.#server.once('error', reject)
      this.#server.listen({ host, port }, () => {
        this.#server.removeListener('error', reject)
        this.#server.on('error', error => this.#options.failed(error))
        const address = this.#server.address()
        resolve(typeof address === 'object' && address !== null ? address.port : port)
      })
    })
  }

  async close(): Promise<void> {
    const closed = new Promise<void>(resolve => this.#server.close(() => resolve()))
    this.#server.closeAllConnections()
    await closed
  }

  async #handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    let answer: Answer
    try {
      answer = await this.#answer(request)
    } catch (error) {
      answer = json(500, { message: error instanceof Error ? error.message : String(error) })
    }
    response.writeHead(answer.status, {
      'Content-Type': 'application/json',
      'Content-Length': String(Buffer.byteLength(answer.body)),
      'Cache-Control': 'no-store',
      // What was not read of a body must not be taken for the next request.
      ...(request.complete ? {} : { Connection: 'close' }),
      ...answer.headers
    })
    response.end(request.method === 'HEAD' ? undefined : answer.body)
  }

  async #answer(request: IncomingMessage): Promise<Answer> {
    const path = (request.url ?? '/').split('?', 1)[0]
    const allowed = path === '/log-level' || path === '/drain' ? ['PUT'] : ['GET', 'HEAD']
    if (!PATHS.has(path)) return json(404, { message: `There is nothing at this path; there are ${PATH_LIST}.` })
    if (!allowed.includes(request.method ?? ''))
      return { ...json(405, { message: 'Not for this method.' }), headers: { Allow: allowed.join(', ') } }
    if (this.#mayEnter(request.headers.authorization)) this.#connections.trust(request.socket)
    else if (!path.startsWith('/health/'))
      return {
        ...json(401, { message: 'This wants the token of management.token.' }),
        headers: { 'WWW-Authenticate': 'Bearer' }
      }
    switch (path) {
      case '/metrics':
        return this.#metrics(request.headers.accept)
      case '/health/ready':
        return this.#ready()
      case '/health/startup':
        return (await this.#options.started()) ? json(200, { status: 'ok' }) : json(503, { status: 'starting' })
      case '/log-level':
        return this.#setLogLevel(request)
      case '/drain':
        return this.#drain(request)
      default:
        return json(200, { status: 'ok' })
    }
  }

  /** Digests are compared, which are of one length whatever was sent. */
  #mayEnter(authorization: string | undefined): boolean {
    const token = this.#options.token()
    return token === undefined || timingSafeEqual(digest(authorization ?? ''), digest(`Bearer ${token}`))
  }

  async #metrics(accept: string | undefined): Promise<Answer> {
    const type = chooseType(accept, EXPOSITIONS) ?? PROMETHEUS
    return {
      status: 200,
      body: await this.#options.metrics(type === OPEN_METRICS ? 'openmetrics' : 'prometheus'),
      headers: { 'Content-Type': type, Vary: 'Accept' }
    }
  }

  async #ready(): Promise<Answer> {
    const parts = await this.#options.ready()
    const notReady = Object.entries(parts).filter(([, well]) => well !== true)
    if (notReady.length === 0) return json(200, { status: 'ok', not_ready: [] })
    const reasons = Object.fromEntries(notReady.filter(([, reason]) => reason !== false))
    return json(503, { status: 'unavailable', not_ready: notReady.map(([part]) => part), reasons })
  }

  async #setLogLevel(request: IncomingMessage): Promise<Answer> {
    const level = levelIn(await readText(request))
    if (level === undefined) {
      return json(400, { message: `The body must be {"level":"…"} with one of ${LOG_LEVELS.join(', ')}.` })
    }
    this.#options.setLogLevel(level, request.socket.remoteAddress ?? '')
    return json(200, { level })
  }

  async #drain(request: IncomingMessage): Promise<Answer> {
    const draining = memberIn(await readText(request), 'draining')
    if (typeof draining !== 'boolean')
      return json(400, { message: 'The body must be {"draining":true} or {"draining":false}.' })
    this.#options.drain(draining, request.socket.remoteAddress ?? '')
    return json(200, { draining })
  }
}

const PATHS = new Set(['/metrics', '/health/live', '/health/ready', '/health/startup', '/log-level', '/drain'])
const PATH_LIST = [...PATHS].join(', ')

function digest(text: string): Buffer {
  return hash('sha256', text, 'buffer')
}

function json(status: number, value: object): Answer {
  return { status, body: JSON.stringify(value) }
}

/** Undefined where the body is too large for what is expected. */
async function readText(request: IncomingMessage): Promise<string | undefined> {
  const chunks: Buffer[] = []
  let bytes = 0
  const body: AsyncIterable<Buffer> = request
  for await (const chunk of body) {
    bytes += chunk.length
    if (bytes > BODY_BYTES) return undefined
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}

function levelIn(text: string | undefined): LogLevel | undefined {
  const value = memberIn(text, 'level')
  return LOG_LEVELS.find(level => level === value)
}

function memberIn(text: string | undefined, name: string): unknown {
  try {
    return text === undefined ? undefined : member(JSON.parse(text), name)
  } catch {
    return undefined
  }
}
