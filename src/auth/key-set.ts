import { createLocalJWKSet, type JSONWebKeySet, type JWK } from 'jose'
import type { OidcProviderConfig } from '../config/auth-schema.ts'
import { TENANT_PLACE } from '../config/issuers.ts'
import { Deadline } from '../core/deadline.ts'
import { GatewayError } from '../core/errors.ts'
import { JsonClient } from '../core/lib/https-json.ts'
import { member } from '../core/lib/member.ts'
import { within } from '../core/lib/within.ts'
import type { Log } from '../core/log.ts'

const REFRESH_MS = 600_000
const RETRY_FIRST_MS = 1000
const RETRY_LIMIT_MS = 30_000
/** Keys that could not be refreshed are believed for so long. */
const STALE_LIMIT_MS = 24 * 3_600_000
/** Tokens whose key is missing make the provider be asked at once, but not more often than this: anybody can make up key ids. */
const MISSING_KEY_PAUSE_MS = 5000
/** For one answer of the provider. */
const TIMEOUT_MS = 5000
/** For a request that waits for its key. */
const WAIT_LIMIT_MS = 5000

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
  #askedForTokenAtMs = -Infinity
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

  /** Since they were loaded; Infinity where they never were. */
  get ageMs(): number {
    return this.#now() - this.#loadedAtMs
  }

  /** The keys that tokens are verified with; another object as soon as they change. */
  get current(): KeyLookup | null {
    return this.#lookup
  }

  /** Called whenever the keys are others than before: what was verified with the old ones must be verified again. */
  onChange(listener: () => void): void {
    this.#listeners.push(listener)
  }

  /** Resolves after the first attempt; goes on in the background. */
  async start(): Promise<void> {
    await this.#load()
    this.#schedule()
  }

  close(): void {
    this.#closed = true
    clearTimeout(this.#timer)
    this.#client.close()
  }

  /**
   * The keys, among them the one that a token names if the provider has it. Throws IDENTITY_UNAVAILABLE where there are
   * none to be had, or where the one named is missing and the provider cannot be asked whether it exists.
   */
  async keysFor(keyId: string | undefined): Promise<KeyLookup> {
    if (this.#lacks(keyId)) {
      const late = () => this.#unavailable('no answer in time')
      await within(Deadline.after(WAIT_LIMIT_MS), this.#refreshFor(keyId), late)
    }
    if (this.#lookup === null || !this.loaded) throw this.#unavailable('no keys')
    if (this.#lacks(keyId) && this.#failures > 0) throw this.#unavailable('a key is missing and cannot be asked for')
    return this.#lookup
  }

  #lacks(keyId: string | undefined): boolean {
    return !this.loaded || (keyId !== undefined && !this.#keyIds.has(keyId))
  }

  async #refreshFor(keyId: string | undefined): Promise<void> {
    // What is under way may have begun before the provider had the key: it does not count as asking for this token.
    await this.#loading
    if (!this.#lacks(keyId)) return
    if (this.#now() - this.#askedForTokenAtMs >= MISSING_KEY_PAUSE_MS) {
      this.#askedForTokenAtMs = this.#now()
      void this.#load()
    }
    await this.#loading
  }

  #unavailable(reason: string): GatewayError {
    return new GatewayError(
      'IDENTITY_UNAVAILABLE',
      'The identity provider does not answer, so that tokens cannot be checked.',
      { detail: `${this.#provider.issuer}: ${reason}` }
    )
  }

  /** Never rejects; one at a time, for all who wait. */
  #load(): Promise<void> {
    this.#loading ??= this.#fetch().finally(() => (this.#loading = null))
    return this.#loading
  }

  async #fetch(): Promise<void> {
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
    }
  }

  /** @see https://openid.net/specs/openid-connect-discovery-1_0.html#ProviderConfig */
  async #discover(): Promise<string> {
    const { issuer } = this.#provider
    // Entra ID's own name for all tenants at once; its document has the template as its issuer.
    const base = issuer.replaceAll(TENANT_PLACE, 'common').replace(/\/$/, '')
    const document = await this.#get(`${base}/.well-known/openid-configuration`)
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
      void this.#load().then(() => this.#schedule())
    }, pauseMs).unref()
  }
}

function asKeySet(body: unknown): JSONWebKeySet {
  const keys: unknown = member(body, 'keys')
  if (!Array.isArray(keys)) throw new Error('the answer is no key set')
  const usable = keys.filter(isSignatureKey)
  if (usable.length === 0) throw new Error('the key set holds no key for signatures')
  return { keys: usable }
}

/** A symmetric key has no place in a public set; left in, its value would be a password for everyone. */
function isSignatureKey(key: unknown): key is JWK {
  const type = member(key, 'kty')
  const use = member(key, 'use')
  return typeof type === 'string' && type !== 'oct' && (use === undefined || use === 'sig')
}
