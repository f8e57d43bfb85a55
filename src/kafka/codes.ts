import type { ErrorCode } from '../core/errors.ts'

/**
 * What to do with a record batch that was answered with an error.
 * - `again`: the same batch after a pause
 * - `refresh`: metadata is stale; ask for it, then the same batch
 * - `split`: some record is at fault; smaller batches until it stands alone
 * - `refuse`: no retry and no split mends it
 * - `order`: OUT_OF_ORDER_SEQUENCE_NUMBER: depends on what is on its way before it
 * - `session`: the broker no longer takes this producer id and epoch
 * - `stored`: appended before, by an earlier attempt
 */
export type ProduceAction = 'again' | 'refresh' | 'split' | 'refuse' | 'order' | 'session' | 'stored'

export interface KafkaCode {
  readonly name: string
  /** What a caller is told where nothing more specific is known. */
  readonly error: ErrorCode
  readonly produce: ProduceAction
  /** Was the batch of a Produce answered with this code certainly not appended by this attempt? */
  readonly appended: 'no' | 'unknown' | 'yes'
}

function code(
  name: string,
  error: ErrorCode,
  produce: ProduceAction,
  appended: KafkaCode['appended'] = 'unknown'
): KafkaCode {
  return { name, error, produce, appended }
}

/**
 * The one table from Kafka's error codes to ours. Codes that Kafka raises only before it appends are `no` (2, 10, 19, 29,
 * 32, 87, 100, and those that judge the producer's state: 31, 43, 45, 47, 53, 59); whatever is not listed decides nothing.
 * @see https://kafka.apache.org/protocol#protocol_error_codes
 */
