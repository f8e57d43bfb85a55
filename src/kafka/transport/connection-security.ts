import { readFileSync } from 'node:fs'
import { isIP } from 'node:net'
import type { ConnectionOptions as TlsOptions } from 'node:tls'
import type { KafkaIdentity, SaslCredentials } from '../../core/kafka-identity.ts'

/** How one connection to a broker is secured. */
export interface ConnectionSecurity {
  readonly tls?: TlsOptions
  readonly sasl?: SaslCredentials
}

/** Which brokers are trusted: those of the authorities in `caFile`, PEM; without, of the system's. */
export interface BrokerTrust {
  readonly caFile?: string | undefined
}

/** Returns TLS and SASL for a host; no TLS if `trust` is undefined. Files are read: renewed certificates are taken up. */
export function connectionSecurity(
  trust: BrokerTrust | undefined,
  { sasl, certificate }: KafkaIdentity,
  host: string
): ConnectionSecurity {
  const tls = trust && {
    ...(trust.caFile === undefined ? {} : { ca: readFileSync(trust.caFile) }),
    ...certificate?.(),
    ...(isIP(host) ? {} : { servername: host })
  }
  return { ...(tls && { tls }), ...(sasl && { sasl }) }
}
