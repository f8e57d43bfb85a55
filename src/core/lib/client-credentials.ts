import { type JsonClient, retryAfterS } from './https-json.ts'
import { member } from './member.ts'

export interface ClientCredentials {
  readonly tokenUrl: string
  readonly clientId: string
  readonly clientSecret?: string | undefined
  /** Signs a new proof of identity for each request, instead of a secret (RFC 7523 §2.2). */
  readonly assertion?: ((tokenUrl: string) => Promise<string>) | undefined
  readonly scope?: string | undefined
}

/** A token is renewed this long before it expires. */
const RENEW_BEFORE_MS = 60_000
/** Lifetime if the answer does not say (RFC 6749 §5.1 only recommends that). */
const DEFAULT_LIFETIME_S = 300
const ASSERTION_TYPE = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer'

/** The token endpoint answered without a token. */
export class TokenRefusal extends Error {
  readonly retryAfterS: number | undefined

  constructor(message: string, retryAfterSeconds: number | undefined) {
    super(message)
    this.retryAfterS = retryAfterSeconds
  }
}

/**
 * Gets access tokens by the client-credentials grant. Keeps a token until shortly before it expires, and asks once for all
 * who wait.
 * @see https://www.rfc-editor.org/rfc/rfc6749#section-4.4
 */
export class ClientCredentialsTokens {
  readonly #client: JsonClient
  readonly #credentials: ClientCredentials
  readonly #now: () => number
  #token = ''
  #renewAtMs = -Infinity
  #asking: Promise<string> | null = null

  /** `now` is a monotonic clock: a wall clock that is set back would keep a token beyond its end. */
  constructor(client: JsonClient, credentials: ClientCredentials, now = () => performance.now()) {
    this.#client = client
    this.#credentials = credentials
    this.#now = now
  }

  /** Returns a valid token. Rejects if there is none, with a {@link TokenRefusal} if the endpoint answered. */
  token(): Promise<string> {
    if (this.#now() < this.#renewAtMs) return Promise.resolve(this.#token)
    this.#asking ??= this.#ask().finally(() => (this.#asking = null))
    return this.#asking
  }

  /** Drops the token after it was refused: the next call asks for a new one. */
  forget(): void {
    this.#renewAtMs = -Infinity
  }

  async #ask(): Promise<string> {
    const { tokenUrl, clientId, scope } = this.#credentials
    const form = {
      grant_type: 'client_credentials',
      client_id: clientId,
      ...(await this.#proof()),
      ...(scope === undefined ? {} : { scope })
    }
    const answer = await this.#client.request({ url: tokenUrl, form })
    const { status, body, fault } = answer
    const token = member(body, 'access_token')
    if (status !== 200 || typeof token !== 'string') {
      const reason = fault ?? JSON.stringify(member(body, 'error')) ?? ''
      throw new TokenRefusal(`${tokenUrl} answered ${status} ${reason}`.trim(), retryAfterS(answer))
    }
    const lifetimeS = Number(member(body, 'expires_in') ?? DEFAULT_LIFETIME_S)
    this.#token = token
    this.#renewAtMs = this.#now() + Math.max(lifetimeS * 1000 - RENEW_BEFORE_MS, 1000)
    return token
  }

  async #proof(): Promise<Record<string, string>> {
    const { tokenUrl, clientSecret, assertion } = this.#credentials
    if (assertion !== undefined)
      return { client_assertion_type: ASSERTION_TYPE, client_assertion: await assertion(tokenUrl) }
    return clientSecret === undefined ? {} : { client_secret: clientSecret }
  }
}
