import type { OidcProviderConfig } from '../config/auth-schema.ts'
import { issuersOf, otherIssuers } from '../config/issuers.ts'
import type { AuthConfig, Config } from '../config/schema.ts'
import { type Access, type Operation, operations } from '../core/principal.ts'
import { Policy, type Identity } from './policy.ts'
import { TopicGrants } from './topic-grants.ts'

/** Returns every trusted `iss`, then the issuers of callers without tokens. */
export function trustedIssuers({ auth, kafka }: Pick<Config, 'auth' | 'kafka'>): readonly string[] {
  return [...auth.oidc.flatMap(issuersOf), ...otherIssuers({ auth, kafka })]
}

/** What somebody asks about; at least one of them. */
export interface Asked {
  readonly topic: string | undefined
  readonly consumerGroup: string | undefined
}

const GROUP_OPERATIONS: readonly Operation[] = ['read', 'describe', 'delete']

/**
 * Explains what a caller may do with a topic, a consumer group or both: a line for each operation with the rules that grant it,
 * and what the token must have; with `kafka.identity: caller` Kafka's own ACLs decide besides. Takes groups and roles as given,
 * without a token or Graph. Ends with a line break.
 */
export function explainAccess(
  { auth, kafka }: Pick<Config, 'auth' | 'kafka'>,
  caller: Omit<Identity, 'member'>,
  { topic, consumerGroup }: Asked,
  sourceOf: (rule: number) => string | undefined
): string {
  if (auth.mode === 'none') return 'auth.mode is none: everybody may do everything.\n'
  const policy = new Policy(auth, kafka.identity === 'caller')
  const identity = {
    ...caller,
    member: memberGroups(auth, caller).some(group => policy.isPermitted(caller.issuer, group))
  }
  const provider = providerOf(auth, caller.issuer)
  const demands = provider === undefined ? '' : demandsOf(provider, caller.issuer)
  const access = policy.accessOf(identity)
  const known = identity.member ? 'in a permitted group' : 'in no permitted group'
  const besides = kafka.identity === 'caller' ? "Kafka's ACLs for the caller decide besides.\n" : ''
  if (access === null) return `${caller.id} is not let in: ${known}, named by no rule.\n${demands}`
  const matching = policy.rulesFor(identity)
  const linesOf = (asked: readonly Operation[], may: (access: Access, operation: Operation) => boolean) =>
    asked.map(operation => {
      if (!may(access, operation)) return `${operation.padEnd(8)}  no`
      if (!policy.hasRules) return `${operation.padEnd(8)}  yes  there are no rules`
      const granting = matching.filter(number => may(new TopicGrants([auth.rules[number]]), operation))
      return `${operation.padEnd(8)}  yes  ${granting.map(number => nameOf(number, sourceOf(number))).join(', ')}`
    })
  const lines = [
    ...(topic === undefined
      ? []
      : [`Topic ${topic}:`, ...linesOf(operations, (each, operation) => each.allows(operation, 'topic', topic))]),
    ...(consumerGroup === undefined
      ? []
      : [
          `Consumer group ${consumerGroup}:`,
          ...linesOf(GROUP_OPERATIONS, (each, operation) => each.allows(operation, 'consumerGroup', consumerGroup))
        ])
  ]
  const by = matching.length === 0 ? 'named by no rule' : `named by ${matching.map(n => `auth.rules[${n}]`).join(', ')}`
  return `${caller.id} is let in: ${known}, ${by}.\n${lines.join('\n')}\n${besides}${demands}`
}

function nameOf(rule: number, source: string | undefined): string {
  return `auth.rules[${rule}]${source === undefined ? '' : ` [${source}]`}`
}

function providerOf({ oidc }: AuthConfig, issuer: string): OidcProviderConfig | undefined {
  return oidc.find(provider => issuersOf(provider).includes(issuer))
}

/** Returns what counts for `permittedGroups`: roles only if the provider's `groupsClaims` include their claim. */
function memberGroups(auth: AuthConfig, { issuer, groups, roles }: Omit<Identity, 'member'>): readonly string[] {
  const provider = providerOf(auth, issuer)
  const rolesCount = provider?.groupsClaims.some(path => provider.rolesClaims.includes(path)) === true
  return rolesCount ? [...groups, ...roles] : groups
}

function demandsOf(provider: OidcProviderConfig, issuer: string): string {
  const { requiredTokenType, requiredScopes, authorizedParties } = provider
  const demands = [
    ...(requiredTokenType === undefined ? [] : [`be of type ${requiredTokenType}`]),
    ...(requiredScopes === undefined ? [] : [`have all of the scopes ${requiredScopes.join(', ')}`]),
    ...(authorizedParties === undefined ? [] : [`be issued to one of ${authorizedParties.join(', ')}`])
  ]
  return demands.length === 0 ? '' : `Tokens of ${issuer} must ${demands.join('; ')}.\n`
}
