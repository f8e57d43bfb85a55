import { X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { Agent as HttpAgent, request as httpRequest, type ClientRequest, type IncomingHttpHeaders } from 'node:http'
import { Agent as HttpsAgent, request as httpsRequest, type RequestOptions } from 'node:https'
import { performance } from 'node:perf_hooks'
import { gunzipSync } from 'node:zlib'
import type { Deadline } from '../deadline.ts'

export interface JsonClientOptions {
  /** PEM certificates to trust instead of the system's. Read again within a minute after a change. */
  readonly caFile?: string | undefined
  /** Limit of a whole exchange. */
  readonly timeoutMs: number
  /** Limit of an answer's body. */
  readonly limitBytes?: number
  /** `HTTPS_PROXY`, `NO_PROXY` and the like; no proxy if left out. */
  readonly proxyEnvironment?: NodeJS.ProcessEnv | undefined
  /** A monotonic clock, for tests. */
  readonly now?: () => number
}

export interface JsonRequest {
  readonly url: string
  readonly headers?: Readonly<Record<string, string>>
  /** Sent as `application/x-www-form-urlencoded`. */
  readonly form?: Readonly<Record<string, string>>
  /** Sent as `application/json`. */
  readonly json?: unknown
  /** Ends this exchange earlier than the client's `timeoutMs`. */
  readonly deadline?: Deadline | undefined
}

export interface JsonAnswer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  /** Undefined if the body is not JSON. */
  readonly body: unknown
  /** Why the body is not JSON, without quoting it. */
  readonly fault?: string
}

const DEFAULT_LIMIT_BYTES = 1024 * 1024
/** Limit of the connections to one service. Further requests wait. */
const MOST_CONNECTIONS = 32
/** How soon a renewed `caFile` applies to new connections. */
const TRUST_MS = 60_000
const LOOPBACK = /^(localhost|127(\.\d{1,3}){3}|\[::1\])$/

/**
 * A client for JSON over HTTPS, with keep-alive, limits and no redirects. Allows plain HTTP to loopback only. Repeats a
 * request whose kept-alive connection was closed, so use it only for requests that may arrive twice.
 */
export class JsonClient {
  readonly #options: JsonClientOptions
  readonly #limitBytes: number
  readonly #http = new HttpAgent({ keepAlive: true, maxSockets: MOST_CONNECTIONS })
  #authorities: Buffer | undefined
  #https: HttpsAgent
  readonly #now: () => number
  #trustedAtMs: number
  #closed = false

  constructor(options: JsonClientOptions) {
    this.#options = options
    this.#now = options.now ?? (() => performance.now())
    this.#trustedAtMs = this.#now()
    this.#limitBytes = options.limitBytes ?? DEFAULT_LIMIT_BYTES
    this.#authorities = options.caFile === undefined ? undefined : readFileSync(options.caFile)
    this.#https = this.#newAgent()
  }

