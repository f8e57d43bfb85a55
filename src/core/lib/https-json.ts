import { readFileSync } from 'node:fs'
import { Agent as HttpAgent, request as httpRequest, type ClientRequest, type IncomingHttpHeaders } from 'node:http'
import { Agent as HttpsAgent, request as httpsRequest, type RequestOptions } from 'node:https'

export interface JsonClientOptions {
  /** PEM certificates to trust instead of the system's. */
  readonly caFile?: string | undefined
  /** For one whole exchange. */
  readonly timeoutMs: number
  /** Of an answer's body. */
  readonly limitBytes?: number
  /** `HTTPS_PROXY`, `NO_PROXY` and the like; no proxy when left out. */
  readonly proxyEnvironment?: NodeJS.ProcessEnv | undefined
}

export interface JsonRequest {
  readonly url: string
  readonly headers?: Readonly<Record<string, string>>
  /** Sent as `application/x-www-form-urlencoded`. */
  readonly form?: Readonly<Record<string, string>>
  /** Sent as `application/json`. */
  readonly json?: unknown
}

export interface JsonAnswer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  /** Undefined where the body is no JSON. */
  readonly body: unknown
}

const DEFAULT_LIMIT_BYTES = 1024 * 1024
/** More requests than that to one service wait for each other. */
const MOST_CONNECTIONS = 32
const LOOPBACK = /^(localhost|127(\.\d{1,3}){3}|\[::1\])$/

/**
 * JSON over HTTPS for the few services that the gateway itself asks: connections kept alive, a limit for everything, no
 * redirects. Plain HTTP is accepted towards this machine only. Nothing goes through here that must not arrive twice.
 */
export class JsonClient {
  readonly #timeoutMs: number
  readonly #limitBytes: number
  readonly #https: HttpsAgent
  readonly #http = new HttpAgent({ keepAlive: true, maxSockets: MOST_CONNECTIONS })
  #closed = false

  constructor({ caFile, timeoutMs, limitBytes = DEFAULT_LIMIT_BYTES, proxyEnvironment }: JsonClientOptions) {
    this.#timeoutMs = timeoutMs
    this.#limitBytes = limitBytes
    this.#https = new HttpsAgent({
      keepAlive: true,
      maxSockets: MOST_CONNECTIONS,
      ...(caFile === undefined ? {} : { ca: readFileSync(caFile) }),
      ...(proxyEnvironment === undefined ? {} : { proxyEnv: proxyEnvironment })
    })
  }

  /** GET without a body, POST with one. Rejects when there is no answer, or one over the limit. */
  async request(question: JsonRequest): Promise<JsonAnswer> {
    const url = trustworthy(question.url)
    const { body, headers } = encode(question)
    const signal = AbortSignal.timeout(this.#timeoutMs)
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

  /** What is under way fails. */
  close(): void {
    this.#closed = true
    this.#https.destroy()
    this.#http.destroy()
  }

  #open(url: URL, options: RequestOptions): ClientRequest {
    return url.protocol === 'http:'
      ? httpRequest(url, { ...options, agent: this.#http })
      : httpsRequest(url, { ...options, agent: this.#https })
  }
}

function trustworthy(address: string): URL {
  const url = new URL(address)
  const secure = url.protocol === 'https:' || (url.protocol === 'http:' && LOOPBACK.test(url.hostname))
  if (!secure) throw new TypeError(`${address} must begin with https://`)
  return url
}

function encode({ headers, form, json }: JsonRequest): { body: string | undefined; headers: Record<string, string> } {
  const accepting = { accept: 'application/json', ...headers }
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
        resolve({ status: response.statusCode ?? 0, headers: response.headers, body: parse(Buffer.concat(chunks)) })
      })
    })
    request.end(question)
  })
}

/** The other side closed a kept-alive connection while the request was on its way: not an outage, only bad timing. */
function isStaleConnection({ reusedSocket }: ClientRequest, error: unknown): boolean {
  return reusedSocket && error instanceof Error && 'code' in error && error.code === 'ECONNRESET'
}

function parse(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString('utf8'))
  } catch {
    return undefined
  }
}
