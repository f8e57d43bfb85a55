import type { GraphConfig } from '../config/auth-schema.ts'
import { TENANT_PLACE } from '../config/issuers.ts'
import { currentSecret } from '../config/secret-file.ts'
import { Deadline } from '../core/deadline.ts'
import { ClientCredentialsTokens } from '../core/lib/client-credentials.ts'
import { isGuid } from '../core/lib/guid.ts'
import { JsonClient } from '../core/lib/https-json.ts'
import type { Recent } from '../core/lib/recent.ts'
import { SingleFlight } from '../core/lib/single-flight.ts'
import type { Log } from '../core/log.ts'
import type { Caller, GraphSubject } from './caller.ts'
import { clientAssertion } from './client-assertion.ts'
import { GraphAccess } from './graph-access.ts'
import type { Policy } from './policy.ts'
import { remember, remembering } from './remembering.ts'

/** Graph's own limit. */
const GROUPS_PER_CALL = 20
const REMEMBERED_LIMIT = 10_000
/** An id that no directory gives out. */
const NOBODY = '00000000-0000-0000-0000-000000000000'

/**
 * Asks Microsoft Graph which of the groups that the configuration names a caller is in, directly or through others.
 * @see https://learn.microsoft.com/graph/api/directoryobject-checkmembergroups
 */
export class GraphMembership {
  readonly #config: GraphConfig
  readonly #log: Log
  readonly #now: () => number
  readonly #client: JsonClient
  readonly #timeLimitMs: number
  /** By tenant; only those that the configuration permits. */
  readonly #accesses = new Map<string, GraphAccess>()
  readonly #assertion: ((tokenUrl: string) => Promise<string>) | undefined
  #policy: Policy
  #remembered: Recent<string, readonly string[]>
  /** Questions in flight, by caller; bounded by the requests in flight. */
  #asking = new SingleFlight<readonly string[]>()
  /** Number of calls by outcome. */
  readonly calls = { answered: 0, failed: 0 }

  /** `now` is a monotonic clock; `timeLimitMs` is for all questions about one caller. */
  constructor(
    config: GraphConfig,
    policy: Policy,
    log: Log,
    proxyEnvironment: NodeJS.ProcessEnv | undefined,
    now: () => number,
    timeLimitMs: number
  ) {
    this.#timeLimitMs = timeLimitMs
    this.#config = config
    this.#policy = policy
    this.#log = log
    this.#now = now
    this.#remembered = remembering(REMEMBERED_LIMIT, now)
    this.#client = new JsonClient({ caFile: config.caFile, timeoutMs: config.timeoutMs, proxyEnvironment })
    this.#assertion = clientAssertion(config)
  }

  /** Changes the groups that Graph is asked about, and forgets the answers about the old ones. */
  replacePolicy(policy: Policy): void {
    this.#policy = policy
    this.#remembered = remembering(REMEMBERED_LIMIT, this.#now)
    this.#asking = new SingleFlight()
  }

  /** Returns the remembered groups; undefined if Graph must be asked. */
  known(caller: Caller): readonly string[] | undefined {
    return this.#remembered.get(keyOf(caller))
  }

  /** Returns the caller's groups. Throws IDENTITY_UNAVAILABLE if Graph does not answer: nobody is let in on a guess. */
  groupsOf(caller: Caller): Promise<readonly string[]> {
    const known = this.known(caller)
    if (known !== undefined) return Promise.resolve(known)
    const key = keyOf(caller)
    // If the policy is replaced meanwhile, the answer goes to a memory that is no longer used.
    const remembered = this.#remembered
    return this.#asking.of(key, () => this.#ask(caller, key, remembered))
  }

  /**
   * Asks Graph about somebody who does not exist, as the gateway's application in `tenant`. Rejects with the
   * IDENTITY_UNAVAILABLE that callers would get: its `detail` is the reason.
   */
  async tryOut(tenant: string | undefined): Promise<void> {
    const subject = { objectId: NOBODY, appOnly: false, tenant }
    await this.#memberships(subject, [NOBODY], true)
  }

  close(): void {
    this.#client.close()
  }

  async #ask(
    { identity, graphSubject }: Caller,
    key: string,
    remembered: Recent<string, readonly string[]>
  ): Promise<readonly string[]> {
    // The ids become part of a path, so accept only the form that Entra ID gives them.
    const sound =
      graphSubject !== null &&
      isGuid(graphSubject.objectId) &&
      (graphSubject.tenant === undefined || isGuid(graphSubject.tenant))
    const groups = sound
      ? await this.#memberships(graphSubject, this.#policy.groupIdsFor(identity.issuer), this.#policy.hasRules)
      : []
    remember(remembered, key, groups, this.#config.cacheMs)
    return groups
  }

  async #memberships(subject: GraphSubject, groupIds: readonly string[], hasRules: boolean): Promise<string[]> {
    const kind = subject.appOnly ? 'servicePrincipals' : 'users'
    const url = `${this.#config.baseUrl}/v1.0/${kind}/${subject.objectId}/checkMemberGroups`
    const access = this.#accessFor(subject.tenant)
    const deadline = Deadline.after(this.#timeLimitMs)
    const groups: string[] = []
    for (let from = 0; from < groupIds.length; from += GROUPS_PER_CALL) {
      const found = await access.memberOf(url, groupIds.slice(from, from + GROUPS_PER_CALL), deadline)
      if (found === null) return []
      groups.push(...found)
      // Without rules one group is as good as all.
      if (!hasRules && groups.length > 0) break
    }
    return groups
  }

  #accessFor(tenant = ''): GraphAccess {
    const template = this.#config.tokenUrl
    const key = template.includes(TENANT_PLACE) ? tenant : ''
    let access = this.#accesses.get(key)
    if (access === undefined) {
      const tokens = this.#tokensFor(template.replaceAll(TENANT_PLACE, key))
      access = new GraphAccess(this.#client, tokens, this.calls, this.#log, this.#now)
      this.#accesses.set(key, access)
    }
    return access
  }

  #tokensFor(tokenUrl: string): ClientCredentialsTokens {
    const { baseUrl, clientId, clientSecret, clientSecretFile, scope = `${baseUrl}/.default` } = this.#config
    const secret = clientSecret === undefined ? undefined : currentSecret(clientSecret, clientSecretFile)
    const credentials = {
      tokenUrl,
      clientId,
      get clientSecret() {
        return secret?.()
      },
      assertion: this.#assertion,
      scope
    }
    return new ClientCredentialsTokens(this.#client, credentials, this.#now)
  }
}

function keyOf({ identity, graphSubject }: Caller): string {
  return `${identity.issuer} ${graphSubject?.objectId} ${graphSubject?.appOnly}`
}
