import type { JWSHeaderParameters } from 'jose'
import type { OidcProviderConfig } from '../config/auth-schema.ts'
import { Deadline } from '../core/deadline.ts'
import { GatewayError } from '../core/errors.ts'
import { growingPauseMs } from '../core/lib/growing-pause.ts'
import { RepeatedWarnings } from '../core/lib/repeated-warnings.ts'
import { within } from '../core/lib/within.ts'
import type { Log } from '../core/log.ts'
import { KeyRing } from './key-ring.ts'
import { KeySource } from './key-source.ts'

const REFRESH_MS = 600_000
const RETRY_FIRST_MS = 1000
const RETRY_LIMIT_MS = 30_000
/** How long keys stay valid that cannot be refreshed. */
const STALE_LIMIT_MS = 24 * 3_600_000
/** Pause between lookups for tokens whose key is missing: anybody can make up key ids. */
const LOOKUP_PAUSE_MS = 5000
/** The most requests that wait for a lookup. Further tokens with unknown keys are refused without one. */
const WAITING_LIMIT = 100
/** Limit of a request's wait for its key: the pause, and a quick answer. */
const WAIT_LIMIT_MS = 7000

/**
 * Keeps the signature keys of one provider. Loads them before the gateway is ready, refreshes them in the background, keeps
 * them while the provider is down, and looks for new ones when a token names an unknown key.
 */
