import type { ErrorCode, GatewayError } from '../../core/errors.ts'
import type { RecordFailure } from '../../core/produce-outcome.ts'
import type { Api, FailedRequest } from '../../http/api.ts'
import { errorReply } from '../../http/error-reply.ts'
import { chooseType } from '../../http/negotiate.ts'
import type { RouteDescription } from '../../http/route.ts'
import { BodyError, type BodyFault } from '../shared/records/body-error.ts'
import { KAFKA_TYPE } from './media-types.ts'
import type { Dialect } from './record-form.ts'
import { type OwnNumber, SettingError } from './setting-error.ts'

/** How a dialect tells an error. */
export interface Told {
  /** HTTP status. */
  readonly status: number
  /** The member `error_code`. */
  readonly code: number
}

const told = (status: number, code = status): Told => ({ status, code })
/** Not stored, and worth another try: Confluent's clients repeat the request. */
const REPEAT = told(500, 50_003)
/** Any other error of Kafka. Records may have been stored. */
const KAFKA = told(500, 50_002)
/** A setting of a topic that Kafka refuses. */
const REFUSED_SETTING = told(400, 40_002)
const AUTHENTICATION = told(401, 40_101)
const AUTHORIZATION = told(403, 40_301)

/** What Confluent REST Proxy v2 says: the status alone, or the status × 100 + a number of its own. */
export const confluentErrors: Readonly<Record<ErrorCode, Told>> = {
  BAD_REQUEST: told(400),
  MALFORMED_JSON: told(400),
  INVALID_BODY: told(422),
  INVALID_TOPIC_NAME: REFUSED_SETTING,
  INVALID_TOPIC_PROPERTY: REFUSED_SETTING,
  INVALID_PARTITION_COUNT: REFUSED_SETTING,
  INVALID_REPLICATION_FACTOR: REFUSED_SETTING,
  POLICY_VIOLATION: REFUSED_SETTING,
  INVALID_PARTITION: told(400),
  INVALID_OFFSET: told(400),
  OFFSET_OUT_OF_RANGE: told(400),
  INVALID_COUNT: told(400),
  INVALID_ENCODING: told(400),
  INVALID_RECORD: told(400),
  INVALID_TIMESTAMP: told(400),
  MALFORMED_GZIP: told(400),
  INVALID_PARAMETER: told(400),
  SEVERAL_CREDENTIALS: told(400),
  CREDENTIAL_IN_QUERY: told(400),
  POSITION_OF_ANOTHER_TOPIC: told(400),
  UNAUTHENTICATED: AUTHENTICATION,
  INVALID_TOKEN: AUTHENTICATION,
  INVALID_CREDENTIALS: AUTHENTICATION,
  CERTIFICATE_NEEDED: AUTHENTICATION,
  NOT_PERMITTED: AUTHORIZATION,
  INTERNAL_TOPIC: AUTHORIZATION,
  KAFKA_REFUSED: AUTHORIZATION,
  NO_KAFKA_IDENTITY: AUTHORIZATION,
  TOPIC_NOT_FOUND: told(404, 40_401),
  PARTITION_NOT_FOUND: told(404, 40_402),
  ROUTE_NOT_FOUND: told(404),
  INSTANCE_NOT_FOUND: told(404, 40_403),
  METHOD_NOT_ALLOWED: told(405),
  NOT_ACCEPTABLE: told(406),
  FORMAT_MISMATCH: told(406, 40_601),
  REQUEST_TIMEOUT: told(408),
  STREAM_STALLED: told(408),
  TOPIC_EXISTS: told(409),
  INSTANCE_EXISTS: told(409, 40_902),
  INSTANCE_STATE: told(409, 40_903),
  NOT_ASSIGNED: told(409, 40_903),
  GROUP_UNUSABLE: told(409),
  BODY_TOO_LARGE: told(413),
  RECORD_TOO_LARGE: told(413),
  TOO_MANY_RECORDS: told(413),
  URI_TOO_LONG: told(414),
  UNSUPPORTED_MEDIA_TYPE: told(415),
  UNSUPPORTED_ENCODING: told(415),
  UNREADABLE_RECORD: told(422),
  INVALID_INSTANCE: told(422, 42_204),
  QUOTA_EXCEEDED: told(429),
  TOO_MANY_ATTEMPTS: told(429),
  INSTANCE_LIMIT: told(429),
  HEADERS_TOO_LARGE: told(431),
  INTERNAL_ERROR: told(500),
  CORRUPT_DATA: KAFKA,
  KAFKA_TOO_OLD: told(501),
  KAFKA_UNAVAILABLE: REPEAT,
  LEADER_NOT_AVAILABLE: REPEAT,
  NOT_ENOUGH_REPLICAS: REPEAT,
  OVERLOADED: told(503),
  IDENTITY_UNAVAILABLE: told(503),
  SHUTTING_DOWN: told(503),
  TOPIC_RECREATED: REPEAT,
  AUDIT_UNAVAILABLE: told(503),
  GROUP_BUSY: told(503),
  OUTCOME_UNKNOWN: KAFKA,
  NOT_YET_VISIBLE: KAFKA,
  DEADLINE_EXCEEDED: REPEAT
}

