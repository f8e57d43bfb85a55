import type { Deadline } from '../core/deadline.ts'
import { GatewayError } from '../core/errors.ts'
import { type ClientCredentialsTokens, TokenRefusal } from '../core/lib/client-credentials.ts'
import { growingPauseMs } from '../core/lib/growing-pause.ts'
import { type JsonAnswer, type JsonClient, retryAfterS } from '../core/lib/https-json.ts'
import { member } from '../core/lib/member.ts'
import { RepeatedWarnings } from '../core/lib/repeated-warnings.ts'
import { within } from '../core/lib/within.ts'
import type { Log } from '../core/log.ts'

/** Limit of a pause that Graph asks for by `Retry-After`: one of days would lock everybody out. */
const PAUSE_LIMIT_S = 60
/** Back-off of the token endpoint. */
const TOKEN_PAUSE_FIRST_MS = 1000
const TOKEN_PAUSE_LIMIT_MS = 30_000

const late = () => new Error('no token in time')

/** Asks Microsoft Graph with the gateway's token for one tenant. Graph throttles each tenant by itself. */
export class GraphAccess {
  readonly #client: JsonClient
  readonly #tokens: ClientCredentialsTokens
  readonly #now: () => number
  readonly #failures: RepeatedWarnings
  /** Number of calls by outcome, shared by all tenants. */
  readonly #calls: { answered: number; failed: number }
  #pausedUntilMs = -Infinity
  #tokenFailures = 0
  /** The last error, which all who waited for the same token share: it counts once. */
  #tokenError: unknown

  constructor(
    client: JsonClient,
    tokens: ClientCredentialsTokens,
    calls: { answered: number; failed: number },
    log: Log,
    now: () => number
  ) {
    this.#client = client
    this.#tokens = tokens
    this.#calls = calls
    this.#now = now
    this.#failures = new RepeatedWarnings(log, now, 'error')
  }

  /**
   * Asks which of the groups somebody is in. Returns null if Graph does not know them. Throws IDENTITY_UNAVAILABLE, without
   * asking during a pause, because calls would lengthen it.
   */
  async memberOf(url: string, groupIds: readonly string[], deadline: Deadline): Promise<readonly string[] | null> {
    const pauseMs = this.#pausedUntilMs - this.#now()
    if (pauseMs > 0) throw unavailable('Graph, or its token endpoint, is left alone', Math.ceil(pauseMs / 1000))
    const token = await this.#token(deadline)
    const answer = await this.#ask(url, groupIds, token, deadline)
    const groups = groupsIn(answer)
    if (groups === undefined) throw this.#refused(answer)
    this.#calls.answered++
    for (const kind of ['silent', 'refused']) this.#failures.over(kind, {}, 'Microsoft Graph answers again')
    return groups
  }

  async #token(deadline: Deadline): Promise<string> {
    try {
      const token = await within(deadline, this.#tokens.token(), late)
      this.#tokenFailures = 0
      this.#failures.over('token', {}, 'The token endpoint of Microsoft Graph answers again')
      return token
    } catch (error) {
      this.#calls.failed++
      this.#failures.warn('token', { cause: String(error) }, 'Microsoft Graph, or its token endpoint, does not answer')
      if (error !== this.#tokenError) {
        this.#tokenError = error
        const backOffMs = growingPauseMs(this.#tokenFailures++, TOKEN_PAUSE_FIRST_MS, TOKEN_PAUSE_LIMIT_MS)
        const askedS = error instanceof TokenRefusal ? error.retryAfterS : undefined
        this.#pause(Math.max(backOffMs, askedS === undefined ? 0 : askedS * 1000))
      }
      throw unavailable(String(error), Math.ceil((this.#pausedUntilMs - this.#now()) / 1000), error)
    }
  }

  async #ask(url: string, groupIds: readonly string[], token: string, deadline: Deadline): Promise<JsonAnswer> {
    try {
      return await this.#client.request({
        url,
        headers: { authorization: `Bearer ${token}` },
        json: { groupIds },
        deadline
      })
    } catch (error) {
      this.#calls.failed++
      this.#failures.warn('silent', { cause: String(error) }, 'Microsoft Graph, or its token endpoint, does not answer')
      throw unavailable(String(error), undefined, error)
    }
  }

  #refused(answer: JsonAnswer): GatewayError {
    const { status, fault } = answer
    this.#calls.failed++
    if (status === 401) this.#tokens.forget()
    const reason = `Graph answered ${status}${fault === undefined ? '' : `, but ${fault}`}`
    this.#failures.warn(
      'refused',
      { status, reason },
      status === 401 || status === 403
        ? "Microsoft Graph refuses the gateway's own application: it needs permission to read memberships"
        : 'Microsoft Graph does not answer what it was asked'
    )
    const askedS = retryAfterS(answer)
    return unavailable(reason, askedS === undefined ? undefined : this.#pause(askedS * 1000))
  }

  /** Begins a pause and returns its length in seconds. */
  #pause(durationMs: number): number {
    const pauseMs = Math.min(durationMs, PAUSE_LIMIT_S * 1000)
    this.#pausedUntilMs = this.#now() + pauseMs
    return Math.ceil(pauseMs / 1000)
  }
}

/** Returns the groups of an answer; null if Graph does not know whom it was asked about, undefined if it refused. */
function groupsIn({ status, body }: JsonAnswer): readonly string[] | null | undefined {
  if (status === 404) return null
  const value = member(body, 'value')
  return status === 200 && Array.isArray(value) ? value.filter(group => typeof group === 'string') : undefined
}

function unavailable(detail: string, retrySeconds: number | undefined, cause?: unknown): GatewayError {
  return new GatewayError('IDENTITY_UNAVAILABLE', "The service that knows the caller's groups does not answer.", {
    detail,
    cause,
    ...(retrySeconds === undefined ? {} : { headers: { 'Retry-After': String(retrySeconds) } })
  })
}
