import { GatewayError } from '../../core/errors.ts'
import type { CallerIdentity } from '../../core/kafka-identity.ts'

/** Makes the error for a caller whose identity Kafka refuses. Where the credentials are configured, it is no fault of theirs. */
export function refusalOf(
  { name }: CallerIdentity,
  detail: string,
  headers: Readonly<Record<string, string>> = {}
): GatewayError {
  return name === undefined
    ? new GatewayError('INVALID_CREDENTIALS', 'The credentials are not valid here.', { detail, headers })
    : new GatewayError('KAFKA_UNAVAILABLE', "Kafka refuses the gateway's credentials for the caller.", {
        detail: `kafka.credentials ${name}: ${detail}`
      })
}
