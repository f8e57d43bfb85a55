import type { AuthConfig } from '../config/schema.ts'
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
  const identity = { ...caller, member: [...caller.groups, ...caller.roles].some(group => policy.isPermitted(group)) }
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
