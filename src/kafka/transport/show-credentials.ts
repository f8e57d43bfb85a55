import type { Deadline } from '../../core/deadline.ts'
import type { KafkaIdentity } from '../../core/kafka-identity.ts'
import type { BrokerAddress } from './broker-connection.ts'
import type { BrokersSettings } from './brokers.ts'
import { connectionSecurity } from './connection-security.ts'
import { introduce } from './introduction.ts'
import { RefusedCredentials } from './refused-credentials.ts'
import { unreachable } from './unavailable.ts'

/** What a broker says to credentials, and its reason where it refuses them. */
export interface Verdict {
  readonly verdict: 'taken' | 'credentials' | 'mechanism'
  readonly reason: string
}

const TAKEN: Verdict = { verdict: 'taken', reason: '' }

/**
 * Shows an identity to one broker, or only asks for versions if it has no SASL: one connection, and nothing more on it. Goes
 * on to the next address only if the one before gave no verdict. Rejects with an `unreachable` KafkaFailure if none does by
 * the deadline.
 */
export async function showCredentials(
  settings: Omit<BrokersSettings, 'bootstrapServers'>,
  identity: KafkaIdentity,
  addresses: readonly BrokerAddress[],
  deadline: Deadline
): Promise<Verdict> {
  const { clientId, requestTimeoutMs } = settings
  let cause: unknown
  for (const address of addresses) {
    if (deadline.passed) break
    try {
      const { connection } = await introduce(address, connectionSecurity(settings.tls, identity, address.host), {
        clientId,
        connectTimeoutMs: Math.min(settings.connectTimeoutMs, deadline.remainingMs),
        requestTimeoutMs
      })
      void connection.close()
      return TAKEN
    } catch (error) {
      if (error instanceof RefusedCredentials && error.refused !== 'broker')
        return { verdict: error.refused, reason: error.message }
      cause = error
    }
  }
  throw unreachable(cause)
}
