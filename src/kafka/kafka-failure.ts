/**
 * What went wrong, in Kafka's terms.
 * - `unreachable`: no broker answers, takes the request, or confirms it in time
 * - `leaderless`: the partition has no leader that answers
 * - `busy`: too many requests of the gateway wait
 * - `refused`: Kafka does not authorize it, or has it switched off
 * - `unconfirmed`: sent, and its outcome is not known
 * - `defect`: the gateway is at fault
 */
export type FailureKind =
  | 'unreachable'
  | 'leaderless'
  | 'busy'
  | 'refused'
  | 'unknownTopic'
  | 'unknownPartition'
  | 'outOfRange'
  | 'corrupt'
  | 'topicExists'
  | 'notYetVisible'
  | 'invalidTopic'
  | 'invalidPartitionCount'
  | 'invalidReplicationFactor'
  | 'invalidConfig'
  | 'invalidRequest'
  | 'policyViolation'
  | 'recordTooLarge'
  | 'invalidRecord'
  | 'invalidTimestamp'
  | 'notEnoughReplicas'
  | 'topicRecreated'
  | 'unconfirmed'
  | 'defect'

/** Kinds after which the same request may succeed, without a risk of doing something twice. */
const RETRIABLE: ReadonlySet<FailureKind> = new Set([
  'unreachable',
  'leaderless',
  'busy',
  'notEnoughReplicas',
  'topicRecreated'
])

export function isRetriable(kind: FailureKind): boolean {
  return RETRIABLE.has(kind)
}

/** What an error code means where an answer about a topic or partition bears it. Those left out are `unreachable`. */
const KINDS: ReadonlyMap<number, FailureKind> = new Map([
  [1, 'outOfRange'],
  [2, 'corrupt'],
  [3, 'unknownTopic'],
  [5, 'leaderless'],
  [6, 'leaderless'],
  [9, 'leaderless'],
  [17, 'invalidTopic'],
  [19, 'notEnoughReplicas'],
  [20, 'notEnoughReplicas'],
  [29, 'refused'],
  [31, 'refused'],
  [36, 'topicExists'],
  [37, 'invalidPartitionCount'],
  [38, 'invalidReplicationFactor'],
  [40, 'invalidConfig'],
  [42, 'invalidRequest'],
  [43, 'refused'],
  [44, 'policyViolation'],
  [53, 'refused'],
  [72, 'leaderless'],
  [73, 'refused'],
  [74, 'leaderless'],
  [75, 'leaderless'],
  [76, 'refused'],
  [78, 'leaderless'],
  [100, 'unknownTopic'],
  [103, 'unknownTopic']
])

export function failureKind(errorCode: number): FailureKind {
  return KINDS.get(errorCode) ?? 'unreachable'
}

export interface KafkaFailureOptions {
  /** The error code that Kafka answered with. */
  readonly kafkaCode?: number
  /** Text for the log; may name brokers and hold Kafka's own words. */
  readonly detail?: string | undefined
  readonly cause?: unknown
  /** Overrides what the kind says: a plain retry may do harm although the cause is passing. */
  readonly retriable?: boolean
  /** Nothing was changed, and a retry makes no sense sooner. */
  readonly retryAfterMs?: number
}

/** Why Kafka did not do what it was asked for; `message` names no broker. */
export class KafkaFailure extends Error {
  override readonly name: string = 'KafkaFailure'
  readonly kind: FailureKind
  readonly kafkaCode: number | undefined
  readonly retriable: boolean
  readonly detail: string | undefined
  readonly retryAfterMs: number | undefined

  constructor(kind: FailureKind, message: string, options: KafkaFailureOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.kind = kind
    this.kafkaCode = options.kafkaCode
    this.retriable = options.retriable ?? isRetriable(kind)
    this.detail = options.detail
    this.retryAfterMs = options.retryAfterMs
  }
}

export function topicUnknown(topic: string): KafkaFailure {
  return new KafkaFailure('unknownTopic', `Topic '${topic}' does not exist.`)
}
