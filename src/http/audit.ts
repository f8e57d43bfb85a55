import type { Params, Resource } from './call.ts'
import type { Exchange } from './exchange.ts'
import type { Route } from './route.ts'

/** One line of the audit log; `docs/audit.md` describes each member, and a test compares the two. */
export interface AuditEntry {
  readonly time: string
  readonly request_id: string
  readonly principal_id: string | null
  readonly principal_kind: 'application' | 'user' | 'anonymous' | null
  readonly issuer: string | null
  readonly client_id: string | null
  readonly address: string | null
  readonly operation: string | null
  readonly topic: string | null
  readonly partition: number | null
  readonly outcome: 'allowed' | 'denied' | 'failed'
  readonly reason: string | null
  readonly status: number | null
  readonly records: number | null
}

/** Returns the audit line of a request: who, what and with which outcome. It never holds a payload, a key, a header or a query. */
export function auditEntry(exchange: Exchange): AuditEntry {
  const { id, principal, status, reason, records } = exchange
  return {
    time: new Date().toISOString(),
    request_id: id,
    principal_id: principal?.id ?? null,
    principal_kind: kindOf(exchange),
    issuer: principal === undefined || principal.issuer === '' ? null : principal.issuer,
    client_id: principal?.clientId ?? exchange.credentialId ?? null,
    address: exchange.address ?? null,
    ...wanted(exchange),
    outcome: outcomeOf(exchange),
    reason: reason ?? null,
    status,
    records: records ?? null
  }
}

function kindOf({ principal }: Exchange): AuditEntry['principal_kind'] {
  if (principal === undefined || principal.appOnly === null) return null
  if (principal.issuer === '') return 'anonymous'
  return principal.appOnly ? 'application' : 'user'
}

/** Returns the outcome of the operation, whether or not its client waited for the answer. */
function outcomeOf({ resultStatus: status, isDenied }: Exchange): AuditEntry['outcome'] {
  if (isDenied || status === 401 || status === 403 || status === 429) return 'denied'
  return status !== undefined && status < 400 ? 'allowed' : 'failed'
}

type Wanted = Pick<AuditEntry, 'operation' | 'topic' | 'partition'>

/** Returns what the request asked for, also if the caller was refused. A name is kept only if a topic or partition can have it. */
function wanted({ route, params, topic, mounted, request: { method = '' }, target }: Exchange): Wanted {
  if (route !== undefined)
    return { ...named(route, params), ...(route.permission === 'inHandler' && { topic: topic ?? null }) }
  try {
    const match = mounted.router.find(method, target)
    return named(match.route, match.params)
  } catch {
    return { operation: null, topic: null, partition: null }
  }
}

function named({ audit, permission }: Route, params: Params): Wanted {
  const { partition } = params as { partition?: string }
  return {
    operation: audit,
    topic:
      typeof permission === 'object' && permission.resource.kind === 'topic'
        ? nameIfLegal(permission.resource, params)
        : null,
    partition: partition !== undefined && /^\d{1,10}$/.test(partition) ? Number(partition) : null
  }
}

function nameIfLegal(resource: Resource, params: Params): string | null {
  try {
    return resource.nameIn(params)
  } catch {
    return null
  }
}
