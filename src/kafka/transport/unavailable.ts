import { KafkaFailure } from '../kafka-failure.ts'
import { causeText } from './transport-error.ts'

/** Nothing was changed, and the caller may try again, at the earliest after `retryAfterMs`. */
export function unavailable(message: string, cause: unknown, retryAfterMs = 0): KafkaFailure {
  return new KafkaFailure('unreachable', message, { detail: causeText(cause), cause, retryAfterMs })
}

export function unreachable(cause: unknown): KafkaFailure {
  return unavailable('Kafka cannot be reached.', cause)
}

/** `owner`: whose credentials, such as `the gateway's`. */
export function refusedCredentials(owner: string, cause: unknown, retryAfterMs: number): KafkaFailure {
  return unavailable(`Kafka refuses ${owner} credentials.`, cause, retryAfterMs)
}

export function throttled(cause: unknown, waitMs: number): KafkaFailure {
  return unavailable('Kafka throttles the request; nothing was changed.', cause, waitMs)
}
