import type { JWSHeaderParameters } from 'jose'
import type { OidcProviderConfig } from '../config/auth-schema.ts'
import { Deadline } from '../core/deadline.ts'
import { GatewayError } from '../core/errors.ts'
import { growingPauseMs } from '../core/lib/growing-pause.ts'
import { within } from '../core/lib/within.ts'
import type { Log } from '../core/log.ts'
import { KeyRing } from './key-ring.ts'
import { KeySource } from './key-source.ts'

const REFRESH_MS = 600_000
const RETRY_FIRST_MS = 1000
const RETRY_LIMIT_MS = 30_000
/** Keys that could not be refreshed are believed for so long. */
const STALE_LIMIT_MS = 24 * 3_600_000
/** Tokens whose key is missing make the provider be asked at once, but not more often than this: anybody can make up key ids. */
const LOOK_PAUSE_MS = 5000
/** Requests that wait for a look, or for the pause before it to end. Beyond it, tokens are called bad without one. */
const WAITING_LIMIT = 100
/** For a request that waits for its key: the pause, and an answer that does not take long. */
const WAIT_LIMIT_MS = 7000

/**
 * The signature keys of one provider: loaded before the gateway is ready, refreshed in the background, kept while the
 * provider is down, and asked anew at once when a token names a key that is not among them.
 */
export class KeySet {
  readonly #provider: OidcProviderConfig
  readonly #log: Log
  readonly #now: () => number
  readonly #source: KeySource
  readonly #listeners: (() => void)[] = []
  #ring: KeyRing | null = null
  #fingerprint = ''
  #loadedAtMs = -Infinity
  #lookedForTokenAtMs = -Infinity
  #loading: Promise<void> | null = null
  /** Looks that have begun. */
  #looks = 0
  /** The look at the end of the pause, and how many requests wait for it. */
  #nextLook: Promise<void> | null = null
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
  }

  get loaded(): boolean {
    return this.#ring !== null && this.#now() - this.#loadedAtMs < STALE_LIMIT_MS
  }

  /** Since they were loaded; Infinity where they never were. */
  get ageMs(): number {
    return this.#now() - this.#loadedAtMs
  }

  /** The keys that tokens are verified with; another object as soon as they change. */
  get current(): KeyRing | null {
    return this.#ring
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
    clearTimeout(this.#waking)
    this.#source.close()
  }

  /**
   * Returns the keys, among them the one that the header names if the provider has it. Throws IDENTITY_UNAVAILABLE if there
   * are none, or if the one named is missing and the provider cannot be asked whether it exists.
   */
  async ringFor(header: JWSHeaderParameters): Promise<KeyRing> {
    if (this.#lacks(header)) {
      const late = () => this.#unavailable('no answer in time')
      await within(Deadline.after(WAIT_LIMIT_MS), this.#lookFor(header), late)
    }
    if (this.#ring === null || !this.loaded) throw this.#unavailable('no keys')
    if (this.#lacks(header) && this.#failures > 0) throw this.#unavailable('a key is missing and cannot be asked for')
    return this.#ring
  }

  /**
   * Returns the keys as they are now, after a signature did not fit those of `ring`: a key may have been replaced under its
   * name, or have none. Asks the provider at once, or joins who asks; in the pause after that nobody does.
   */
  async ringAfter(ring: KeyRing): Promise<KeyRing> {
    if (this.#ring === ring && (this.#pauseMs <= 0 || this.#loading !== null) && this.#waiting < WAITING_LIMIT) {
      const look = this.#pauseMs <= 0 ? this.#look() : this.#loading
      const late = () => this.#unavailable('no answer in time')
      await this.#counted(within(Deadline.after(WAIT_LIMIT_MS), Promise.resolve(look), late))
    }
    return this.#ring ?? ring
  }

  #lacks(header: JWSHeaderParameters): boolean {
    return !this.loaded || this.#ring?.lacks(header) !== false
  }

  /** Until the provider may be asked for a token again. */
  get #pauseMs(): number {
    return this.#lookedForTokenAtMs + LOOK_PAUSE_MS - this.#now()
  }

  async #lookFor(header: JWSHeaderParameters): Promise<void> {
    const looks = this.#looks
    // What is under way may have begun before the provider had the key: it does not count as asking for this token.
    await this.#loading
    if (!this.#lacks(header)) return
    if (this.#looks > looks) await this.#loading
    else if (this.#pauseMs <= 0) await this.#look()
    // The token has not been judged: a stranger's made-up key ids must not make it a bad one.
    else if (this.loaded && this.#failures === 0 && this.#waiting < WAITING_LIMIT) await this.#waitForLook()
  }

  async #waitForLook(): Promise<void> {
    this.#nextLook ??= new Promise<void>(resolve => {
      this.#waking = setTimeout(resolve, this.#pauseMs)
    }).then(() => {
      this.#nextLook = null
      return this.#look()
    })
    await this.#counted(this.#nextLook)
  }

  async #counted(waiting: Promise<unknown>): Promise<void> {
    this.#waiting++
    try {
      await waiting
    } finally {
      this.#waiting--
    }
  }

  /** Asks the provider for a token's sake. */
  async #look(): Promise<void> {
    this.#lookedForTokenAtMs = this.#now()
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

  /** Never rejects; one at a time, for all who wait. */
  #load(): Promise<void> {
    if (this.#loading === null) {
      this.#looks++
      this.#loading = this.#fetch().finally(() => (this.#loading = null))
    }
    return this.#loading
  }

  async #fetch(): Promise<void> {
    try {
      const keys = await this.#source.keys(await this.#source.address())
      this.#failures = 0
      this.#loadedAtMs = this.#now()
      const fingerprint = JSON.stringify(keys)
      if (fingerprint === this.#fingerprint) return
      this.#fingerprint = fingerprint
      this.#ring = new KeyRing(keys)
      for (const listener of this.#listeners) listener()
      this.#log.info(
        { issuer: this.#provider.issuer, keys: this.#ring.size },
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

  #schedule(): void {
    if (this.#closed) return
    const pauseMs =
      this.#failures === 0 ? REFRESH_MS : growingPauseMs(this.#failures - 1, RETRY_FIRST_MS, RETRY_LIMIT_MS)
    this.#timer = setTimeout(() => {
      void this.#load().then(() => this.#schedule())
    }, pauseMs).unref()
  }
}