/** What Strimzi Kafka Bridge says: `error_code` is the status. */
export const strimziErrors: Readonly<Record<ErrorCode, Told>> = {
  BAD_REQUEST: told(400),
  MALFORMED_JSON: told(400),
  INVALID_BODY: told(400),
  INVALID_TOPIC_NAME: told(400),
  INVALID_TOPIC_PROPERTY: told(400),
  INVALID_PARTITION_COUNT: told(400),
  INVALID_REPLICATION_FACTOR: told(400),
  POLICY_VIOLATION: told(400),
  INVALID_PARTITION: told(400),
  INVALID_OFFSET: told(400),
  OFFSET_OUT_OF_RANGE: told(400),
  INVALID_COUNT: told(400),
  INVALID_ENCODING: told(400),
  INVALID_RECORD: told(400),
  INVALID_TIMESTAMP: told(400),
  MALFORMED_GZIP: told(400),
  INVALID_PARAMETER: told(400),
  SEVERAL_CREDENTIALS: told(400),
  CREDENTIAL_IN_QUERY: told(400),
  POSITION_OF_ANOTHER_TOPIC: told(400),
  UNAUTHENTICATED: told(401),
  INVALID_TOKEN: told(401),
  INVALID_CREDENTIALS: told(401),
  CERTIFICATE_NEEDED: told(401),
  NOT_PERMITTED: told(403),
  INTERNAL_TOPIC: told(403),
  KAFKA_REFUSED: told(403),
  NO_KAFKA_IDENTITY: told(403),
  TOPIC_NOT_FOUND: told(404),
  PARTITION_NOT_FOUND: told(404),
  ROUTE_NOT_FOUND: told(404),
  INSTANCE_NOT_FOUND: told(404),
  METHOD_NOT_ALLOWED: told(405),
  NOT_ACCEPTABLE: told(406),
  FORMAT_MISMATCH: told(406),
  REQUEST_TIMEOUT: told(408),
  STREAM_STALLED: told(408),
  TOPIC_EXISTS: told(409),
  INSTANCE_EXISTS: told(409),
  INSTANCE_STATE: told(409),
  NOT_ASSIGNED: told(404),
  GROUP_UNUSABLE: told(409),
  BODY_TOO_LARGE: told(413),
  RECORD_TOO_LARGE: told(413),
  TOO_MANY_RECORDS: told(413),
  URI_TOO_LONG: told(414),
  UNSUPPORTED_MEDIA_TYPE: told(400),
  UNSUPPORTED_ENCODING: told(400),
  UNREADABLE_RECORD: told(422),
  INVALID_INSTANCE: told(422),
  QUOTA_EXCEEDED: told(429),
  TOO_MANY_ATTEMPTS: told(429),
  INSTANCE_LIMIT: told(429),
  HEADERS_TOO_LARGE: told(431),
  INTERNAL_ERROR: told(500),
  CORRUPT_DATA: told(500),
  KAFKA_TOO_OLD: told(501),
  KAFKA_UNAVAILABLE: told(503),
  LEADER_NOT_AVAILABLE: told(503),
  NOT_ENOUGH_REPLICAS: told(503),
  OVERLOADED: told(503),
  IDENTITY_UNAVAILABLE: told(503),
  SHUTTING_DOWN: told(503),
  TOPIC_RECREATED: told(503),
  AUDIT_UNAVAILABLE: told(503),
  GROUP_BUSY: told(503),
  OUTCOME_UNKNOWN: told(500),
  NOT_YET_VISIBLE: told(500),
  DEADLINE_EXCEEDED: told(503)
}

const TABLES = { confluent: confluentErrors, strimzi: strimziErrors }

