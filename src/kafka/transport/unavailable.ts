import { GatewayError } from '../../core/errors.ts'
import { causeText } from './transport-error.ts'

/** KAFKA_UNAVAILABLE: nothing was changed, and the caller may try again, at the earliest after `retryAfterMs`. */
export function unavailable(message: string, cause: unknown, retryAfterMs = 0): GatewayError {
  const headers = { 'Retry-After': String(Math.max(1, Math.ceil(retryAfterMs / 1000))) }
  return new GatewayError('KAFKA_UNAVAILABLE', message, { detail: causeText(cause), cause, headers })
}

export function unreachable(cause: unknown): GatewayError {
  return unavailable('Kafka cannot be reached.', cause)
}

export function refusedCredentials(cause: unknown, retryAfterMs: number): GatewayError {
  return unavailable("Kafka refuses the gateway's credentials.", cause, retryAfterMs)
}

export function throttled(cause: unknown, waitMs: number): GatewayError {
  return unavailable('Kafka throttles the gateway; nothing was changed.', cause, waitMs)
}