  /** Sends a GET, or a POST if there is a body. Rejects if no answer comes, or one over the limit. */
  async request(question: JsonRequest): Promise<JsonAnswer> {
    const url = trustworthy(question.url)
    const { body, headers } = encode(question)
    const { timeoutMs } = this.#options
    const signal = AbortSignal.timeout(Math.ceil(Math.min(timeoutMs, question.deadline?.remainingMs ?? timeoutMs)))
    for (;;) {
      if (this.#closed) throw new Error('the client is closed')
      const request = this.#open(url, { method: body === undefined ? 'GET' : 'POST', headers, signal })
      try {
        return await answerTo(request, body, this.#limitBytes)
      } catch (error) {
        if (!isStaleConnection(request, error)) throw error
      }
    }
  }

  /** Closes the connections. Requests in flight fail. */
  close(): void {
    this.#closed = true
    this.#https.destroy()
    this.#http.destroy()
  }

  #newAgent(): HttpsAgent {
    const { proxyEnvironment } = this.#options
    return new HttpsAgent({
      keepAlive: true,
      maxSockets: MOST_CONNECTIONS,
      ...(this.#authorities === undefined ? {} : { ca: this.#authorities }),
      ...(proxyEnvironment === undefined ? {} : { proxyEnv: proxyEnvironment })
    })
  }

  /** Reads `caFile` again. Keeps the old certificates if it is unreadable or has none: it may be half written. */
  #renewTrust(): void {
    const { caFile } = this.#options
    if (caFile === undefined || this.#now() - this.#trustedAtMs < TRUST_MS) return
    this.#trustedAtMs = this.#now()
    try {
      const authorities = readFileSync(caFile)
      if (this.#authorities?.equals(authorities) === true) return
      // Throws unless the file starts with a whole certificate.
      void new X509Certificate(authorities)
      this.#authorities = authorities
    } catch {
      return
    }
    retire(this.#https)
    this.#https = this.#newAgent()
  }

  #open(url: URL, options: RequestOptions): ClientRequest {
    if (url.protocol === 'https:') this.#renewTrust()
    return url.protocol === 'http:'
      ? httpRequest(url, { ...options, agent: this.#http })
      : httpsRequest(url, { ...options, agent: this.#https })
  }
}

/** Closes idle connections now, and others after the request in flight. */
function retire(agent: HttpsAgent): void {
  agent.maxFreeSockets = 0
  for (const socket of Object.values(agent.freeSockets).flat()) socket?.destroy()
}

function trustworthy(address: string): URL {
  const url = new URL(address)
  const secure = url.protocol === 'https:' || (url.protocol === 'http:' && LOOPBACK.test(url.hostname))
  if (!secure) throw new TypeError(`${address} must begin with https://`)
  return url
}

function encode({ headers, form, json }: JsonRequest): { body: string | undefined; headers: Record<string, string> } {
  const accepting = { accept: 'application/json', 'accept-encoding': 'identity', ...headers }
  if (form !== undefined) {
    const body = new URLSearchParams(form).toString()
    return { body, headers: { ...accepting, 'content-type': 'application/x-www-form-urlencoded' } }
  }
  if (json === undefined) return { body: undefined, headers: accepting }
  return { body: JSON.stringify(json), headers: { ...accepting, 'content-type': 'application/json' } }
}

function answerTo(request: ClientRequest, question: string | undefined, limitBytes: number): Promise<JsonAnswer> {
  return new Promise((resolve, reject) => {
    request.on('error', reject)
    request.on('response', response => {
      const chunks: Buffer[] = []
      let size = 0
      response.on('error', reject)
      response.on('data', (chunk: Buffer) => {
        chunks.push(chunk)
        size += chunk.length
        if (size > limitBytes) response.destroy(new RangeError(`the answer is larger than ${limitBytes} bytes`))
      })
      response.on('end', () => {
        const { statusCode = 0, headers } = response
        resolve({ status: statusCode, headers, ...parsed(Buffer.concat(chunks), headers, limitBytes) })
      })
    })
    request.end(question)
  })
}

/** Returns whether the server closed a kept-alive connection just as it was used: not an outage. */
function isStaleConnection({ reusedSocket }: ClientRequest, error: unknown): boolean {
  return reusedSocket && error instanceof Error && 'code' in error && error.code === 'ECONNRESET'
}

/** Returns the seconds of `Retry-After`; undefined if it is missing or a date. */
export function retryAfterS({ headers }: JsonAnswer): number | undefined {
  const text = headers['retry-after']
  return text !== undefined && /^\d{1,5}$/.test(text) ? Number(text) : undefined
}

const decoder = new TextDecoder('utf-8', { fatal: true })

/** Parses a body. Accepts gzip, which some servers send unasked, and a byte order mark. */
function parsed(body: Buffer, headers: IncomingHttpHeaders, limitBytes: number): Pick<JsonAnswer, 'body' | 'fault'> {
  const encoding = headers['content-encoding'] ?? 'identity'
  try {
    const plain = /^(x-)?gzip$/i.test(encoding) ? gunzipSync(body, { maxOutputLength: limitBytes }) : body
    return { body: JSON.parse(decoder.decode(plain)) as unknown }
  } catch {
    const type = headers['content-type'] ?? 'of no type'
    return { body: undefined, fault: `its body of ${body.length} bytes (${type}, ${encoding}) is no JSON` }
  }
}
