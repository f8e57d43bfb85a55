import type { GraphConfig } from '../config/auth-schema.ts'
import { GatewayError } from '../core/errors.ts'
import { ClientCredentialsTokens } from '../core/lib/client-credentials.ts'
import { JsonClient, type JsonAnswer } from '../core/lib/https-json.ts'
import { member } from '../core/lib/member.ts'
import { isGuid } from '../core/lib/guid.ts'
import type { Log } from '../core/log.ts'
import { TENANT_PLACE } from '../config/issuers.ts'
import type { Caller, GraphSubject } from './caller.ts'
import { clientAssertion } from './client-assertion.ts'
import { ExpiringMap } from './expiring-map.ts'
import type { Policy } from './policy.ts'

/** Graph takes no more in one call. */
const GROUPS_PER_CALL = 20
const REMEMBERED_LIMIT = 10_000
/** However long Graph asks to be left alone: an answer meant for days would shut everybody out. */
const PAUSE_LIMIT_S = 60

/**
 * Asks Microsoft Graph which of the groups that the configuration names a caller is in, directly or through others.
 * @see https://learn.microsoft.com/graph/api/directoryobject-checkmembergroups
 */
export class GraphMembership {
  readonly #config: GraphConfig
  readonly #log: Log
  readonly #now: () => number
  readonly #client: JsonClient
  /** By tenant, of which there are as many as are let in. */
  readonly #tokens = new Map<string, ClientCredentialsTokens>()
  readonly #assertion: ((tokenUrl: string) => Promise<string>) | undefined
  #policy: Policy
  #remembered: ExpiringMap<readonly string[]>
  /** As many at most as there are requests under way. */
  #asking = new Map<string, Promise<readonly string[]>>()
  #pausedUntilMs = -Infinity
  /** So far, by whether Graph answered with what was asked. */
  readonly calls = { answered: 0, failed: 0 }

  constructor(
    config: GraphConfig,
    policy: Policy,
    log: Log,
    proxyEnvironment: NodeJS.ProcessEnv | undefined,
    now: () => number
  ) {
    this.#config = config
    this.#policy = policy
    this.#log = log
    this.#now = now
    this.#remembered = new ExpiringMap(REMEMBERED_LIMIT, now)
    this.#client = new JsonClient({ caFile: config.caFile, timeoutMs: config.timeoutMs, proxyEnvironment })
    this.#assertion = clientAssertion(config)
  }

  /** From now on other groups matter: what was asked about the old ones says nothing. */
  replacePolicy(policy: Policy): void {
    this.#policy = policy
    this.#remembered = new ExpiringMap(REMEMBERED_LIMIT, this.#now)
    this.#asking = new Map()
  }

  /** What is remembered; undefined where Graph has to be asked. */
  known(caller: Caller): readonly string[] | undefined {
    return this.#remembered.get(keyOf(caller))
  }

  /** Throws IDENTITY_UNAVAILABLE when Graph does not say: nobody gets in on a guess. */
  groupsOf(caller: Caller): Promise<readonly string[]> {
    const known = this.known(caller)
    if (known !== undefined) return Promise.resolve(known)
    const key = keyOf(caller)
    // Of the policy that is in force now; replaced meanwhile, the answer lands where nobody looks.
    const [underWay, remembered] = [this.#asking, this.#remembered]
    let asking = underWay.get(key)
    if (asking === undefined) {
      asking = this.#ask(caller, key, remembered).finally(() => underWay.delete(key))
      underWay.set(key, asking)
    }
    return asking
  }

  close(): void {
    this.#client.close()
  }

  async #ask(
    { identity, unsaid }: Caller,
    key: string,
    remembered: ExpiringMap<readonly string[]>
  ): Promise<readonly string[]> {
    // The ids go into paths: only the form that Entra ID gives them is let through.
    const sound = unsaid !== null && isGuid(unsaid.objectId) && (unsaid.tenant === undefined || isGuid(unsaid.tenant))
    const groups = sound
      ? await this.#memberships(unsaid, this.#policy.groupIdsFor(identity.issuer), this.#policy.hasRules)
      : []
    remembered.set(key, groups, this.#now() + this.#config.cacheMs)
    return groups
  }

  async #memberships(subject: GraphSubject, groupIds: readonly string[], hasRules: boolean): Promise<string[]> {
    const kind = subject.appOnly ? 'servicePrincipals' : 'users'
    const url = `${this.#config.baseUrl}/v1.0/${kind}/${subject.objectId}/checkMemberGroups`
    const tokens = this.#tokensFor(subject.tenant)
    const groups: string[] = []
    for (let from = 0; from < groupIds.length; from += GROUPS_PER_CALL) {
      const answer = await this.#call(url, groupIds.slice(from, from + GROUPS_PER_CALL), tokens)
      const value = member(answer.body, 'value')
      const missing = answer.status === 404
      if (!missing && (answer.status !== 200 || !Array.isArray(value))) throw this.#refused(answer, tokens)
      this.calls.answered++
      if (missing || !Array.isArray(value)) return []
      groups.push(...value.filter(group => typeof group === 'string'))
      // Without rules one group is as good as all.
      if (!hasRules && groups.length > 0) break
    }
    return groups
  }

  #tokensFor(tenant = ''): ClientCredentialsTokens {
    const template = this.#config.tokenUrl
    const key = template.includes(TENANT_PLACE) ? tenant : ''
    let tokens = this.#tokens.get(key)
    if (tokens === undefined) {
      const { baseUrl, clientId, clientSecret, scope = `${baseUrl}/.default` } = this.#config
      const tokenUrl = template.replaceAll(TENANT_PLACE, key)
      tokens = new ClientCredentialsTokens(this.#client, {
        tokenUrl,
        clientId,
        clientSecret,
        assertion: this.#assertion,
        scope
      })
      this.#tokens.set(key, tokens)
    }
    return tokens
  }

  async #call(url: string, groupIds: readonly string[], tokens: ClientCredentialsTokens): Promise<JsonAnswer> {
    const pauseMs = this.#pausedUntilMs - this.#now()
    if (pauseMs > 0) throw unavailable('Graph asked to be left alone', Math.ceil(pauseMs / 1000))
    try {
      const token = await tokens.token()
      return await this.#client.request({ url, headers: { authorization: `Bearer ${token}` }, json: { groupIds } })
    } catch (error) {
      this.calls.failed++
      this.#log.error({ cause: String(error) }, 'Microsoft Graph, or its token endpoint, does not answer')
      throw unavailable(String(error), undefined)
    }
  }

  #refused({ status, headers }: JsonAnswer, tokens: ClientCredentialsTokens): GatewayError {
    this.calls.failed++
    if (status === 401) tokens.forget()
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

function keyOf({ identity, appOnly, unsaid }: Caller): string {
  return `${identity.issuer} ${unsaid?.objectId} ${appOnly}`
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
