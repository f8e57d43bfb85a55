import type { Exchange } from './exchange.ts'
import type { Router } from './router.ts'
import { isLegalTopic } from '../api/v1/parameters.ts'

/** What a caller wanted to do, by method and path of its route. */
const OPERATIONS: Readonly<Record<string, string>> = {
  'POST /v1/producer/topics/{topic}': 'produce',
  'GET /v1/consumer/topics/{topic}/partitions/{partition}/offsets/{offset}': 'consume',
  'GET /v1/metadata/topics': 'list_topics',
  'GET /v1/metadata/topics/{topic}/partitions': 'describe_topic',
  'GET /v1/metadata/topics/{topic}/partitions/{partition}': 'describe_partition',
  'GET /v1/metadata/brokers': 'list_brokers',
  'PUT /v1/topics/{topic}': 'create_topic',
  'DELETE /v1/topics/{topic}': 'delete_topic'
}

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

/** What happened, for the record: who, what and with which outcome; never a payload, a key, a header or a query. */
export function auditEntry(exchange: Exchange, router: Router): AuditEntry {
  const { request, target, id, principal, status, reason, records } = exchange
  return {
    time: new Date().toISOString(),
    request_id: id,
    principal_id: principal?.id ?? null,
    principal_kind: kindOf(exchange),
    issuer: principal === undefined || principal.issuer === '' ? null : principal.issuer,
    client_id: principal?.clientId ?? null,
    address: exchange.address ?? null,
    ...wanted(request.method ?? '', target, router),
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

/** What became of the operation, whether or not its client was still there to hear of it. */
function outcomeOf({ resultStatus: status, isDenied }: Exchange): AuditEntry['outcome'] {
  if (isDenied || status === 401 || status === 403 || status === 429) return 'denied'
  return status !== undefined && status < 400 ? 'allowed' : 'failed'
}

/** Callers that were not let in are on record too; what they name is kept only where it can be a topic or a partition. */
function wanted(method: string, target: string, router: Router): Pick<AuditEntry, 'operation' | 'topic' | 'partition'> {
  try {
    const { route, params } = router.find(method, target)
    const { topic, partition } = params as { topic?: string; partition?: string }
    return {
      operation: OPERATIONS[`${route.method} ${route.path}`] ?? null,
      topic: topic !== undefined && isLegalTopic(topic) ? topic : null,
      partition: partition !== undefined && /^\d{1,10}$/.test(partition) ? Number(partition) : null
    }
  } catch {
    return { operation: null, topic: null, partition: null }
  }
}
