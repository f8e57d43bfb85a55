import type { IncomingHttpHeaders } from 'node:http'
import type { CorsConfig } from '../config/schema.ts'
import { jsonReply, type Reply } from './exchange.ts'

const METHODS = 'GET, HEAD, PUT, POST, DELETE'
const REQUEST_HEADERS = 'Authorization, Content-Type, Content-Encoding, X-Request-Id, traceparent, tracestate'
const EXPOSED_HEADERS = 'NextOffset, Retry-After, X-Request-Id, RateLimit, RateLimit-Policy'

/** What browsers are told: pages of the configured origins, compared to the letter, may call; without any, nobody is told anything. */
export class Cors {
  readonly #origins: ReadonlySet<string>
  readonly #maxAgeS: number

  constructor({ origins, maxAgeMs }: CorsConfig) {
    this.#origins = new Set(origins)
    this.#maxAgeS = Math.floor(maxAgeMs / 1000)
  }

  get isOn(): boolean {
    return this.#origins.size > 0
  }

  /** The answer to a preflight from a configured origin, which carries no token; undefined for all else. */
  preflight(
    method: string,
    { origin, 'access-control-request-method': wanted }: IncomingHttpHeaders
  ): Reply | undefined {
    if (method !== 'OPTIONS' || wanted === undefined || origin === undefined || !this.#origins.has(origin))
      return undefined
    return {
      ...jsonReply(200, {}),
      headers: {
        'Access-Control-Allow-Methods': METHODS,
        'Access-Control-Allow-Headers': REQUEST_HEADERS,
        'Access-Control-Max-Age': String(this.#maxAgeS)
      }
    }
  }

  /** For every answer. */
  headers({ origin }: IncomingHttpHeaders): Record<string, string> {
    if (this.#origins.size === 0) return {}
    if (origin === undefined || !this.#origins.has(origin)) return { Vary: 'Origin' }
    return { Vary: 'Origin', 'Access-Control-Allow-Origin': origin, 'Access-Control-Expose-Headers': EXPOSED_HEADERS }
  }
}
