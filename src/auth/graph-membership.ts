import type { GraphConfig } from '../config/schema.ts'
import { GatewayError } from '../core/errors.ts'
import { ClientCredentialsTokens } from '../core/lib/client-credentials.ts'
import { JsonClient, type JsonAnswer } from '../core/lib/https-json.ts'
import { member } from '../core/lib/member.ts'
import type { Log } from '../core/log.ts'
import type { Principal } from '../core/principal.ts'
import { ExpiringMap } from './expiring-map.ts'

const GUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i
/** Graph takes no more in one call. */
const GROUPS_PER_CALL = 20
const REMEMBERED_LIMIT = 10_000
/** However long Graph asks to be left alone: an answer meant for days would shut everybody out. */
const PAUSE_LIMIT_S = 60

/**
 * Asks Microsoft Graph whether a caller is in a permitted group, directly or through other groups.
 * @see https://learn.microsoft.com/graph/api/directoryobject-checkmembergroups
 */
export class GraphMembership {
  readonly #config: GraphConfig
  /** A malformed id would fail the whole call: what is no GUID can only match in tokens. */
  readonly #groupIds: readonly string[]
  readonly #log: Log
  readonly #now: () => number
  readonly #client: JsonClient
  readonly #tokens: ClientCredentialsTokens
  readonly #remembered: ExpiringMap<boolean>
  /** As many at most as there are requests under way. */
  readonly #asking = new Map<string, Promise<boolean>>()
  #pausedUntilMs = -Infinity

  constructor(
    config: GraphConfig,
    permittedGroups: readonly string[],
    log: Log,
    proxyEnvironment: NodeJS.ProcessEnv | undefined,
    now: () => number
  ) {
    this.#config = config
    this.#groupIds = permittedGroups.filter(group => GUID.test(group))
    this.#log = log
    this.#now = now
    this.#remembered = new ExpiringMap(REMEMBERED_LIMIT, now)
    this.#client = new JsonClient({ caFile: config.caFile, timeoutMs: config.timeoutMs, proxyEnvironment })
    const { tokenUrl, clientId, clientSecret } = config
    this.#tokens = new ClientCredentialsTokens(this.#client, {
      tokenUrl,
      clientId,
      clientSecret,
      scope: config.scope ?? `${config.baseUrl}/.default`
    })
  }

  /** What is remembered; undefined where Graph has to be asked. */
  known(principal: Principal): boolean | undefined {
    return this.#remembered.get(keyOf(principal))
  }

  /** Throws IDENTITY_UNAVAILABLE when Graph does not say: nobody gets in on a guess. */
  isMember(principal: Principal): Promise<boolean> {
    const known = this.known(principal)
    if (known !== undefined) return Promise.resolve(known)
    const key = keyOf(principal)
    let asking = this.#asking.get(key)
    if (asking === undefined) {
      asking = this.#ask(principal).finally(() => this.#asking.delete(key))
      this.#asking.set(key, asking)
    }
    return asking
  }

  close(): void {
    this.#client.close()
  }

  async #ask(principal: Principal): Promise<boolean> {
    // The id goes into a path: only the form that Entra ID gives it is let through.
    const member = GUID.test(principal.id) && (await this.#anyGroup(principal))
    this.#remembered.set(keyOf(principal), member, this.#now() + this.#config.cacheMs)
    return member
  }

  async #anyGroup({ id, appOnly }: Principal): Promise<boolean> {
    const url = `${this.#config.baseUrl}/v1.0/${appOnly ? 'servicePrincipals' : 'users'}/${id}/checkMemberGroups`
    for (let from = 0; from < this.#groupIds.length; from += GROUPS_PER_CALL) {
      const answer = await this.#call(url, this.#groupIds.slice(from, from + GROUPS_PER_CALL))
      if (answer.status === 404) return false
      const value = member(answer.body, 'value')
      if (answer.status !== 200 || !Array.isArray(value)) throw this.#refused(answer)
      if (value.length > 0) return true
    }
    return false
  }

  async #call(url: string, groupIds: readonly string[]): Promise<JsonAnswer> {
    const pauseMs = this.#pausedUntilMs - this.#now()
    if (pauseMs > 0) throw unavailable('Graph asked to be left alone', Math.ceil(pauseMs / 1000))
    try {
      const token = await this.#tokens.token()
      return await this.#client.request({ url, headers: { authorization: `Bearer ${token}` }, json: { groupIds } })
    } catch (error) {
      this.#log.error({ cause: String(error) }, 'Microsoft Graph, or its token endpoint, does not answer')
      throw unavailable(String(error), undefined)
    }
  }

  #refused({ status, headers }: JsonAnswer): GatewayError {
    if (status === 401) this.#tokens.forget()
    if (status === 401 || status === 403) {
      this.#log.error(
        { status },
        "Microsoft Graph refuses the gateway's own application: it needs permission to read memberships"
      )
    }
    const retryAfterS = seconds(headers['retry-after'])
    // Calls during the pause would lengthen it: Graph counts them too.
    if (retryAfterS !== undefined) this.#pausedUntilMs = this.#now() + Math.min(retryAfterS, PAUSE_LIMIT_S) * 1000
    return unavailable(`Graph answered ${status}`, retryAfterS)
  }
}

function keyOf({ issuer, id, appOnly }: Principal): string {
  return `${issuer} ${id} ${appOnly}`
}

/** Undefined for the other form of `Retry-After`, a date, which Graph does not use. */
function seconds(retryAfter: string | undefined): number | undefined {
  return retryAfter !== undefined && /^\d{1,5}$/.test(retryAfter) ? Number(retryAfter) : undefined
}

function unavailable(detail: string, retryAfterS: number | undefined): GatewayError {
  return new GatewayError('IDENTITY_UNAVAILABLE', "The service that knows the caller's groups does not answer.", {
    detail,
    ...(retryAfterS === undefined ? {} : { headers: { 'Retry-After': String(retryAfterS) } })
  })
}
