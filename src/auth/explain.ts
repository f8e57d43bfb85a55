import type { AuthConfig } from '../config/schema.ts'
import { issuersOf } from '../config/issuers.ts'
import { operations } from '../core/principal.ts'
import { Policy, type Identity } from './policy.ts'
import { TopicGrants } from './topic-grants.ts'

/**
 * What a caller may do with a topic, a line an operation, each with the rules that grant it. Groups and roles are taken
 * as given: neither a token nor Graph is asked. Ends with a line break.
 */
export function explainAccess(
  auth: AuthConfig,
  caller: Omit<Identity, 'member'>,
  topic: string,
  sourceOf: (rule: number) => string | undefined
): string {
  if (auth.mode === 'none') return 'auth.mode is none: everybody may do everything.\n'
  const policy = new Policy(auth)
  const identity = {
    ...caller,
    member: memberGroups(auth, caller).some(group => policy.isPermitted(caller.issuer, group))
  }
  const access = policy.accessOf(identity)
  const known = identity.member ? 'in a permitted group' : 'in no permitted group'
  if (access === null) return `${caller.id} is not let in: ${known}, named by no rule.\n`
  const matching = policy.rulesFor(identity)
  const lines = operations.map(operation => {
    if (!access.allows(operation, topic)) return `${operation.padEnd(8)}  no`
    if (!policy.hasRules) return `${operation.padEnd(8)}  yes  there are no rules`
    const granting = matching.filter(number => new TopicGrants([auth.rules[number]]).allows(operation, topic))
    return `${operation.padEnd(8)}  yes  ${granting.map(number => nameOf(number, sourceOf(number))).join(', ')}`
  })
  const by = matching.length === 0 ? 'named by no rule' : `named by ${matching.map(n => `auth.rules[${n}]`).join(', ')}`
  return `${caller.id} is let in: ${known}, ${by}.\nTopic ${topic}:\n${lines.join('\n')}\n`
}

function nameOf(rule: number, source: string | undefined): string {
  return `auth.rules[${rule}]${source === undefined ? '' : ` [${source}]`}`
}

/** What counts as a group for `permittedGroups`: roles only where the provider's `groupsClaims` look at their claim too. */
function memberGroups({ oidc }: AuthConfig, { issuer, groups, roles }: Omit<Identity, 'member'>): readonly string[] {
  const provider = oidc.find(each => issuersOf(each).includes(issuer))
  const rolesCount = provider?.groupsClaims.some(path => provider.rolesClaims.includes(path)) === true
  return rolesCount ? [...groups, ...roles] : groups
}