const codes: ReadonlyMap<number, KafkaCode> = new Map([
  [-1, code('UNKNOWN_SERVER_ERROR', 'KAFKA_UNAVAILABLE', 'again')],
  [1, code('OFFSET_OUT_OF_RANGE', 'OFFSET_OUT_OF_RANGE', 'again')],
  [2, code('CORRUPT_MESSAGE', 'CORRUPT_DATA', 'again', 'no')],
  [3, code('UNKNOWN_TOPIC_OR_PARTITION', 'TOPIC_NOT_FOUND', 'refresh')],
  [5, code('LEADER_NOT_AVAILABLE', 'LEADER_NOT_AVAILABLE', 'refresh')],
  [6, code('NOT_LEADER_OR_FOLLOWER', 'LEADER_NOT_AVAILABLE', 'refresh')],
  [7, code('REQUEST_TIMED_OUT', 'KAFKA_UNAVAILABLE', 'again')],
  [8, code('BROKER_NOT_AVAILABLE', 'KAFKA_UNAVAILABLE', 'refresh')],
  [9, code('REPLICA_NOT_AVAILABLE', 'LEADER_NOT_AVAILABLE', 'refresh')],
  [10, code('MESSAGE_TOO_LARGE', 'RECORD_TOO_LARGE', 'split', 'no')],
  [13, code('NETWORK_EXCEPTION', 'KAFKA_UNAVAILABLE', 'refresh')],
  [17, code('INVALID_TOPIC_EXCEPTION', 'INVALID_TOPIC_NAME', 'refuse')],
  [18, code('RECORD_LIST_TOO_LARGE', 'RECORD_TOO_LARGE', 'split', 'no')],
  [19, code('NOT_ENOUGH_REPLICAS', 'NOT_ENOUGH_REPLICAS', 'again', 'no')],
  [20, code('NOT_ENOUGH_REPLICAS_AFTER_APPEND', 'NOT_ENOUGH_REPLICAS', 'again')],
  [29, code('TOPIC_AUTHORIZATION_FAILED', 'KAFKA_REFUSED', 'refuse', 'no')],
  [31, code('CLUSTER_AUTHORIZATION_FAILED', 'KAFKA_REFUSED', 'refuse', 'no')],
  [32, code('INVALID_TIMESTAMP', 'INVALID_TIMESTAMP', 'split', 'no')],
  [35, code('UNSUPPORTED_VERSION', 'KAFKA_UNAVAILABLE', 'refresh')],
  [36, code('TOPIC_ALREADY_EXISTS', 'TOPIC_EXISTS', 'again')],
  [37, code('INVALID_PARTITIONS', 'INVALID_PARTITION_COUNT', 'again')],
  [38, code('INVALID_REPLICATION_FACTOR', 'INVALID_REPLICATION_FACTOR', 'again')],
  [40, code('INVALID_CONFIG', 'INVALID_TOPIC_PROPERTY', 'again')],
  [41, code('NOT_CONTROLLER', 'KAFKA_UNAVAILABLE', 'again')],
  [42, code('INVALID_REQUEST', 'INVALID_BODY', 'again')],
  [43, code('UNSUPPORTED_FOR_MESSAGE_FORMAT', 'KAFKA_REFUSED', 'refuse', 'no')],
  [44, code('POLICY_VIOLATION', 'POLICY_VIOLATION', 'again')],
  [45, code('OUT_OF_ORDER_SEQUENCE_NUMBER', 'KAFKA_UNAVAILABLE', 'order', 'no')],
  [46, code('DUPLICATE_SEQUENCE_NUMBER', 'OUTCOME_UNKNOWN', 'stored', 'yes')],
  [47, code('INVALID_PRODUCER_EPOCH', 'KAFKA_UNAVAILABLE', 'session', 'no')],
  [53, code('TRANSACTIONAL_ID_AUTHORIZATION_FAILED', 'KAFKA_REFUSED', 'refuse', 'no')],
  [56, code('KAFKA_STORAGE_ERROR', 'KAFKA_UNAVAILABLE', 'refresh')],
  [59, code('UNKNOWN_PRODUCER_ID', 'KAFKA_UNAVAILABLE', 'session', 'no')],
  [60, code('REASSIGNMENT_IN_PROGRESS', 'KAFKA_UNAVAILABLE', 'again')],
  [72, code('LISTENER_NOT_FOUND', 'LEADER_NOT_AVAILABLE', 'refresh')],
  [73, code('TOPIC_DELETION_DISABLED', 'KAFKA_REFUSED', 'again')],
  [74, code('FENCED_LEADER_EPOCH', 'LEADER_NOT_AVAILABLE', 'refresh')],
  [75, code('UNKNOWN_LEADER_EPOCH', 'LEADER_NOT_AVAILABLE', 'refresh')],
  [76, code('UNSUPPORTED_COMPRESSION_TYPE', 'KAFKA_REFUSED', 'refuse', 'no')],
  [78, code('OFFSET_NOT_AVAILABLE', 'LEADER_NOT_AVAILABLE', 'refresh')],
  [87, code('INVALID_RECORD', 'INVALID_RECORD', 'split', 'no')],
  [89, code('THROTTLING_QUOTA_EXCEEDED', 'KAFKA_UNAVAILABLE', 'again')],
  [100, code('UNKNOWN_TOPIC_ID', 'TOPIC_NOT_FOUND', 'refresh', 'no')],
  [103, code('INCONSISTENT_TOPIC_ID', 'TOPIC_NOT_FOUND', 'refresh')]
])

const unlisted = code('UNLISTED', 'KAFKA_UNAVAILABLE', 'again')

export const UNKNOWN_TOPIC_OR_PARTITION = 3
export const NOT_ENOUGH_REPLICAS = 19

export function kafkaCode(errorCode: number): KafkaCode {
  return codes.get(errorCode) ?? unlisted
}

/** For the log. */
export function kafkaErrorName(errorCode: number): string {
  return codes.get(errorCode)?.name ?? `error ${errorCode}`
}

/** Errors that mean "ask another broker": the answer came from one that does not lead the partition, or knows less than we do. */
export function isStaleMetadata(errorCode: number): boolean {
  return kafkaCode(errorCode).produce === 'refresh'
}
