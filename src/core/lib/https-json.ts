import { readFileSync } from 'node:fs'
import { Agent as HttpAgent, request as httpRequest, type IncomingHttpHeaders } from 'node:http'
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https'

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
const LOOPBACK = /^(localhost|127(\.\d{1,3}){3}|\[::1\])$/

/**
 * JSON over HTTPS for the few services that the gateway itself asks: one kept-alive agent, a limit for everything, no
 * redirects. Plain HTTP is accepted towards this machine only.
 */
export class JsonClient {
  readonly #options: JsonClientOptions
  readonly #https: HttpsAgent
  readonly #http = new HttpAgent({ keepAlive: true })

  constructor(options: JsonClientOptions) {
    this.#options = options
    const { caFile, proxyEnvironment } = options
    this.#https = new HttpsAgent({
      keepAlive: true,
      ...(caFile === undefined ? {} : { ca: readFileSync(caFile) }),
      ...(proxyEnvironment === undefined ? {} : { proxyEnv: proxyEnvironment })
    })
  }

  /** GET without a body, POST with one. Rejects when there is no answer, or one over the limit. */
  request({ url, headers = {}, form, json }: JsonRequest): Promise<JsonAnswer> {
    const target = new URL(url)
    const plain = target.protocol === 'http:'
    if (!plain && target.protocol !== 'https:') return Promise.reject(new TypeError(`${url} is no HTTPS address`))
    if (plain && !LOOPBACK.test(target.hostname)) return Promise.reject(new TypeError(`${url} must be HTTPS`))
    const body =
      form === undefined
        ? json === undefined
          ? undefined
          : JSON.stringify(json)
        : new URLSearchParams(form).toString()
    const contentType = form === undefined ? 'application/json' : 'application/x-www-form-urlencoded'
    const options = {
      method: body === undefined ? 'GET' : 'POST',
      headers: {
        accept: 'application/json',
        ...(body === undefined ? {} : { 'content-type': contentType, 'content-length': Buffer.byteLength(body) }),
        ...headers
      },
      signal: AbortSignal.timeout(this.#options.timeoutMs)
    }
    return new Promise((resolve, reject) => {
      const request = plain
        ? httpRequest(target, { ...options, agent: this.#http })
        : httpsRequest(target, { ...options, agent: this.#https })
      request.on('error', reject)
      request.on('response', response => {
        const chunks: Buffer[] = []
        let size = 0
        response.on('error', reject)
        response.on('data', (chunk: Buffer) => {
          chunks.push(chunk)
          size += chunk.length
          if (size > (this.#options.limitBytes ?? DEFAULT_LIMIT_BYTES))
            response.destroy(new RangeError(`${url} answered too much`))
        })
        response.on('end', () => {
          resolve({ status: response.statusCode ?? 0, headers: response.headers, body: parse(Buffer.concat(chunks)) })
        })
      })
      request.end(body)
    })
  }

  close(): void {
    this.#https.destroy()
    this.#http.destroy()
  }
}

function parse(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString('utf8'))
  } catch {
    return undefined
  }
}
