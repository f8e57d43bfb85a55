import type { IncomingHttpHeaders } from 'node:http'
import type { CorsConfig } from '../config/schema.ts'
import { jsonReply, type Reply } from './answer.ts'

const REQUEST_HEADERS =
  'Authorization, Content-Type, Content-Encoding, X-Request-Id, X-Kafka-Rest-Strict, Last-Event-ID, traceparent, tracestate'
const EXPOSED_HEADERS = 'NextOffset, NextPosition, Retry-After, DPoP-Nonce, X-Request-Id, RateLimit, RateLimit-Policy'

/**
 * Lets pages of the configured origins call (Fetch Standard, CORS protocol). Compares origins exactly; sends no header if
 * none is configured.
 */
export class Cors {
  readonly #origins: ReadonlySet<string>
  readonly #methods: string
  readonly #headers: string
  readonly #maxAgeS: number

  /**
   * @param methods those that at least one route has
   * @param more further request headers that a page may send
   */
  constructor({ origins, maxAgeMs }: CorsConfig, methods: readonly string[], more: readonly string[] = []) {
    this.#headers = [REQUEST_HEADERS, ...more].join(', ')
    this.#methods = methods.join(', ')
    this.#origins = new Set(origins)
    this.#maxAgeS = Math.floor(maxAgeMs / 1000)
  }

  get isOn(): boolean {
    return this.#origins.size > 0
  }

  /** Returns the answer to a preflight from a configured origin; undefined for any other request. A preflight has no token. */
  preflight(
    method: string,
    { origin, 'access-control-request-method': wanted }: IncomingHttpHeaders
  ): Reply | undefined {
    if (method !== 'OPTIONS' || wanted === undefined || origin === undefined || !this.#origins.has(origin))
      return undefined
    return {
      ...jsonReply(200, {}),
      headers: {
        'Access-Control-Allow-Methods': this.#methods,
        'Access-Control-Allow-Headers': this.#headers,
        'Access-Control-Max-Age': String(this.#maxAgeS)
      }
    }
  }

  /** Returns the headers for an answer. */
  headers({ origin }: IncomingHttpHeaders): Record<string, string> {
    if (this.#origins.size === 0) return {}
    if (origin === undefined || !this.#origins.has(origin)) return { Vary: 'Origin' }
    return { Vary: 'Origin', 'Access-Control-Allow-Origin': origin, 'Access-Control-Expose-Headers': EXPOSED_HEADERS }
  }
}
