import { GatewayError } from '../core/errors.ts'
import type { Credentials } from './credentials.ts'

/**
 * Tells pages that may call from others. Browsers send Basic credentials, once typed, with every request to the gateway,
 * whichever page makes it.
 */
export class OwnOrigins {
  readonly #listed: ReadonlySet<string>
  readonly #secure: boolean

  /** @param listed `cors.origins`; @param secure whether the gateway speaks TLS itself */
  constructor(listed: readonly string[], secure: boolean) {
    this.#listed = new Set(listed)
    this.#secure = secure
  }

  /** Throws NOT_PERMITTED if a page of a foreign origin makes the request. */
  refuseForeign({ headers: { origin, host, 'sec-fetch-site': site } }: Credentials): void {
    const isListed = origin !== undefined && this.#listed.has(origin)
    if (isListed) return
    if (site !== 'cross-site' && (origin === undefined || this.#isOwn(origin, host))) return
    throw new GatewayError(
      'NOT_PERMITTED',
      'A page of another origin may not use credentials that the browser sends unasked.',
      {
        detail: `origin ${origin?.slice(0, 200) ?? 'unknown'}`
      }
    )
  }

  /** Where TLS ends before the gateway, its scheme is not known. */
  #isOwn(origin: string, host: string | undefined): boolean {
    if (host === undefined) return false
    return origin === `https://${host}` || (!this.#secure && origin === `http://${host}`)
  }
}
