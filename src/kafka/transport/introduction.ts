import { Deadline } from '../../core/deadline.ts'
import type { SaslCredentials } from '../../core/kafka-identity.ts'
import { within } from '../../core/lib/within.ts'
import { askVersions, type VersionRange } from './api-versions.ts'
import { BrokerConnection, type BrokerAddress, type BrokerConnectionOptions } from './broker-connection.ts'
import type { ConnectionSecurity } from './connection-security.ts'
import { AUTHENTICATE, authenticate } from './sasl.ts'

/** By API key. */
export type Versions = ReadonlyMap<number, VersionRange>

/** A connection that is ready for requests: versions are known, and the client is authenticated. */
export interface Introduced {
  readonly connection: BrokerConnection
  readonly versions: Versions
  readonly sasl: SaslCredentials | undefined
  /** How long the SASL session lasts; 0 if it does not end. */
  readonly sessionMs: number
}

/** Connects, asks for versions and authenticates, all within `connectTimeoutMs`. Rejects with the cause. */
export async function introduce(
  address: BrokerAddress,
  { tls, sasl }: ConnectionSecurity,
  options: Omit<BrokerConnectionOptions, 'tls'>
): Promise<Introduced> {
  const deadline = Deadline.after(options.connectTimeoutMs)
  const connection = await BrokerConnection.open(address, { ...options, tls })
  try {
    return await within(deadline, converse(connection, sasl), saysNothing)
  } catch (error) {
    void connection.close()
    throw error
  }
}

/** Renews the SASL session (KIP-368). Nothing else may be sent meanwhile. Returns how many milliseconds the new one lasts. */
export function authenticateAgain({ connection, versions, sasl }: Introduced): Promise<number> {
  if (sasl === undefined) return Promise.resolve(0)
  return authenticate(connection, versions.get(AUTHENTICATE)?.max ?? 0, sasl)
}

/** Asks for versions first: brokers tell them to anyone, and nothing may be sent between the steps of authentication. */
async function converse(connection: BrokerConnection, sasl: SaslCredentials | undefined): Promise<Introduced> {
  const versions = await askVersions(connection)
  const introduced = { connection, versions, sasl, sessionMs: 0 }
  return { ...introduced, sessionMs: await authenticateAgain(introduced) }
}

const saysNothing = () => new Error('it accepts connections, but does not answer')