export class KeySet {
  readonly #provider: OidcProviderConfig
  readonly #log: Log
  readonly #now: () => number
  readonly #source: KeySource
  readonly #complaints: RepeatedWarnings
  readonly #listeners: (() => void)[] = []
  #ring: KeyRing | null = null
  #fingerprint = ''
  #loadedAtMs = -Infinity
  #lookedUpAtMs = -Infinity
  #loading: Promise<void> | null = null
  /** Number of lookups begun. */
  #lookups = 0
  /** The lookup at the end of the pause, and how many requests wait for one. */
  #nextLookup: Promise<void> | null = null
  #waiting = 0
  #waking: NodeJS.Timeout | undefined
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
    this.#source = new KeySource(provider, proxyEnvironment)
    this.#complaints = new RepeatedWarnings(log, now, 'error')
  }

  get loaded(): boolean {
    return this.#ring !== null && this.#now() - this.#loadedAtMs < STALE_LIMIT_MS
  }

  /** Milliseconds since the keys were loaded; Infinity if they never were. */
  get ageMs(): number {
    return this.#now() - this.#loadedAtMs
  }

  /** The current keys; another object when they change. */
  get current(): KeyRing | null {
    return this.#ring
  }

  /** Calls `listener` when the keys change: tokens verified with the old ones must be verified again. */
  onChange(listener: () => void): void {
    this.#listeners.push(listener)
  }

  /** Loads the keys and begins to refresh them. Resolves after the first attempt. */
  async start(): Promise<void> {
    await this.#load()
    this.#schedule()
  }

  close(): void {
    this.#closed = true
    clearTimeout(this.#timer)
    clearTimeout(this.#waking)
    this.#source.close()
  }

  /**
   * Returns the keys, including the one that the header names if the provider has it. Throws IDENTITY_UNAVAILABLE if there are
   * none, or if the named one is missing and the provider does not answer.
   */
  async ringFor(header: JWSHeaderParameters): Promise<KeyRing> {
    if (this.#lacks(header)) {
      const late = () => this.#unavailable('no answer in time')
      await within(Deadline.after(WAIT_LIMIT_MS), this.#waitForKey(header), late)
    }
    if (this.#ring === null || !this.loaded) throw this.#unavailable('no keys')
    if (this.#lacks(header) && this.#failures > 0) throw this.#unavailable('a key is missing and cannot be asked for')
    return this.#ring
  }

  /**
   * Returns the newest keys, for a signature that did not fit those of `ring`: a key may have been replaced under its name, or
   * have none. Asks the provider or joins a lookup in flight, except during the pause.
   */
  async ringAfter(ring: KeyRing): Promise<KeyRing> {
    if (this.#ring === ring && (this.#pauseMs <= 0 || this.#loading !== null) && this.#waiting < WAITING_LIMIT) {
      const lookup = this.#pauseMs <= 0 ? this.#lookUp() : this.#loading
      const late = () => this.#unavailable('no answer in time')
      await this.#counted(within(Deadline.after(WAIT_LIMIT_MS), Promise.resolve(lookup), late))
    }
    return this.#ring ?? ring
  }

  #lacks(header: JWSHeaderParameters): boolean {
    return !this.loaded || this.#ring?.lacks(header) !== false
  }

  /** Milliseconds until the next lookup is allowed; 0 or less if it is. */
  get #pauseMs(): number {
    return this.#lookedUpAtMs + LOOKUP_PAUSE_MS - this.#now()
  }

  async #waitForKey(header: JWSHeaderParameters): Promise<void> {
    const lookups = this.#lookups
    // A lookup in flight may have begun before the provider had the key, so it does not count for this token.
    await this.#loading
    if (!this.#lacks(header)) return
    if (this.#lookups > lookups) await this.#loading
    else if (this.#pauseMs <= 0) await this.#lookUp()
    // Wait rather than refuse: a stranger's made-up key ids must not make a valid token fail.
    else if (this.loaded && this.#failures === 0 && this.#waiting < WAITING_LIMIT) await this.#waitForLookup()
  }

  async #waitForLookup(): Promise<void> {
    this.#nextLookup ??= new Promise<void>(resolve => {
      this.#waking = setTimeout(resolve, this.#pauseMs)
    }).then(() => {
      this.#nextLookup = null
      return this.#lookUp()
    })
    await this.#counted(this.#nextLookup)
  }

  async #counted(waiting: Promise<unknown>): Promise<void> {
    this.#waiting++
    try {
      await waiting
    } finally {
      this.#waiting--
    }
  }

  /** Asks the provider because of a token. */
  async #lookUp(): Promise<void> {
    this.#lookedUpAtMs = this.#now()
    await this.#loading
    await this.#load()
  }

  #unavailable(reason: string): GatewayError {
    return new GatewayError(
      'IDENTITY_UNAVAILABLE',
      'The identity provider does not answer, so that tokens cannot be checked.',
      { detail: `${this.#provider.issuer}: ${reason}` }
    )
  }

  /** Loads the keys, once for all who wait. Never rejects. */
  #load(): Promise<void> {
    if (this.#loading === null) {
      this.#lookups++
      this.#loading = this.#fetch().finally(() => (this.#loading = null))
    }
    return this.#loading
  }

  async #fetch(): Promise<void> {
    try {
      const keys = await this.#source.keys(await this.#source.address())
      const { issuer } = this.#provider
      this.#failures = 0
      this.#complaints.over('keys', { issuer }, 'The keys of an identity provider can be loaded again')
      this.#loadedAtMs = this.#now()
      const fingerprint = JSON.stringify(keys)
      if (fingerprint === this.#fingerprint) {
        this.#log.debug({ issuer, keys: keys.length }, 'The keys of an identity provider are as before')
        return
      }
      this.#fingerprint = fingerprint
      this.#ring = new KeyRing(keys)
      for (const listener of this.#listeners) listener()
      this.#log.info({ issuer, keys: this.#ring.size }, 'The keys of an identity provider were loaded')
    } catch (error) {
      this.#failures++
      this.#complain(error)
    }
  }

  #complain(error: unknown): void {
    const { issuer } = this.#provider
    const cause = String(error)
    const keysKept = this.loaded
    const effect = keysKept ? 'Those known stay in force for a day' : 'Its callers get 503 until then'
    const text = `The keys of ${issuer} cannot be loaded: ${cause}. ${effect}. Try check-config --connect.`
    this.#complaints.warn('keys', { issuer, cause, keysKept }, text)
  }

  #schedule(): void {
    if (this.#closed) return
    const pauseMs =
      this.#failures === 0 ? REFRESH_MS : growingPauseMs(this.#failures - 1, RETRY_FIRST_MS, RETRY_LIMIT_MS)
    this.#timer = setTimeout(() => {
      void this.#load().then(() => this.#schedule())
    }, pauseMs).unref()
  }
}
