import { createLocalJWKSet, type JSONWebKeySet } from 'jose'
import type { OidcProviderConfig } from '../config/schema.ts'
import { GatewayError } from '../core/errors.ts'
import { JsonClient } from '../core/lib/https-json.ts'
import { member } from '../core/lib/member.ts'
import type { Log } from '../core/log.ts'

const REFRESH_MS = 600_000
const RETRY_FIRST_MS = 1000
const RETRY_LIMIT_MS = 30_000
/** Keys that could not be refreshed are believed for so long. */
const STALE_LIMIT_MS = 24 * 3_600_000
/** An unknown key id asks the provider at once, but not more often than this: anybody can make up key ids. */
const UNKNOWN_KEY_PAUSE_MS = 5000
const TIMEOUT_MS = 5000

export type KeyLookup = ReturnType<typeof createLocalJWKSet>

/**
 * The signature keys of one provider: loaded before the gateway is ready, refreshed in the background, kept while the
 * provider is down, and asked anew at once when a token names a key that is not among them.
 */
export class KeySet {
  readonly #provider: OidcProviderConfig
  readonly #log: Log
  readonly #now: () => number
  readonly #client: JsonClient
  readonly #listeners: (() => void)[] = []
  #lookup: KeyLookup | null = null
  #fingerprint = ''
  #keyIds: ReadonlySet<string> = new Set()
  #loadedAtMs = -Infinity
  #askedAtMs = -Infinity
  #loading: Promise<void> | null = null
  #timer: NodeJS.Timeout | undefined
  #failures = 0
  #closed = false

  constructor(
    provider: OidcProviderConfig,
    log: Log,
    proxyEnvironment: NodeJS.ProcessEnv | undefined,
    now: () => number
  ) {
    this.#provider = provider
    this.#log = log
    this.#now = now
    this.#client = new JsonClient({ caFile: provider.caFile, timeoutMs: TIMEOUT_MS, proxyEnvironment })
  }

  get loaded(): boolean {
    return this.#lookup !== null && this.#now() - this.#loadedAtMs < STALE_LIMIT_MS
  }

  /** Called whenever the keys are others than before: what was verified with the old ones must be verified again. */
  onChange(listener: () => void): void {
    this.#listeners.push(listener)
  }

  /** Resolves after the first attempt; goes on in the background. */
  async start(): Promise<void> {
    await this.#load().catch(() => undefined)
    this.#schedule()
  }

  close(): void {
    this.#closed = true
    clearTimeout(this.#timer)
    this.#client.close()
  }

  /**
   * The keys, among them the one that a token names if the provider has it. Throws IDENTITY_UNAVAILABLE where there are
   * none to be had.
   */
  async keysFor(keyId: string | undefined): Promise<KeyLookup> {
    const unknown = keyId !== undefined && !this.#keyIds.has(keyId)
    if ((!this.loaded || unknown) && this.#mayAsk()) await this.#load().catch(() => undefined)
    else if (this.#loading !== null && (!this.loaded || unknown)) await this.#loading.catch(() => undefined)
    if (this.#lookup !== null && this.loaded) return this.#lookup
    throw new GatewayError(
      'IDENTITY_UNAVAILABLE',
      'The identity provider does not answer, so that tokens cannot be checked.',
      {
        detail: `no keys of ${this.#provider.issuer}`
      }
    )
  }

  #mayAsk(): boolean {
    return this.#loading === null && this.#now() - this.#askedAtMs >= UNKNOWN_KEY_PAUSE_MS
  }

  #load(): Promise<void> {
    this.#loading ??= this.#fetch().finally(() => (this.#loading = null))
    return this.#loading
  }

  async #fetch(): Promise<void> {
    this.#askedAtMs = this.#now()
    try {
      const jwksUri = this.#provider.jwksUri ?? (await this.#discover())
      const keys = asKeySet(await this.#get(jwksUri))
      this.#failures = 0
      this.#loadedAtMs = this.#now()
      const fingerprint = JSON.stringify(keys)
      if (fingerprint === this.#fingerprint) return
      this.#fingerprint = fingerprint
      this.#lookup = createLocalJWKSet(keys)
      this.#keyIds = new Set(keys.keys.flatMap(({ kid }) => (kid === undefined ? [] : [kid])))
      for (const listener of this.#listeners) listener()
      this.#log.info(
        { issuer: this.#provider.issuer, keys: keys.keys.length },
        'The keys of an identity provider were loaded'
      )
    } catch (error) {
      this.#failures++
      this.#log.error(
        { issuer: this.#provider.issuer, cause: String(error), keysKept: this.loaded },
        'The keys of an identity provider cannot be loaded'
      )
      throw error
    }
  }

  /** @see https://openid.net/specs/openid-connect-discovery-1_0.html#ProviderConfig */
  async #discover(): Promise<string> {
    const { issuer } = this.#provider
    const document = await this.#get(`${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`)
    if (member(document, 'issuer') !== issuer) throw new Error('discovery names another issuer')
    const jwksUri = member(document, 'jwks_uri')
    if (typeof jwksUri !== 'string') throw new Error('discovery names no jwks_uri')
    return jwksUri
  }

  async #get(url: string): Promise<unknown> {
    const { status, body } = await this.#client.request({ url })
    if (status !== 200 || typeof body !== 'object' || body === null) throw new Error(`${url} answered ${status}`)
    return body
  }

  #schedule(): void {
    if (this.#closed) return
    const pauseMs =
      this.#failures === 0
        ? REFRESH_MS
        : Math.min(RETRY_FIRST_MS * 2 ** Math.min(this.#failures - 1, 10), RETRY_LIMIT_MS)
    this.#timer = setTimeout(() => {
      void this.#load()
        .catch(() => undefined)
        .then(() => this.#schedule())
    }, pauseMs).unref()
  }
}

function asKeySet(body: unknown): JSONWebKeySet {
  const keys = member(body, 'keys')
  if (!Array.isArray(keys) || keys.length === 0) throw new Error('the key set holds no keys')
  // A symmetric key has no place in a public set; left in, its value would be a password for everyone.
  return {
    keys: keys.filter(
      (key: { kty?: unknown; use?: unknown }) => key.kty !== 'oct' && (key.use === undefined || key.use === 'sig')
    )
  }
}