/** Faults in a body that a dialect tells in another way than INVALID_BODY. */
const FAULTS: Readonly<Record<Dialect, Readonly<Partial<Record<BodyFault, Told>>>>> = {
  confluent: { value: told(400), encoding: told(400) },
  strimzi: { encoding: told(422) }
}

/** Settings of an instance for which Confluent has other numbers than 42204. The second one's status is 422 all the same. */
const SETTINGS: Readonly<Record<OwnNumber, Told>> = { format: told(422), constraint: told(422, 40_001) }

/** "This server does not host this topic-partition": what Confluent says of an unknown topic where it describes one. */
const NOT_HOSTED = told(404, 40_403)

/** Tag of the routes that describe topics and what they consist of. */
export const TOPICS_TAG = 'Topics'

/** Returns how a dialect tells an error of a whole request. */
export function toldAs(dialect: Dialect, error: GatewayError, route?: RouteDescription): Told {
  const fault = error instanceof BodyError ? FAULTS[dialect][error.fault] : undefined
  if (fault !== undefined) return fault
  if (dialect === 'confluent' && error instanceof SettingError) return SETTINGS[error.setting]
  if (dialect === 'confluent' && error.code === 'TOPIC_NOT_FOUND' && route?.operation?.tag === TOPICS_TAG)
    return NOT_HOSTED
  return harmless(TABLES[dialect][error.code], error.retriable)
}

/** Errors about an instance whose client is of the other dialect than the configured one. */
const dialectOf = new WeakMap<GatewayError, Dialect>()

/** Has an error told as the clients of a dialect know it, whichever is configured. */
export function tellIn(dialect: Dialect, error: GatewayError): void {
  dialectOf.set(error, dialect)
}

/** Returns all that a dialect can say of an error of a whole request, the usual first. */
export function everyTold(dialect: Dialect, code: ErrorCode): readonly Told[] {
  const usual = TABLES[dialect][code]
  if (code === 'INVALID_BODY') return [usual, ...Object.values(FAULTS[dialect])]
  if (code === 'TOPIC_NOT_FOUND' && dialect === 'confluent') return [usual, NOT_HOSTED]
  if (code === 'INVALID_INSTANCE' && dialect === 'confluent') return [usual, ...Object.values(SETTINGS)]
  return usual === REPEAT ? [REPEAT, KAFKA] : [usual]
}

/** Says 50003 only of what may be repeated. */
function harmless(one: Told, retriable: boolean): Told {
  return one === REPEAT && !retriable ? KAFKA : one
}

/** Returns the `error_code` of one record: with Confluent 40301, 40402, 50002 or 50003. */
export function recordCode(dialect: Dialect, { code, stored, retriable }: RecordFailure): number {
  if (dialect === 'strimzi') return stored === 'unknown' ? 500 : strimziErrors[code].code
  if (code === 'PARTITION_NOT_FOUND') return 40_402
  const { status, code: number } = confluentErrors[code]
  if (status === 401 || status === 403) return number
  return stored === 'no' && retriable ? REPEAT.code : KAFKA.code
}

/** Returns the HTTP status of the worst record, for clients that want it. */
export function recordStatus(dialect: Dialect, { code }: RecordFailure): number {
  return TABLES[dialect][code].status
}

/** Returns the writer of errors: `error_code` and `message`, with the media type that a success would have had. */
export function v2Error(configured: Dialect): Api['error'] {
  return (error, request) => {
    const dialect = dialectOf.get(error) ?? configured
    const { status, code } = toldAs(dialect, error, request?.route)
    const message = messageOf(error)
    const more = dialect === 'strimzi' && error.code === 'INVALID_BODY' ? { validation_errors: [error.message] } : {}
    const reply = errorReply(error, { error_code: code, message, ...more }, status)
    return { ...reply, headers: { 'Content-Type': typeOf(request), ...reply.headers } }
  }
}

/** Puts further members of an error into the text: the form has two members, and readers may be strict. */
function messageOf({ message, members = {} }: GatewayError): string {
  const more = Object.entries(members).map(([name, value]) => `${name} ${String(value)}`)
  return more.length === 0 ? message : `${message} (${more.join(', ')})`
}

function typeOf(request: FailedRequest | undefined): string {
  const offers = request?.route?.offers ?? []
  return (offers.length === 0 ? undefined : chooseType(request?.headers.accept, offers)) ?? KAFKA_TYPE
}
